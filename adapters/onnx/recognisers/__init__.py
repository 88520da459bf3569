"""Face recognition networks: aligned crops to embeddings."""
