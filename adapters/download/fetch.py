"""Downloads a file of known SHA-256; an interrupted transfer is resumed."""

import hashlib
import os
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import httpx

MAX_SIZE = 4 << 30
"""Bytes of a file whose size isn't known beforehand."""

TIMEOUT = httpx.Timeout(30, connect=10)


class DownloadError(Exception):
    """The file could not be downloaded; the message is one line for the operator."""


def fetch(
    url: str, target: Path, *, sha256: str, size: int | None, progress: Callable[[int], object]
) -> None:
    """Download `url` to `target`, by way of `<target>.part`, which a later call resumes.

    Args:
        url: http or https; redirects are followed.
        target: its folder is created.
        sha256: of the whole file, in hexadecimal.
        size: of the whole file, in bytes, if known; no more is read.
        progress: called with the number of bytes that each step added.

    Raises:
        DownloadError: unreachable, interrupted, disk full, or not the expected file.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _receive(url, part, MAX_SIZE if size is None else size, progress)
        _check(part, sha256, size)
        part.replace(target)
    except httpx.HTTPStatusError as error:
        raise DownloadError(f"the server answered {error.response.status_code} for {url}") from error
    except httpx.HTTPError as error:
        raise DownloadError(f"{url} was interrupted or can't be reached; try again to continue") from error
    except OSError as error:
        raise DownloadError(f"can't write {part}: {error.strerror}") from error


def _receive(url: str, part: Path, max_size: int, progress: Callable[[int], object]) -> None:
    received = part.stat().st_size if part.exists() else 0
    if received > max_size:
        part.unlink()
        received = 0
    progress(received)
    if received == max_size:
        return
    headers = {"Range": f"bytes={received}-"} if received else {}
    headers["Accept-Encoding"] = "identity"  # ranges and sizes are those of the file
    with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT, follow_redirects=True) as response:
        response.raise_for_status()
        resumed = response.status_code == HTTPStatus.PARTIAL_CONTENT
        if received and not resumed:
            progress(-received)
            received = 0
        with part.open("ab" if resumed else "wb") as file:
            for chunk in response.iter_bytes():
                wanted = chunk[: max_size - received]
                file.write(wanted)
                received += len(wanted)
                progress(len(wanted))
                if received == max_size:
                    break
            file.flush()
            os.fsync(file.fileno())


def _check(part: Path, sha256: str, size: int | None) -> None:
    received = part.stat().st_size
    if size is not None and received < size:
        raise DownloadError(f"the transfer ended after {received} of {size} bytes; try again to continue")
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        part.unlink()
        raise DownloadError(f"what came is not the expected file: its SHA-256 is {found}, not {sha256}")
