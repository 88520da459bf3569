"""Misspelt settings stop the start."""

from pathlib import Path

import pytest

from application.errors import StartupError
from entrypoints.bootstrap.settings import Settings, load_settings
from entrypoints.bootstrap.unknown_names import TEST_KEYS, suggestion

NOWHERE = Path("/nonexistent/.env")


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("FACE_LIVENES", "FACE_LIVENESS"),
        ("FACE_MAX_BODY", "FACE_MAX_BODY_MB"),
        ("FACE_DATABASE_URI", "FACE_DATABASE_URL"),
        ("FACE_HTTP_PORT", "FACE_PORT"),
        ("FACE-LIVENESS", "FACE_LIVENESS"),
    ],
)
def test_an_unknown_key_is_one_line_that_names_it_and_the_nearest(
    tmp_path: Path, key: str, nearest: str
) -> None:
    words = rf"^{key}: there is no such setting\. Did you mean {nearest}\?$"
    with pytest.raises(StartupError, match=words):
        load_settings({key: "1"}, NOWHERE)
    dotenv = tmp_path / ".env"
    for line in (f"{key}=enforce", f"export {key}="):
        dotenv.write_text(f"# FACE_OLD=1\nFACE_HOST=::1\n{line}\n")
        with pytest.raises(StartupError, match=words):
            load_settings({}, dotenv)


def test_a_key_in_lower_case_is_unknown() -> None:
    with pytest.raises(StartupError, match=r"^face_liveness: .* Did you mean FACE_LIVENESS\?$"):
        load_settings({"face_liveness": "enforce"}, NOWHERE)


def test_a_key_that_is_like_no_other() -> None:
    with pytest.raises(StartupError, match=r"^FACE_XYZZY_QQ: there is no such setting\.$"):
        load_settings({"FACE_XYZZY_QQ": "1"}, NOWHERE)


def test_keys_of_others_stop_nothing() -> None:
    links = {
        "FACE_API_SERVICE_HOST": "10.0.0.1",
        "FACE_API_SERVICE_PORT": "80",
        "FACE_API_SERVICE_PORT_HTTP": "80",
        "FACE_API_PORT": "tcp://10.0.0.1:80",
        "FACE_API_PORT_80_TCP": "tcp://10.0.0.1:80",
        "FACE_API_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    others = {"PATH": "/bin", "SURFACE_LIVENES": "1", "FACES": "folder"}
    assert load_settings({**links, **others, **dict.fromkeys(TEST_KEYS, "x")}, NOWHERE) == Settings()


def test_suggestions() -> None:
    assert suggestion("treshold", ["name", "threshold"]) == " Did you mean threshold?"
    assert suggestion("x" * 100_000, ["name", "threshold"]) == ""
