"""Rewriting ONNX graphs before they are loaded: preparation, quantisation, and the cache of the results."""
