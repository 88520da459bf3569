"""A report as JSON, as tables and as a page; and that the page of the documentation is the one of its figures."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from click import ClickException

from entrypoints.bootstrap.settings import PROJECT
from tests.benchmarks.charts import pictures
from tests.benchmarks.page import BEGIN, END, FOLDER, check_page, measured, write_page
from tests.benchmarks.report import (
    Accuracy,
    Comparison,
    Held,
    Http,
    ImagePath,
    Level,
    Machine,
    Memory,
    Peers,
    PeerService,
    Report,
    Run,
    Server,
    Stage,
    Start,
)
from tests.benchmarks.statistics import Spread
from tests.benchmarks.tables import markdown, tables

FEW = Spread(2, 1, 3)
LEVEL = Level(
    clients=16,
    answered=100,
    errors=0,
    per_second=Spread(90, 88, 92),
    share=Spread(0.91, 0.9, 0.92),
    p50=FEW,
    p99=FEW,
    above_stages=FEW,
    computed=FEW,
    in_workers=Spread(0.93, 0.92, 0.94),
    generator=0.004,
)


def server(name: str) -> Server:
    return Server(name=name, stages=FEW, stages_computed=FEW, limit=Spread(99, 98, 100), levels=[LEVEL])


SAMPLES = [Held(number * 1000, 400 + number / 10, 20) for number in range(1, 21)]
COMPARISON = Comparison.of("sface", {"face-api": [10.0, 11.0], "OpenCV": [20.0, 22.0]})
SIZES = Comparison.of("face-api, by the size of the photo", {"1 MP": [5, 5], "12 MP": [8, 8]})
RUN = Run(
    made="2026-01-02",
    command="python -m tests.benchmarks",
    machine=Machine(
        processor="A (avx2)", cores=2, memory_gb=8, system="Linux", load=0.1, versions={"face-api": "2"}
    ),
)


def peer(name: str, times: Spread, errors: int) -> PeerService:
    return PeerService(
        name=name,
        recognised=19,
        answered=100,
        errors=errors,
        per_second=Spread(90, 88, 92),
        times=times,
        p50=FEW,
        p99=FEW,
        computed=FEW,
        memory=512.3,
    )


REPORT = Report(
    runs={
        **dict.fromkeys(("kernels", "image", "http", "peers"), RUN),
        **dict.fromkeys(("start", "memory", "accuracy"), replace(RUN, made="2026-01-03")),
    },
    kernels=[COMPARISON],
    image=ImagePath(
        10, [Stage("decode", Spread(1, 1, 1)), Stage("sum", Spread(4, 4, 4))], [COMPARISON, SIZES]
    ),
    http=[
        Http(
            size=size,
            photos=10,
            enrolled=9,
            cores=2,
            servers=[server("face-api"), server("face-api, in haste"), server("OpenCV")],
            times_peer=[{"16": Spread(2.1, 2, 2.2)}, {"16": Spread(3.4, 3, 3.5)}],
        )
        for size in ("250 x 250", "1 MP")
    ],
    peers=Peers(
        clients=4,
        people=20,
        cores=2,
        services=[peer("face-api", Spread(1, 1, 1), 0), peer("verifyface 1", Spread(3.5, 3.4, 3.6), 7)],
    ),
    start=[Start("again", FEW, FEW, FEW)],
    memory=Memory(20_000, 0, 10_000, SAMPLES[4], SAMPLES[-1], 0.0037, SAMPLES),
    accuracy=[Accuracy("face-api", 100, 1, 0.996, 0.001)],
)


def test_json_has_all_of_a_report() -> None:
    assert msgspec.json.decode(msgspec.json.encode(REPORT), type=Report) == REPORT


def test_ratios_come_first() -> None:
    text = markdown(REPORT)
    assert "| OpenCV | 2.00 (2.00 to 2.00) | 21.0 (20.5 to 21.5) |" in text
    assert "| 16 | 2.10 (2.00 to 2.20) | 91% (90 to 92) | 90.0 (88.0 to 92.0) |" in text
    assert "| 16 | 3.40 (3.00 to 3.50) | 91% (90 to 92) | 90.0 (88.0 to 92.0) |" in text
    of = "| HTTP, photos of 1 MP"
    assert f"{of}, face-api, in haste, 16 clients: times the throughput of OpenCV's pipeline | 3.40" in text
    assert f"{of}, 16 clients: of the processor time an answer, in the stages | 93% (92 to 94) |" in text
    assert "| a photo of 12 MP: times as long as of 1 MP | 1.60 (1.60 to 1.60) |" in text
    assert "| decode | 25% | 1.00 (1.00 to 1.00) |" in text
    assert "+0.4% since the first 5,000" in text
    assert "| memory after 1,000 recognitions, database included | 420 MB |" in text
    assert "| 5,000 | 420 | 1.000 | 400 | 20 |" in text
    assert "| HTTP, 4 clients: times the throughput of verifyface 1 | 3.50 (3.40 to 3.60) |" in text
    assert "| verifyface 1 | 3.50 (3.40 to 3.60) | 90.0 (88.0 to 92.0) |" in text
    assert "| 512 | 7 | 19 of 20 |" in text
    assert "99.60% +- 0.10%" in text


def test_every_row_has_a_cell_for_every_column() -> None:
    for table in tables(REPORT):
        assert {len(row) for row in table.rows} == {len(table.head)}, table.title


def test_parts_that_were_not_measured_have_no_table() -> None:
    report = Report(runs={"start": RUN}, start=REPORT.start)
    assert [table.title.partition(",")[0] for table in tables(report)] == [
        "In short",
        "From the command to the first recognition",
        "The machine: start",
    ]


def test_each_table_says_where_and_when_it_was_measured() -> None:
    _, *measured_tables, first, second = tables(REPORT)
    assert {table.note for table in measured_tables} == {
        "A (avx2), 2 cores; 2026-01-02, version 2.",
        "A (avx2), 2 cores; 2026-01-03, version 2.",
    }
    assert [first.title, second.title] == [
        "The machine: kernels, image, http, peers",
        "The machine: start, memory, accuracy",
    ]
    assert "\n\nA (avx2), 2 cores; 2026-01-03, version 2.\n\n| start |" in markdown(REPORT)


def test_the_documentation_shows_the_figures_beside_it() -> None:
    docs = PROJECT / "docs"
    report = msgspec.json.decode((docs / "performance.json").read_bytes(), type=Report)
    page = (docs / "performance.md").read_text()
    assert page.partition(BEGIN)[2].partition(END)[0] == f"\n{measured(report)}\n"
    for name, _ in pictures(report):
        assert (docs / FOLDER / name).stat().st_size < 100_000


def test_a_page_keeps_what_is_around_the_figures(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# Before\n{BEGIN}\nold\n{END}\nafter\n")
    write_page(page, REPORT)
    once = page.read_text()
    assert once.startswith(f"# Before\n{BEGIN}\n")
    assert once.endswith(f"{END}\nafter\n")
    assert "old" not in once
    files = sorted((tmp_path / FOLDER).iterdir())
    assert [file.name for file in files] == ["http.svg", "image.svg", "kernels.svg", "memory.svg"]
    assert all(f"]({FOLDER}/{file.name})" in once for file in files)
    assert all(file.stat().st_size < 100_000 for file in files)
    drawn = [file.read_bytes() for file in files]
    write_page(page, REPORT)
    assert page.read_text() == once
    assert [file.read_bytes() for file in files] == drawn


def test_a_page_without_marks_is_refused_before_the_work(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Nothing")
    with pytest.raises(ClickException, match="no single pair"):
        check_page(page)
