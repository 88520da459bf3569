"""Looks for mistakes in a gallery."""
