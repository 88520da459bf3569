"""Inference engines: one module each; configuration chooses one."""
