"""Lines of the log as JSON."""

import json
import logging
import os
import subprocess
import sys

import pytest

from entrypoints.bootstrap.log import FIELDS, TEXT_FORMAT, JsonFormatter, TextFormatter


def record(message: str, *values: object) -> logging.LogRecord:
    return logging.LogRecord("face.test", logging.WARNING, "", 0, message, values, None)


def test_a_message() -> None:
    line = json.loads(JsonFormatter().format(record("two\nlines of %s", "text")))
    assert line.pop("time").endswith("+00:00")
    assert isinstance(line.pop("process"), int)
    assert line == {"level": "warning", "logger": "face.test", "message": "two\nlines of text"}


def test_fields_instead_of_a_message() -> None:
    made = record("unused")
    setattr(made, FIELDS, {"status": 200, "path": "/api/face"})
    text = JsonFormatter().format(made)
    assert json.loads(text)["status"] == 200
    assert "unused" not in text


def test_an_exception_is_in_the_same_line() -> None:
    made = record("failed")
    error = ValueError("because")
    made.exc_info = (ValueError, error, None)
    text = JsonFormatter().format(made)
    assert "\n" not in text
    assert "ValueError: because" in json.loads(text)["exception"]


def test_lines_of_text_are_as_those_of_the_standard_library() -> None:
    formatter, usual = TextFormatter(TEXT_FORMAT), logging.Formatter(TEXT_FORMAT)
    for created in (1795884085.9996, 1795884086.0004, 1795884086.5, 1795884085.1):
        made = record("said")
        made.created, made.msecs = created, (created - int(created)) * 1000
        assert formatter.format(made) == usual.format(made)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_line_is_there_whatever_becomes_of_the_process(unbuffered: str) -> None:
    code = (
        "import logging, os; from entrypoints.bootstrap.log import LineHandler;"
        "logging.basicConfig(handlers=[LineHandler()], format='%(message)s'); logging.warning('said'); os._exit(3)"
    )
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (3, "said\n")
