"""Downloading model files over HTTP: resumed when interrupted, and checked."""
