"""The index of a gallery in memory: codes of its faces (faiss), searched in segments and kept in files."""
