"""The index in this process's memory: quantized vectors in segments, scanned with faiss and kept in files."""
