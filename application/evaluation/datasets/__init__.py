"""Photos of known people: read, embedded, put into groups and pairs."""
