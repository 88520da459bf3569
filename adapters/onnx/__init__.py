"""Detectors, recognisers and anti-spoofing in the ONNX format: the catalogue, the files, their preparation."""
