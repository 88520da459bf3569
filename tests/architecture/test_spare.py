"""What is removed of distributions that are installed, and what isn't."""

import struct
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY


def run(folder: Path) -> str:
    """Run the file on the distributions in a folder."""
    # -S: without the packages of these tests.
    command = [sys.executable, "-S", str(REPOSITORY / "requirements" / "spare.py")]
    return subprocess.check_output(command, env={"PYTHONPATH": str(folder)}, text=True)


def test_libraries_keep_what_is_loaded_and_lose_what_debuggers_read(tmp_path: Path) -> None:
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<QQ", head, 32, 64, 2_000_000)  # where segments are told of, and sections
    struct.pack_into("<HHHHH", head, 54, 56, 1, 64, 9, 8)
    segment = bytearray(56)
    struct.pack_into("<QQQQ", segment, 8, 0, 0, 0, 1_000_000)  # from the file's beginning, so many bytes
    library = bytes(head + segment).ljust(1_000_000, b"c") + bytes(1_500_000)
    (tmp_path / "uvloop").mkdir()
    (tmp_path / "uvloop-1.0.dist-info").mkdir()
    (tmp_path / "uvloop-1.0.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: uvloop\nVersion: 1.0\n"
    )
    (tmp_path / "uvloop-1.0.dist-info" / "RECORD").write_text("uvloop/loop.so,,\nuvloop/text.py,,\n")
    file, text = tmp_path / "uvloop" / "loop.so", tmp_path / "uvloop" / "text.py"
    file.write_bytes(library)
    text.write_text("no library")
    file.chmod(0o755)
    assert run(tmp_path) == "Removed 2 MB that the service never opens.\n"
    left = file.read_bytes()
    assert left[:40] + left[64:] == library[:40] + library[64:1_000_000]
    assert (struct.unpack_from("<Q", left, 40), struct.unpack_from("<HHH", left, 58)) == ((0,), (0, 0, 0))
    assert file.stat().st_mode & 0o777 == 0o755
    assert text.read_text() == "no library"
    assert run(tmp_path) == "Removed 0 MB that the service never opens.\n"


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

    assert run(tmp_path) == "Removed 5 MB that the service never opens.\n"
    assert [name for name in kept if not (tmp_path / name).is_file()] == []
    assert [name for name in spared if (tmp_path / name).exists()] == []
    assert run(tmp_path) == "Removed 0 MB that the service never opens.\n"
