"""Face detectors: one module for each family of networks, YuNet in a package of its own."""
