"""Searches in galleries that grow: the index alone, the service's way through it, pgvector."""
