"""Random requests, valid and broken, against a real service: `python -m tests.fuzz --help`."""
