"""What is written of metrics, and what asks for them, names those that there are."""

import json
import re
from pathlib import Path

import pytest

from adapters.prometheus.metrics import REGISTRY
from application.stages import Stage
from tests.promtool import promtool

PROJECT = Path(__file__).parents[2]
FOLDER = PROJECT / "docker" / "observability"
SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_count", "_sum"]}


def families() -> dict[str, tuple[str, str]]:
    """Type and help of each metric, by the name that queries use; a histogram's without suffix."""
    return {
        family.name + ("_total" if family.type == "counter" else ""): (family.type, family.documentation)
        for family in REGISTRY.collect()
    }


def documented() -> dict[str, tuple[str, str]]:
    table = re.findall(
        r"^\| `(face_\w+)` \| (\w+) \| [^|]*\| (.+) \|$",
        (PROJECT / "docs/metrics.md").read_text(),
        re.MULTILINE,
    )
    return {name: (kind, text) for name, kind, text in table}


def test_the_table_of_the_documentation_is_what_there_is() -> None:
    assert documented() == families()


def test_the_documentation_names_every_stage() -> None:
    text = (PROJECT / "docs/metrics.md").read_text()
    assert not [stage for stage in Stage if f"`{stage}`" not in text]


@pytest.mark.parametrize("file", ["alerts.yml", "dashboard.json"])
def test_queries_name_metrics_that_exist(file: str) -> None:
    series = {
        (name if kind == "counter" else name + suffix)
        for name, (kind, _) in families().items()
        for suffix in SUFFIXES[kind]
    }
    asked = set(re.findall(r"\bface_\w+", (FOLDER / file).read_text()))
    assert len(asked) > 4
    assert asked <= series


def test_the_dashboard_shows_every_metric() -> None:
    text = (FOLDER / "dashboard.json").read_text()
    assert json.loads(text)["panels"]
    assert not [name for name in families() if name not in text]


def test_prometheus_accepts_the_files() -> None:
    promtool("check", "config", str(FOLDER / "prometheus.yml"))
    promtool("check", "rules", str(FOLDER / "alerts.yml"))
