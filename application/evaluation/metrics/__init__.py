"""Error rates and their confidence intervals, from scores alone."""
