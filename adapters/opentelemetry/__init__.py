"""Traces of requests, sent to a collector that the operator names."""
