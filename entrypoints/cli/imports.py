"""Importing what takes long."""

import gc
import sys
from importlib import import_module
from types import ModuleType


def imported(name: str) -> ModuleType:
    """A module, imported without looking for garbage: there is hardly any, and it takes a seventh of the time.

    What was imported is never looked through again.
    """
    if name in sys.modules:
        return sys.modules[name]
    enabled = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        gc.freeze()  # else all of it would be looked through at once
        if enabled:
            gc.enable()
