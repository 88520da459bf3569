"""The whole API against its own description: schemathesis sends what it allows and what it doesn't."""

import subprocess
import sys
from pathlib import Path

from tests.e2e.service import Service

PROJECT = Path(__file__).parents[2]
SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")


def test_the_service_does_what_its_description_says(tmp_path: Path) -> None:
    """No 5xx, every answer documented and of its schema, nothing accepted that shouldn't be."""
    with Service(tmp_path) as service:
        result = subprocess.run(
            [
                SCHEMATHESIS,
                *("--config-file", PROJECT / "schemathesis.toml"),
                *("run", f"{service.client.base_url}/openapi.json"),
                *("--checks", "all", "--max-examples", "10", "--seed", "1", "--no-color"),
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert result.returncode == 0, result.stdout[-6000:]
