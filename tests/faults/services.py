"""Model services that go under load: `python -m tests.faults.services --rounds 20 --faces FOLDER`.

Each round one of them is killed, ended or frozen while clients send photos, and comes back a little later.
"""

import os
import random
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import click
import httpx

from tests.e2e.model_service import ModelService, three_services
from tests.e2e.service import Service
from tests.faults.photos import portraits

CLIENTS = 4
DEADLINE_S = 4.0
"""FACE_SERVICE_TIMEOUT_S."""
SLACK_S, BACK_S = 1.0, 5.0
"""What an answer may take beyond the deadline, on its way and on a loaded machine; and the first right ones after the
return: after the service's readiness answers 200 or, where it was frozen, after SIGCONT."""
KINDS = (signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP)
MISSING = (503, "model_unavailable")
REFUSALS = {MISSING, (503, "busy")}


def embedded(answer: httpx.Response) -> str:
    """The embedding of an answer, to three digits; the code of a refusal."""
    if answer.status_code != httpx.codes.OK:
        return str(answer.json()["code"])
    (face,) = answer.json()["data"]
    return ",".join(f"{number:.3f}" for number in face["embedding"])


@dataclass(frozen=True, slots=True)
class Answer:
    """To a client."""

    client: int
    at: float
    """By time.monotonic()."""
    took_s: float
    what: tuple[int, str]
    """Status, and embedding or code."""
    right: bool


@dataclass
class Load:
    """Clients who have photos embedded again and again."""

    api: Service
    photos: Sequence[bytes]
    answers: list[Answer] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._expected = [embedded(self._ask(self.api.client, photo)) for photo in self.photos]

    @contextmanager
    def running(self) -> Iterator["Load"]:
        stop = threading.Event()
        threads = [threading.Thread(target=self._run, args=(stop, client)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def until(self, met: Callable[[list[Answer]], bool], limit_s: float = 120) -> None:
        """Wait until the answers so far meet a condition.

        Raises:
            AssertionError: they don't in time.
        """
        deadline = time.monotonic() + limit_s
        while not met(list(self.answers)):
            assert time.monotonic() < deadline, Counter(one.what for one in self.answers if not one.right)
            time.sleep(0.02)

    def problems(self, longest_s: float) -> list[str]:
        """Answers that are wrong, refusals that are none of these, and what took longer than that."""
        return [
            f"{one.what[0]} {one.what[1][:40]} after {one.took_s:.1f} s"
            for one in self.answers
            if one.took_s > longest_s or not (one.right or one.what in REFUSALS)
        ]

    def _run(self, stop: threading.Event, client: int) -> None:
        with self.api.new_client() as http:
            turn = client
            while not stop.is_set():
                which, began = turn % len(self.photos), time.monotonic()
                answer = self._ask(http, self.photos[which])
                ended, found = time.monotonic(), embedded(answer)
                what = (answer.status_code, found)
                right = what == (httpx.codes.OK, self._expected[which])
                self.answers.append(Answer(client, ended, ended - began, what, right))
                if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
                    assert answer.headers["Retry-After"]
                    time.sleep(0.05)
                turn += 1

    @staticmethod
    def _ask(http: httpx.Client, photo: bytes) -> httpx.Response:
        return http.post("/api/face/embed", files={"image": ("photo", photo)})


def all_right_since(moment: float) -> Callable[[list[Answer]], bool]:
    """Whether each client has had a right answer to a request that it sent since then."""

    def met(answers: list[Answer]) -> bool:
        asked = {one.client for one in answers if one.right and one.at - one.took_s >= moment}
        return len(asked) == CLIENTS

    return met


@contextmanager
def away(victim: ModelService, how: signal.Signals) -> Iterator[None]:
    """Without this service, which is back at the end."""
    if how == signal.SIGSTOP:
        os.kill(victim.process.pid, how)
    else:
        victim.stop(how)
    try:
        yield
    finally:
        if how == signal.SIGSTOP:
            os.kill(victim.process.pid, signal.SIGCONT)
        else:
            victim.start()


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=20, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--faces",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="a folder a person, with photos",
)
def main(rounds: int, seed: int, faces: Path) -> None:
    """Exit status 1 if an answer was wrong, took longer than the deadline, or came too late after a return."""
    chance, backs, problems = random.Random(seed), [], []
    with (
        tempfile.TemporaryDirectory(prefix="face-services-") as folder,
        three_services(Path(folder), FACE_SERVICE_TIMEOUT_S=str(DEADLINE_S)) as (api, *models),
    ):
        load = Load(api, portraits(faces, 2 * CLIENTS))
        turns = [(victim, how) for how in KINDS for victim in models]
        with load.running():
            for victim, how in islice(cycle(turns), rounds):
                time.sleep(chance.uniform(0.5, 2))
                began = time.monotonic()
                with away(victim, how):
                    load.until(lambda all_: any(one.what == MISSING and one.at > began for one in all_))  # noqa: B023
                    time.sleep(chance.uniform(0, 3))
                back = time.monotonic()
                load.until(all_right_since(back))
                backs.append(time.monotonic() - back)
                click.echo(
                    f"{victim.tasks}, {how.name}: right answers to all {backs[-1]:.2f} s after the return"
                )
        problems = load.problems(DEADLINE_S + SLACK_S) + [
            f"{s:.1f} s to a right answer" for s in backs if s > BACK_S
        ]
        kinds = Counter("right" if one.right else one.what[1][:20] for one in load.answers)
        click.echo(
            f"{rounds} rounds, {CLIENTS} clients: {dict(kinds)}; a right answer takes"
            f" {statistics.median(one.took_s for one in load.answers if one.right):.2f} s; longest answer"
            f" {max(one.took_s for one in load.answers):.2f} s with a deadline of {DEADLINE_S:g} s;"
            f" longest return {max(backs):.2f} s; {len(problems)} problems"
        )
    for problem in problems[:20]:
        click.echo(problem)
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
