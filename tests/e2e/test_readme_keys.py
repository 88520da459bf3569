"""The README's commands on keys are true."""

import re
import subprocess
from pathlib import Path

from tests.e2e.service import FACE_API, furnish, unconfigured
from tests.e2e.test_readme import README


def test_they_do_what_it_says(tmp_path: Path) -> None:
    commands = re.findall(r"^face-api keys .*$", README, re.MULTILINE)
    assert len(commands) == 5
    furnish(tmp_path / "data", "embedded")
    environment = {**unconfigured(), "PATH": f"{FACE_API.parent}:/usr/bin:/bin", "COLUMNS": "160"}
    script = "\n".join([*commands, "face-api keys list"])
    shown = subprocess.check_output(
        ["sh", "-ec", script], cwd=tmp_path, env=environment, text=True, timeout=600
    )
    assert len(re.findall(r"^face_\w{49}$", shown, re.MULTILINE)) == 3
    states = re.findall(r"(valid|revoked|until \S+ \S+)\s*$", shown, re.MULTILINE)
    assert [state.split()[0] for state in states] == [
        "valid",
        "until",
        "revoked",
        "revoked",
        "until",
        "until",
    ]
    assert states[-2] < states[-1], "the replaced key expires first"
