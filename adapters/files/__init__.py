"""What is kept in files of our own: calibration tables, and archives of people."""
