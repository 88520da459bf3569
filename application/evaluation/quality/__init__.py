"""Whether refusing bad photos makes recognition better, and what it costs."""
