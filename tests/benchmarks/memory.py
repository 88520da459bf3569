"""Whether a service grows with what it answers: photos and embeddings by turns, over HTTP."""

from pathlib import Path

import msgspec

from tests.benchmarks.image import whole
from tests.benchmarks.limits import growth
from tests.benchmarks.load import json_request, photo_request, run
from tests.benchmarks.report import Held, Memory
from tests.benchmarks.rig import Rig
from tests.benchmarks.served import OURS, Service, enrol, folder

_CLIENTS = 8
_SAMPLES = 40
_FIRST = 1_000
"""Recognitions before the first look."""


def measure(rig: Rig) -> Memory:
    """Every second request has a photo."""
    requests = _requests(rig)
    wanted, errors = rig.effort.recognitions, 0
    samples: list[Held] = []
    step = max(_CLIENTS, wanted // _SAMPLES)
    with folder() as home, Service(OURS, Path(home) / "memory") as service:
        enrol(service.ready(), rig)
        answered = 0
        while answered < wanted:
            most = min(step if samples else _FIRST, wanted - answered)
            outcome = run(service.port, requests, _CLIENTS, seconds=600, most=most)
            answered += len(outcome.answered)
            errors += outcome.unexpected
            samples.append(Held(answered, *service.memory()))
            rig.tell(f"memory, {answered} of {wanted} answered, {samples[-1].whole:.0f} MB")
            if not outcome.answered:
                break
    base = next((one for one in samples if one.answered >= rig.effort.settled), samples[0])
    end = samples[-1]
    return Memory(answered, errors, answered // 2, base, end, growth(base.whole, end.whole), samples)


def _requests(rig: Rig) -> list[bytes]:
    requests = []
    for person in rig.people:
        analyse = whole(rig.analyser)
        (face,) = analyse(person.probe)
        body = msgspec.json.encode({"embedding": face.embedding.vector.tolist()})
        requests += [photo_request(person.probe), json_request(body)]
    return requests
