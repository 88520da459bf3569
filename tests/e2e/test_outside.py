"""What a service does outside of its data directory and its own machine: nothing."""

import os
import re
import shutil
import time
from pathlib import Path

import pytest

from tests.e2e.service import Service

_KEPT = {"PATH", "LANG", "PYTHONPATH"}
_CALLS = "trace=connect,sendto,sendmsg,sendmmsg,open,openat"
_NAME_SERVICE = re.compile(r'"/etc/(?:resolv\.conf|hosts|host\.conf)"|htons\(53\)|nscd/socket')
_ELSEWHERE = re.compile(r'sa_family=AF_INET(?!.*(?:inet_addr\("127\.|inet_pton\(AF_INET6, "::1"))')
_SETTLE_S = 2
"""Libraries that report their use write it to a file within a second."""


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with an empty home, and without what keeps libraries from reporting while they are tested."""
    for key in set(os.environ) - _KEPT:
        monkeypatch.delenv(key)
    for name, key in (("home", "HOME"), ("temporary", "TMPDIR")):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(key, str(tmp_path / name))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    (tmp_path / "work").mkdir()
    return tmp_path


def use(service: Service, photo: bytes) -> None:
    """Every library is at work in a registration and a recognition."""
    assert service.register("Ada", photo).status_code == 200
    assert service.recognize(photo).status_code == 200
    time.sleep(_SETTLE_S)


@pytest.mark.parametrize(("database", "inference"), [("embedded", "onnxruntime"), ("memory", "openvino")])
def test_nothing_is_written_outside_of_the_data_directory(
    outside: Path, astronaut: bytes, database: str, inference: str
) -> None:
    settings = {"FACE_DATABASE_URL": database, "FACE_INFERENCE": inference, "FACE_PROCESSES": "1"}
    with Service(outside / "work", settings, from_nothing=True) as service:
        use(service, astronaut)
    written = [path for path in outside.rglob("*") if not path.is_relative_to(outside / "work" / "data")]
    assert sorted(written) == sorted(
        [*(outside / name for name in ("home", "temporary", "work")), service.log]
    )


@pytest.mark.parametrize("inference", ["onnxruntime", "openvino", "auto"])
def test_no_name_is_looked_up_and_nobody_elsewhere_is_called(
    outside: Path, astronaut: bytes, inference: str
) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed")
    trace = outside / "trace"
    service = Service(
        outside / "work",
        {"FACE_DATABASE_URL": "memory", "FACE_INFERENCE": inference},
        from_nothing=True,
        under=(strace, "-D", "-f", "-qq", "--seccomp-bpf", "-s", "200", "-e", _CALLS, "-o", trace),
    )
    with service:
        use(service, astronaut)
    lines = trace.read_text(errors="replace").splitlines()
    assert len(lines) > 100
    assert not [line for line in lines if _NAME_SERVICE.search(line) or _ELSEWHERE.search(line)]
