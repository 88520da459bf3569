"""Storage in PostgreSQL with pgvector: repositories, the schema's migrations, the connections."""
