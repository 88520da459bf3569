"""SIGKILL at random moments to a real service under load: `python -m tests.faults --help`."""
