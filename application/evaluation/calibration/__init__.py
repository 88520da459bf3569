"""Thresholds of a recognition model: measured, and tried on people that they were not measured on."""
