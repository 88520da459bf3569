"""A vulnerability is told from an outage: pip-audit's status is the same."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from tests.supply_chain import audit as audit_module
from tests.supply_chain.audit import audit

CLEAN = {"name": "good", "version": "1", "vulns": []}
BAD = {"name": "bad", "version": "2", "vulns": [{"id": "PYSEC-1", "fix_versions": ["3"], "aliases": []}]}
SKIPPED = {"name": "odd", "skip_reason": "not found"}


def run(
    monkeypatch: pytest.MonkeyPatch, printed: str, *options: str, error: str = "Could not connect"
) -> tuple[int, str]:
    """The status and the output, where pip-audit prints this; its own status says nothing."""
    script = f"import sys; print({printed!r}, end=''); sys.exit({error!r})"
    monkeypatch.setattr(audit_module, "COMMAND", (sys.executable, "-c", script))
    done = CliRunner().invoke(audit, [*options, "lock.txt"])
    return done.exit_code, done.output


def answer(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, answer(CLEAN))[0] == 0


@pytest.mark.parametrize("options", [[], ["--allow-outage"]])
def test_a_vulnerability_fails_whatever_else_is(monkeypatch: pytest.MonkeyPatch, options: list[str]) -> None:
    status, output = run(monkeypatch, answer(CLEAN, BAD, SKIPPED), *options)
    assert status == 1
    assert "bad 2: PYSEC-1, mended in 3" in output


@pytest.mark.parametrize("printed", ["", "ERROR: not JSON", answer(CLEAN, SKIPPED)])
def test_an_outage_fails_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch, printed: str) -> None:
    status, output = run(monkeypatch, printed)
    assert status == 2
    assert "NOT AUDITED" in output
    status, output = run(monkeypatch, printed, "--allow-outage")
    assert status == 0
    assert "NOT AUDITED" in output


@pytest.mark.parametrize("error", ["No module named pip_audit", "usage: pip-audit", ""])
def test_a_failure_of_the_tool_is_no_outage(monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    assert run(monkeypatch, "", "--allow-outage", error=error)[0] == 1


def test_ci_audits_and_tolerates_outages_only() -> None:
    ci = (Path(__file__).parents[2] / ".ci" / "run").read_text()
    assert "\nmake audit ALLOW_OUTAGE=1\n" in ci
