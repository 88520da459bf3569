"""The memory of a service."""

import psutil


def memory_mb(process: int) -> float:
    """Proportional set size of a process and those that it has started, in 10^6 bytes."""
    root = psutil.Process(process)
    total = 0
    for each in (root, *root.children(recursive=True)):
        try:
            total += each.memory_full_info().pss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6
