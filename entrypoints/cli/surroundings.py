"""What a process gets from whoever starts it, and may get wrong."""

import errno
import os
import sys

_STREAMS = {"stdin": "r", "stdout": "w", "stderr": "w"}
"""In the order of their numbers, and how they are opened."""

_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


def is_of_output(error: OSError) -> bool:
    """Whether the error is that a standard stream takes nothing more: it is about no file that has a name."""
    return error.filename is None and error.errno in _UNWRITABLE


def mend_surroundings() -> None:
    """Have the three standard streams, and a umask that leaves files to their owner, and lets nobody else write.

    Where a stream is closed, the next file that is opened would take its number: a log would be written into the
    database's socket, and libuv ends the process.
    """
    os.umask(os.umask(0o077) & 0o077 | 0o022)
    for number, (name, mode) in enumerate(_STREAMS.items()):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8", closefd=False))
