"""A server of models that isn't ours, MLServer in an environment of its own: `make foreign`."""
