"""The bounded pool of threads in which images are analysed."""
