"""A gallery index that several instances share: on a Milvus server, or on milvus-lite in a file."""
