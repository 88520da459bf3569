"""The embedded PostgreSQL server with pgvector: installed, started, kept running and stopped by the service."""
