"""What the operating system lets this process use. Adapters of every technology may import it."""
