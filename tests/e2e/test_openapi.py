"""The whole API against its own description: schemathesis sends what it allows and what it doesn't."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.service import Service, face_api

PROJECT = Path(__file__).parents[2]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


SCOPES = [f"--scope={scope}" for scope in ("detect", "recognize", "enrol", "manage")]
KEYS = {
    "no key": None,
    # It would take the key's own rights away, and every answer after that would be 401.
    "administrator": (["--scope=admin"], ["--exclude-path-regex", r"/api/key/\{key_id\}"]),
    "bound to a collection": ([*SCOPES, "--collection=default"], []),
}
"""By name: options of `keys create`, and of schemathesis."""
WITH_KEY = ["--phases", "examples,fuzzing,stateful"]
"""Not the phase of coverage, which takes most of the time: it tries the bounds of schemas, which no key changes."""


@pytest.mark.parametrize("key", KEYS)
def test_the_service_does_what_its_description_says(tmp_path: Path, key: str) -> None:
    """No 5xx, every answer documented and of its schema; nothing accepted that shouldn't be, or without a key."""
    chosen = KEYS[key]
    with Service(tmp_path) as service:
        options: list[str] = []
        if chosen is not None:
            create, options = chosen
            made = face_api(tmp_path, "keys", "create", "key", *create, FACE_DATA_DIR=str(tmp_path / "data"))
            service.guarded()
            options = [*options, "--header", f"X-API-Key: {made.stdout.strip()}", *WITH_KEY]
        result = subprocess.run(
            [
                SCHEMATHESIS,
                *("--config-file", PROJECT / "schemathesis.toml"),
                *("run", f"{service.client.base_url}/openapi.json"),
                *("--checks", "all", "--max-examples", "10" if chosen is None else "5"),
                *("--seed", "1", "--no-color", *options),
                *("--request-timeout", "120", "--suppress-health-check", "too_slow"),  # on a loaded machine
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        log = service.log.read_text()
    assert result.returncode == 0, result.stdout.partition("FAILURES")[2][:6000]
    if chosen is not None:
        answered = re.findall(r" /api/\S* (\d+) ", log)
        assert answered.count("200") > 20, "the key was not accepted"
