"""The model service: models over the Open Inference Protocol, version 2."""
