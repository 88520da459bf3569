"""What is removed of distributions that are installed, and what isn't."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY


def test_only_what_the_patterns_name_is_removed(tmp_path: Path) -> None:
    kept = ["numpy/core.py", "numpy/testing/utils.py", "onnx/helper.py", "other/tests/data.h"]
    kept += ["faker/providers/address/__init__.py", "faker/providers/address/en_US/__init__.py"]
    spared = ["numpy/core/tests/test_core.py", "onnx/backend/test/data/node/a.pb", "onnx/common/a.h"]
    spared += ["faker/providers/address/de_DE/__init__.py", "onnxruntime/capi/libonnxruntime.so.1.32.0"]
    for name in (*kept, *spared):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(1_000_000))
    for package in ("faker", "numpy", "onnx", "onnxruntime", "other"):
        folder = tmp_path / f"{package}-1.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        records = [f"{name},," for name in (*kept, *spared) if name.startswith(f"{package}/")]
        (folder / "RECORD").write_text("\n".join(records) + "\n")

    def run() -> str:
        # -S: without the packages of these tests.
        command = [sys.executable, "-S", str(REPOSITORY / "requirements" / "spare.py")]
        return subprocess.check_output(command, env={"PYTHONPATH": str(tmp_path)}, text=True)

    assert run() == "Removed 5 MB that the service never opens.\n"
    assert [name for name in kept if not (tmp_path / name).is_file()] == []
    assert [name for name in spared if (tmp_path / name).exists()] == []
    assert run() == "Removed 0 MB that the service never opens.\n"
