"""What the kernel says of processors."""

import platform
from pathlib import Path

import pytest

from adapters.system.processor import Processor, this_processor

EPYC = """processor\t: 0
vendor_id\t: AuthenticAMD
model name\t: AMD EPYC 9454 48-Core Processor
flags\t\t: fpu sse2 avx2 avx512f avx512_vnni avx512_bf16

processor\t: 1
model name\t: another
flags\t\t: fpu
"""
GRAVITON = """processor\t: 0
BogoMIPS\t: 2100.00
Features\t: fp asimd asimddp i8mm bf16 sve
CPU implementer\t: 0x41
CPU part\t: 0xd40
"""


def machine(folder: Path, cpuinfo: str) -> Processor:
    (folder / "proc").mkdir()
    (folder / "proc/cpuinfo").write_text(cpuinfo)
    return this_processor(folder)


def test_x86(tmp_path: Path) -> None:
    found = machine(tmp_path, EPYC)
    assert found.name == "AMD EPYC 9454 48-Core Processor"
    assert found.features == {"avx2", "avx512f", "avx512_vnni", "avx512_bf16"}


def test_arm_has_no_name_but_numbers(tmp_path: Path) -> None:
    found = machine(tmp_path, GRAVITON)
    assert found.name == "0x41 0xd40"
    assert found.features == {"asimd", "asimddp", "i8mm", "bf16", "sve"}


@pytest.mark.parametrize("cpuinfo", ["", "nothing\n: :\n\0", "model name\t:\nflags\t:\n"])
def test_what_says_nothing(tmp_path: Path, cpuinfo: str) -> None:
    found = machine(tmp_path, cpuinfo)
    assert found.name
    assert found.features == frozenset()


def test_without_the_file(tmp_path: Path) -> None:
    assert this_processor(tmp_path).architecture == platform.machine().lower()


def test_processors_of_one_name_with_other_instructions_are_told_apart() -> None:
    older, newer = (
        Processor("AMD EPYC", "x86_64", frozenset(names)) for names in (["avx2"], ["avx2", "avx_vnni"])
    )
    assert str(older) == "AMD EPYC (x86_64, avx2)"
    assert str(older) != str(newer)


@pytest.mark.parametrize(("name", "x86"), [("x86_64", True), ("amd64", True), ("aarch64", False)])
def test_architectures(name: str, x86: bool) -> None:  # noqa: FBT001
    assert Processor("", name).x86 is x86
