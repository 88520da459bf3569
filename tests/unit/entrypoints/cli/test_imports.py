import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrypoints.cli.imports import imported


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    (tmp_path / "imported_once.py").write_text("import gc\nCOLLECTS = gc.isenabled()\n")
    (tmp_path / "broken_import.py").write_text("raise ValueError('broken')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "imported_once"
    sys.modules.pop("imported_once", None)
    gc.unfreeze()


def test_garbage_is_not_looked_for_while_a_module_is_imported(module: str) -> None:
    assert not imported(module).COLLECTS
    assert gc.isenabled()
    assert imported(module) is sys.modules[module]


@pytest.mark.usefixtures("module")
def test_it_is_looked_for_again_after_a_module_that_breaks() -> None:
    with pytest.raises(ValueError, match="broken"):
        imported("broken_import")
    assert gc.isenabled()


def test_whoever_looks_for_none_is_left_so(module: str) -> None:
    gc.disable()
    try:
        imported(module)
        assert not gc.isenabled()
    finally:
        gc.enable()
