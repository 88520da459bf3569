"""Fetching model files over HTTP, continued when interrupted and checked."""
