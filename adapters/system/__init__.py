"""The operating system: cores, memory, files. Every adapter may import it."""
