"""Data that is installed: the catalogue of models, calibration tables, the documentation page's files."""
