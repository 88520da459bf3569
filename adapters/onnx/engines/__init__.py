"""What runs a prepared network: one module an engine, of which one is chosen by configuration."""
