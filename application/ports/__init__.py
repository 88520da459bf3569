"""Ports: the protocols that adapters subclass, and the values that cross them."""
