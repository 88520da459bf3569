"""The page that integrators copy knows the words of the API."""

import re

import pytest

from domain.liveness.movements import Movement
from domain.liveness.session import Hint, SessionFailure
from entrypoints.bootstrap.settings import PROJECT

PAGE = (PROJECT / "docs" / "examples" / "liveness.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("table", "words"), [("WORDS", Movement), ("HINTS", Hint), ("FAILURES", SessionFailure)]
)
def test_the_page_says_something_for_each_word(
    table: str, words: type[Movement | Hint | SessionFailure]
) -> None:
    (body,) = re.findall(rf"const {table} = {{(.*?)\n}};", PAGE, re.DOTALL)
    assert re.findall(r"^  (\w+):", body, re.MULTILINE) == [word.value for word in words]


def test_the_page_loads_nothing_from_elsewhere() -> None:
    assert not re.findall(r"\b(?:src|href)=", PAGE)
    assert "import" not in re.sub(r"<!--.*?-->", "", PAGE, flags=re.DOTALL)
