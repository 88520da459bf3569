"""What a machine can do at most, whatever stands around the computation."""


def images_per_second(cores: int, image_ms: float) -> float:
    """Every core computes all of the time, at the speed of one thread alone.

    Args:
        cores: those that the service may use.
        image_ms: the summed stages of one image, in one thread, on the mean.
    """
    return cores * 1e3 / image_ms


def growth(base: float, end: float) -> float:
    """By which part it has grown: 0.05 is 5%."""
    return end / base - 1
