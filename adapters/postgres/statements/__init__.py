"""SQL statements, built once at import."""
