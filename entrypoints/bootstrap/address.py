"""The address that the service listens on."""

import errno
import ipaddress
import socket

from application.errors import StartupError

_BACKLOG = 2048
"""Connections that may wait to be accepted, such as those that come while the service starts."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens from now on, so that no other service can take the address any more.

    Args:
        host: an address or a name of one; an IPv6 address may be in brackets.
        port: 0 for any free port.

    Raises:
        StartupError: the address can't be had.
    """
    host = host.removeprefix("[").removesuffix("]")
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise StartupError(f"FACE_HOST: {host!r} is no address of this machine") from error
    listener = socket.socket(family, kind, protocol)
    # Connections of an earlier service that are still closing don't count. A socket that listens does.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        key = "FACE_HOST" if error.errno == errno.EADDRNOTAVAIL else "FACE_PORT"
        raise StartupError(f"{key}: can't listen on {_shown(host, port)}: {error.strerror}") from error
    return listener


def url_of(listener: socket.socket, scheme: str = "http") -> str:
    """The URL of a listening socket, with the port that it was given."""
    return f"{scheme}://{_shown(*listener.getsockname()[:2])}"


def _shown(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Whether every address of a host name is a loopback address."""
    try:
        found = {entry[4][0] for entry in socket.getaddrinfo(host.strip("[]"), None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(str(address).partition("%")[0]).is_loopback for address in found)
