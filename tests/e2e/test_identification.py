"""Real people over HTTP: those who are enrolled are named, strangers are not."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from tests.e2e.service import Service

PEOPLE = 100
LEAST_NAMED = 0.95
LEAST_REFUSED = 0.99


def test_people_are_named_and_strangers_are_not(tmp_path: Path, lfw: Path) -> None:
    folders = sorted(path for path in (lfw / "images").iterdir())
    several = [sorted(folder.iterdir()) for folder in folders if len(list(folder.iterdir())) > 1][:PEOPLE]
    alone = [next(folder.iterdir()) for folder in folders if len(list(folder.iterdir())) == 1][:PEOPLE]
    assert (len(several), len(alone)) == (PEOPLE, PEOPLE)
    with Service(tmp_path) as service, ThreadPoolExecutor(4) as clients:

        def enrol(photo: Path) -> int:
            return service.register(photo.parent.name, photo.read_bytes(), faces="largest").status_code

        def ask(photo: Path) -> httpx.Response:
            return service.recognize(photo.read_bytes())

        enrolled = list(clients.map(enrol, [photos[0] for photos in several]))
        probed = list(clients.map(ask, [photos[1] for photos in several]))
        strange = list(clients.map(ask, alone))
    # A photo that is too bad to be enrolled (422) is a person who isn't named.
    assert set(enrolled) <= {httpx.codes.OK, httpx.codes.UNPROCESSABLE_ENTITY}
    named = share(
        answer.status_code == httpx.codes.OK and answer.json()["data"]["name"] == photos[1].parent.name
        for answer, photos in zip(probed, several, strict=True)
    )
    refused = share(
        answer.status_code == httpx.codes.NOT_FOUND and answer.json()["code"] == "no_match"
        for answer in strange
    )
    assert (named >= LEAST_NAMED, refused >= LEAST_REFUSED) == (True, True), (named, refused)


def share(truths: Iterable[bool]) -> float:
    told = list(truths)
    return sum(told) / len(told)
