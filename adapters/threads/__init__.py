"""The bounded pool of threads in which images are analysed, and what it knows of idle cores."""
