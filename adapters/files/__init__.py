"""Files of our own formats: calibration tables, liveness thresholds, vectors, and archives of people."""
