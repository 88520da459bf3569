"""The catalogue of models, and the files that it describes."""
