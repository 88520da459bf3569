"""Fetches a file of a known SHA-256: continued when interrupted, under its name only when it is right."""

import hashlib
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import httpx

from adapters.download.errors import DownloadError

MAX_SIZE = 4 << 30
"""Bytes of a file whose size isn't known beforehand."""

TIMEOUT = httpx.Timeout(30, connect=10)


def fetch(
    url: str, target: Path, *, sha256: str, size: int | None, progress: Callable[[int], object]
) -> None:
    """Fetch `url` to `target`, by way of `<target>.part`, which a later call continues.

    Args:
        url: http or https; redirects are followed.
        target: its folder is created.
        sha256: of the whole file, in hexadecimal.
        size: of the whole file, in bytes, where it is known; more is not read.
        progress: called with the number of bytes that each step added.

    Raises:
        DownloadError: unreachable, interrupted, no room, or not the file that was expected.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _receive(url, part, size, progress)
        _check(part, sha256, size)
        part.replace(target)
    except httpx.HTTPStatusError as error:
        raise DownloadError(f"the server answered {error.response.status_code} for {url}") from error
    except httpx.HTTPError as error:
        raise DownloadError(f"{url} was interrupted or can't be reached; try again to continue") from error
    except OSError as error:
        raise DownloadError(f"can't write {part}: {error.strerror}") from error


def _receive(url: str, part: Path, size: int | None, progress: Callable[[int], object]) -> None:
    most = MAX_SIZE if size is None else size
    have = part.stat().st_size if part.exists() else 0
    if have > most:
        part.unlink()
        have = 0
    progress(have)
    if have == most:
        return
    headers = {"Range": f"bytes={have}-"} if have else {}
    # A compressed transfer would make ranges and sizes mean something else.
    headers["Accept-Encoding"] = "identity"
    with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True) as response:
        response.raise_for_status()
        resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT
        if have and not resumed:
            progress(-have)
            have = 0
        with part.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_bytes():
                wanted = chunk[: most - have]
                file.write(wanted)
                have += len(wanted)
                progress(len(wanted))
                if have == most:
                    break
            file.flush()
            os.fsync(file.fileno())


def _check(part: Path, sha256: str, size: int | None) -> None:
    have = part.stat().st_size
    if size is not None and have < size:
        raise DownloadError(f"the transfer ended after {have} of {size} bytes; try again to continue")
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        part.unlink()
        raise DownloadError(f"what came is not the expected file: its SHA-256 is {found}, not {sha256}")
