"""The laboratory: how fast the service is, beside the machine's limit and what others do with the same weights."""
