"""Services that others have published, with the same weights, in environments of their own."""
