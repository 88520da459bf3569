"""Whether a service grows with what it answers: photos and embeddings by turns, over HTTP."""

from pathlib import Path

import msgspec

from tests.benchmarks.image import whole
from tests.benchmarks.limits import growth
from tests.benchmarks.load import json_request, photo_request, run
from tests.benchmarks.report import Memory, Resident
from tests.benchmarks.rig import Rig
from tests.benchmarks.served import OURS, Service, enrol, folder

_CLIENTS = 8
_SAMPLES = 40


def measure(rig: Rig) -> Memory:
    """Every second request has a photo."""
    requests = _requests(rig)
    wanted, samples, answered, errors = rig.effort.recognitions, [], 0, 0
    step = max(_CLIENTS, wanted // _SAMPLES)
    with folder() as home, Service(OURS, Path(home) / "memory") as service:
        enrol(service.ready(), rig)
        while answered < wanted:
            outcome = run(service.port, requests, _CLIENTS, seconds=600, most=min(step, wanted - answered))
            answered += len(outcome.answered)
            errors += outcome.errors
            samples.append(Resident(answered, *service.memory()))
            rig.tell(f"memory, {answered} of {wanted} answered, {samples[-1].service:.0f} MB")
            if not outcome.answered:
                break
    base = next((one for one in samples if one.answered >= rig.effort.settled), samples[0])
    end = samples[-1]
    return Memory(answered, errors, answered // 2, base, end, growth(base.service, end.service), samples)


def _requests(rig: Rig) -> list[bytes]:
    requests = []
    for person in rig.people:
        analyse = whole(rig.analyser)
        (face,) = analyse(person.probe)
        body = msgspec.json.encode({"embedding": face.embedding.vector.tolist()})
        requests += [photo_request(person.probe), json_request(body)]
    return requests
