import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.model_service import three_services
from tests.e2e.service import Service

STORAGES = ["embedded", "memory"]
SERVICES = "services"
"""Detection and recognition are services of their own, and the API has no models."""
PATIENT = {"FACE_LIVENESS_SESSION_DEADLINE_S": "300", "FACE_LIVENESS_SESSION_GAP_S": "10"}
"""Liveness sessions on a busy machine, where each frame takes longer."""
THROUGH_SERVICES = {"test_api", "test_checks", "test_enroll", "test_recognition"}
"""Modules whose tests are run with these too: what is done with photos."""
ANY_STORAGE = {"test_how_to", "test_turned_photos", "test_uploads"}
"""Modules about what the storage has no part in."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "shared_service" in metafunc.fixturenames:
        module = metafunc.module.__name__.rpartition(".")[2]
        kinds = STORAGES[:1] if module in ANY_STORAGE else STORAGES
        if module in THROUGH_SERVICES:
            kinds = [*kinds, SERVICES]
        metafunc.parametrize("shared_service", kinds, indirect=True, scope="package")


@pytest.fixture(scope="package")
def shared_service(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp(request.param)
    if request.param == SERVICES:
        with three_services(directory, **PATIENT) as (service, *_):
            yield service
    else:
        with Service(directory, {"FACE_DATABASE_URL": request.param, **PATIENT}) as service:
            yield service


@pytest.fixture
def service(shared_service: Service) -> Service:
    """A running service with an empty gallery, once on each storage."""
    return shared_service.emptied()


@pytest.fixture
def portraits(lfw: Path) -> list[bytes]:
    """One photo each of six people, each with one face, in which nobody resembles another."""
    people = ["Abel_Pacheco", "Akhmed_Zakayev", "Amber_Tamblyn", "Anders_Fogh_Rasmussen", "Angela_Bassett"]
    found = [lfw / "images" / name / f"{name}_0001.jpg" for name in people]
    return [path.read_bytes() for path in found if path.exists()]


@pytest.fixture(scope="session")
def photos(tmp_path_factory: pytest.TempPathFactory, lfw: Path) -> Path:
    """A folder a person: 12 photos of 4 people."""
    folder = tmp_path_factory.mktemp("people")
    people = [person for person in sorted((lfw / "images").iterdir()) if len(list(person.iterdir())) > 2]
    for person in people[:4]:
        (folder / person.name).mkdir()
        for photo in sorted(person.iterdir())[:3]:
            shutil.copy(photo, folder / person.name)
    return folder
