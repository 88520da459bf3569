"""Storage in the memory of one process; nothing outlives it. Used by tests, and with FACE_DATABASE_URL=memory."""
