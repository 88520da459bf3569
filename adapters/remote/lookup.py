"""Addresses of a host, looked up within a limit of time."""

import socket
from ipaddress import ip_address
from threading import Thread
from typing import Any


def addresses(host: str, port: int, seconds: float) -> list[Any]:
    """Those of a host, looked up within some seconds, as socket.getaddrinfo tells them; none if that takes longer.

    Raises:
        OSError: it has none.
    """
    try:
        ip_address(host)
    except ValueError:
        pass
    else:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    found: list[Any] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            failed.append(error)

    # Nothing else ends a look-up: it goes on by itself then.
    thread = Thread(target=look_up, name="face-lookup", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise failed[0]
    return list(found)
