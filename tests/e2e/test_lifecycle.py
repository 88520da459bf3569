"""Starting, stopping and being killed: what was answered 200 is there afterwards."""

import signal
import threading
from pathlib import Path

import httpx
import pytest

from tests.e2e.service import Service, face_api, free_port, one_line, refused_start


class Writer(threading.Thread):
    """Registers under new names until the service is gone; remembers the names that were answered 200."""

    def __init__(self, service: Service, image: bytes, label: str) -> None:
        super().__init__()
        self.service, self.image, self.label = service, image, label
        self.done: list[str] = []
        self.some_done = threading.Event()

    def run(self) -> None:
        with self.service.new_client() as client:
            for number in range(10_000):
                name = f"{self.label}-{number}"
                try:
                    response = client.post(
                        "/api/face/register", params={"name": name}, files={"image": ("photo", self.image)}
                    )
                except httpx.TransportError:
                    return
                if response.status_code == httpx.codes.OK:
                    self.done.append(name)
                if len(self.done) == 5:
                    self.some_done.set()


def names(service: Service) -> set[str]:
    return {face["name"] for face in service.client.get("/api/face").json()["data"]}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_what_was_answered_survives_the_end_of_the_service(
    tmp_path: Path, astronaut: bytes, number: int
) -> None:
    with Service(tmp_path) as service:
        writers = [Writer(service, astronaut, label) for label in "ab"]
        for writer in writers:
            writer.start()
        for writer in writers:
            assert writer.some_done.wait(180)
        service.stop(number)
        for writer in writers:
            writer.join()
        service.start()
        assert {name for writer in writers for name in writer.done} <= names(service)
        assert service.recognize(astronaut).json()["code"] == "ambiguous_match"


def test_a_stop_is_clean_and_quick_and_leaves_no_server_behind(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        assert service.stop(signal.SIGTERM) == 0
        assert not list((tmp_path / "data").rglob("postmaster.pid"))
        service.start()
        assert service.stop(signal.SIGINT) == 0
        service.start()


def test_a_second_service_on_the_same_data_is_refused(tmp_path: Path) -> None:
    with Service(tmp_path) as service:
        second = face_api(tmp_path, "serve", FACE_PORT=str(free_port()), FACE_DATA_DIR=str(tmp_path / "data"))
        assert second.returncode == 1
        assert "data" in one_line(second.stderr)
        assert service.client.get("/health/ready").status_code == httpx.codes.OK


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("FACE_PORT", "many"),
        ("FACE_DATABASE_URL", "mysql://x"),
        ("FACE_DETECTION_MODEL", "haar"),
        ("FACE_RECOGNITION_MODEL", "yunet"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line_that_names_the_key(
    tmp_path: Path, key: str, value: str
) -> None:
    assert refused_start(tmp_path, **{key: value}).startswith(f"face-api: {key}: ")


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with Service(tmp_path, {"FACE_DATABASE_URL": "memory"}) as service:
        assert refused_start(tmp_path, FACE_PORT=str(service.port)).startswith("face-api: FACE_PORT: ")


def test_a_database_that_is_not_there_is_one_line_without_its_password(tmp_path: Path) -> None:
    url = f"postgresql+asyncpg://me:secret@127.0.0.1:{free_port()}/faces"
    assert "secret" not in refused_start(tmp_path, FACE_DATABASE_URL=url)
