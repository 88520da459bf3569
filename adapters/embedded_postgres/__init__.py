"""A PostgreSQL server with pgvector that comes along: installed, started, kept running and stopped by us."""
