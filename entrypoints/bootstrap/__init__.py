"""Settings, wiring, start and supervision of processes: only this package and the command line know all adapters."""
