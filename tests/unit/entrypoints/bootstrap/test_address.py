"""The address of the service is claimed at once, and by one only."""

import socket

import pytest

from application.errors import StartupError
from entrypoints.bootstrap.address import listen, url_of


def test_an_address_is_taken_before_anybody_accepts_a_connection() -> None:
    with listen("127.0.0.1", 0) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(StartupError, match=rf"^FACE_PORT: can't listen on 127\.0\.0\.1:{port}: [^\n]+$"):
            listen("127.0.0.1", port)
        with pytest.raises(StartupError, match=r"^FACE_PORT: "):
            listen("0.0.0.0", port)  # noqa: S104
        with socket.create_connection(listener.getsockname()):
            pass


def test_an_address_is_free_as_soon_as_its_listener_is_closed() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        port = listener.getsockname()[1]
        listener.accept()[0].close()
    listen("127.0.0.1", port).close()


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_ipv6_addresses_may_have_brackets_and_have_them_in_the_url(host: str) -> None:
    with listen(host, 0) as listener:
        port = listener.getsockname()[1]
        assert url_of(listener) == f"http://[::1]:{port}"
        with pytest.raises(StartupError, match=rf"\[::1\]:{port}"):
            listen(host, port)


@pytest.mark.parametrize("host", ["no.such.host.invalid", "x" * 64 + ".example", "203.0.113.1"])
def test_what_is_no_address_of_this_machine_is_one_line(host: str) -> None:
    with pytest.raises(StartupError, match=r"^FACE_HOST: [^\n]+$"):
        listen(host, 0).close()
