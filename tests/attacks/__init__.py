"""Attacks on a real service beside good clients: `python -m tests.attacks --help`."""
