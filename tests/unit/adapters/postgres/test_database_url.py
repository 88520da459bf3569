"""FACE_DATABASE_URL: what is wrong in it stops the start with one line that shows nothing of it."""

import pytest

from adapters.postgres.engine import make_engine
from application.errors import StartupError

SCHEME = "postgresql+asyncpg://ann:secret@"


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("host:port/faces", "not a number"),
        ("host:99999/faces", "port is not 1 to 65535"),
        ("/faces?host=one&port=none", "not a number"),
        ("host/faces?sslmode=require", "unknown option 'sslmode'"),
        ("host/faces?pool_size=1", "unknown option 'pool_size'"),
        ("host/faces?ssl=maybe", "'ssl' must be one of disable,"),
        ("host/faces?target_session_attrs=writable", "'target_session_attrs' must be one of any,"),
        ("host/faces?prepared_statement_cache_size=many", "not a number"),
        ("a..b/faces", "host can't be"),
        (f"{'x' * 64}/faces", "host can't be"),
    ],
)
def test_what_is_wrong_in_a_database_url(rest: str, words: str) -> None:
    with pytest.raises(StartupError) as caught:
        make_engine(SCHEME + rest, 1)
    message = str(caught.value)
    assert message.startswith("FACE_DATABASE_URL: ")
    assert words in message
    assert message.isprintable()
    assert "secret" not in message


@pytest.mark.parametrize(
    "rest",
    [
        "host/faces",
        "127.0.0.1:5433/faces?ssl=require",
        "[::1]:5433/faces",
        "/faces?host=/run/postgresql&port=1",
        f"/faces?host=/tmp/{'x' * 70}",
        "/faces?host=one:5432&host=two:5433&target_session_attrs=read-write",
    ],
)
def test_what_a_database_url_may_be(rest: str) -> None:
    assert make_engine(SCHEME + rest, 1).url.username == "ann"
