"""Settings, wiring of ports and adapters, start and stop, worker processes."""
