"""Metrics for Prometheus, over all processes of the service."""
