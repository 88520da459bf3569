"""SIGKILL while keys are rotated: `python -m tests.faults.rotations --rounds 20 --faces FOLDER`.

Each round a service that clients use gets a new key, or none, `face-api encryption` converts what is stored, and
somebody is killed meanwhile. Afterwards everything is there, with the key that `face-api encryption status` names.
"""

import asyncio
import base64
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path

import asyncpg
import click
import httpx
import numpy as np
from numpy.typing import NDArray

from adapters.aes_gcm.sealing import AesGcmSealing
from adapters.postgres.sealed_columns import SealedColumns
from tests.benchmarks.growth.loading import load
from tests.benchmarks.simulation import faces
from tests.e2e.service import FACE_API, unconfigured
from tests.faults.clients import Client, Ledger
from tests.faults.photos import portraits
from tests.faults.rounds import READY_S, verify
from tests.faults.unit import Unit, kill

CLIENTS, PHOTOS = 2, 4
TRIES = 20
"""How often a command may be begun again: each time one of its kind was killed, or the database was not there."""
SETTINGS = {
    "FACE_PROCESSES": "1",
    "FACE_WORKERS": "2",
    "FACE_QUALITY_ENROLMENT": "off",
    "FACE_STORE_CROPS": "true",
}

_CONVERTED = "SELECT count(*) FROM face WHERE coalesce(substring(sealed, 2, 4), '') = $1"

VICTIMS: dict[str, Callable[[list[int], Unit, random.Random], list[int]]] = {
    "command": lambda command, _unit, _chance: command,
    "service": lambda _command, unit, _chance: unit.first(),
    "postmaster": lambda _command, unit, _chance: unit.postmaster(),
    "backend": lambda _command, unit, chance: chance.sample(unit.backends(), 1),
    "everything": lambda command, unit, _chance: [*command, *unit.everything()],
}
"""Whom SIGKILL is sent to while a command runs."""


@dataclass(frozen=True, slots=True)
class Round:
    """One conversion."""

    victim: str
    decrypted: bool
    converted_before: int
    """Faces, when the victim was killed; of all of them."""
    tries: int
    """Commands until one said that it was done."""
    took_s: float


@dataclass
class Rotations:
    """A service that encrypts, and its people."""

    directory: Path
    photos: Sequence[bytes]
    people: int
    seed: int
    ledger: Ledger = field(default_factory=Ledger)
    rounds: list[Round] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._key_file = self.directory / "key"
        self._keys: list[str] = [_new_key(self._chance)]
        self._gallery: NDArray[np.float32] = faces(self.people, 128)
        self._used = list[str]()
        self._command: subprocess.Popen[str] | None = None
        self.unit: Unit = Unit(self.directory, {})

    def run(self, plan: Sequence[tuple[str, bool]], say: Callable[[Round], object] = lambda _: None) -> None:
        """A round for each victim, and whether it decrypts."""
        self._use(self._keys)
        running, ended = threading.Event(), threading.Event()
        with self.unit:
            self.unit.until_ready(READY_S)
            asyncio.run(self._fill())
            clients = [
                Client(
                    number,
                    httpx.Client(base_url=self.unit.url, timeout=60),
                    list(self.photos[number * PHOTOS :][:PHOTOS]),
                    self.ledger,
                    self.seed,
                )
                for number in range(CLIENTS)
            ]
            threads = [threading.Thread(target=each.run, args=(running, ended)) for each in clients]
            for thread in threads:
                thread.start()
            try:
                for victim, decrypts in plan:
                    running.set()
                    done = self._round(victim, decrypts=decrypts)
                    running.clear()
                    with ExitStack() as quiet:
                        for client in clients:
                            quiet.enter_context(client.idle)
                        self._settle(clients, decrypts=decrypts)
                    self.rounds.append(done)
                    say(done)
            finally:
                ended.set()
                for thread in threads:
                    thread.join()

    def command(self) -> list[int]:
        """The command that converts."""
        process = self._command
        return [process.pid] if process is not None and process.poll() is None else []

    def _round(self, victim: str, *, decrypts: bool) -> Round:
        began = time.monotonic()
        if not decrypts and self.rounds:  # a new key before the old one; at first there is only one
            self._keys = [_new_key(self._chance), *self._keys[:1]]
            self._restart(self._keys)
        work = "decrypt" if decrypts else "rotate"
        key_id = b"" if decrypts else AesGcmSealing([base64.b64decode(self._keys[0])]).key_ids[0]
        self._start(work)
        converted = self._until_begun(key_id)
        kill(VICTIMS[victim](self.command(), self.unit, self._chance))
        tries = 1
        while not self._done():
            assert tries < TRIES, "too many tries"
            tries += 1
            self.unit.until_ready(READY_S)
            self._start(work)
        return Round(victim, decrypts, converted, tries, time.monotonic() - began)

    def _settle(self, clients: Sequence[Client], *, decrypts: bool) -> None:
        """Go on without the old key, and look at everything."""
        self.unit.until_ready(READY_S)
        if decrypts:  # what was enrolled since with the key that the service has still
            self._start("decrypt")
            assert self._done(), "nobody disturbs this one"
        kept = [] if decrypts else self._keys[:1]
        self._keys = kept or self._keys
        stored = self._status()
        if {key for key, _ in stored} != {self._key_id(kept)}:
            self.ledger.problems.append(f"with other keys: {stored}")
        self._restart(kept)
        asyncio.run(self._compare(kept))
        verify(self.unit, clients, self.ledger)
        if decrypts:
            self._keys = []

    def _until_begun(self, key_id: bytes) -> int:
        """Wait until some faces are converted, and a moment; how many by then."""
        return asyncio.run(self._watch(key_id, self._chance.uniform(0, 0.4)))

    async def _watch(self, key_id: bytes, more_s: float) -> int:
        connection = await self._connected()

        async def converted() -> int:
            return int(await connection.fetchval(_CONVERTED, key_id))

        try:
            before = await converted()
            while await converted() <= before + 100 and self.command():  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            await asyncio.sleep(more_s)
            found = await converted()
        finally:
            await connection.close()
        return found

    async def _compare(self, keys: Sequence[str]) -> None:
        """What is stored of the simulated people, number by number."""
        columns = SealedColumns(AesGcmSealing([base64.b64decode(key) for key in keys]) if keys else None)
        connection = await self._connected()
        try:
            rows = await connection.fetch(
                "SELECT id, recognition_model, coalesce(sealed, vector_send(embedding)) AS vector"
                " FROM face WHERE detection_model = 'simulated' ORDER BY id"
            )
        finally:
            await connection.close()
        vectors = [columns.vector(row["id"], row["recognition_model"], row["vector"]) for row in rows]
        if not np.array_equal(np.array(vectors), self._gallery):
            self.ledger.problems.append(f"{len(vectors)} of {self.people} simulated faces, or other ones")

    def _start(self, work: str) -> None:
        self._command = subprocess.Popen(
            [FACE_API, "encryption", work, "--json"],
            env={**unconfigured(), **self._configuration()},
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _done(self) -> bool:
        """Wait for the command; whether it has done everything."""
        assert self._command is not None
        output, said = self._command.communicate(timeout=300)
        if "Traceback" in said:
            self.ledger.problems.append(said)
        return self._command.returncode == 0 and json.loads(output)["broken"] == []

    def _status(self) -> list[tuple[str | None, int]]:
        command: list[str | Path] = [FACE_API, "encryption", "status", "--json"]
        environment = {**unconfigured(), **self._configuration()}
        done = subprocess.run(command, env=environment, cwd=self.directory, capture_output=True, check=True)
        return [(each["key"], each["count"]) for each in json.loads(done.stdout)["stored"]]

    def _restart(self, keys: Sequence[str]) -> None:
        """With these keys, as an operator does; they may be those that it has."""
        if [*keys] == self._used:
            return
        self._use(keys)
        self.unit.restart()
        self.unit.until_ready(READY_S)

    def _use(self, keys: Sequence[str]) -> None:
        self._key_file.write_text("".join(f"{key}\n" for key in keys))
        self._used = [*keys]
        own = {"FACE_ENCRYPTION_KEY_FILE": str(self._key_file)} if keys else {}
        self.unit.settings = {**SETTINGS, **own}

    def _configuration(self) -> dict[str, str]:
        own = {"FACE_ENCRYPTION_KEY_FILE": str(self._key_file)}
        return {**SETTINGS, **own, "FACE_DATA_DIR": str(self.directory / "data")}

    @staticmethod
    def _key_id(keys: Sequence[str]) -> str | None:
        return AesGcmSealing([base64.b64decode(keys[0])]).key_ids[0].hex() if keys else None

    async def _connected(self) -> asyncpg.Connection:
        server = str(self.directory / "data" / "postgres")
        return await asyncpg.connect(host=server, port=5432, user="face", database="face")

    async def _fill(self) -> None:
        connection = await self._connected()
        try:
            await load(connection, self._gallery, "sface")
        finally:
            await connection.close()


def _new_key(chance: random.Random) -> str:
    return base64.b64encode(chance.randbytes(32)).decode()


@click.command()
@click.option("--rounds", type=click.IntRange(1), default=20, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option(
    "--people", type=click.IntRange(200), default=20_000, show_default=True, help="simulated ones besides"
)
@click.option(
    "--faces",
    "folder",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="a folder a person, with photos",
)
def main(rounds: int, seed: int, people: int, folder: Path) -> None:
    """Exit status 1 if anything was lost, answered that is gone, or encrypted with another key."""
    plan = [(victim, number % 4 == 3) for number, victim in enumerate(islice(cycle(VICTIMS), rounds))]
    with tempfile.TemporaryDirectory(prefix="face-rotations-") as home:
        Path(home).chmod(0o755)  # the database has an account of its own
        here = Rotations(Path(home), portraits(folder, CLIENTS * PHOTOS), people, seed)
        here.run(plan, lambda done: click.echo(str(done)))
    ledger = here.ledger
    click.echo(
        f"{rounds} rounds over {people} faces: {ledger.registered} registrations and"
        f" {len(ledger.deleted_faces)} deletions acknowledged, {ledger.answered} searches checked,"
        f" {ledger.unanswered} requests without an answer,"
        f" {max(each.tries for each in here.rounds)} commands at most in a round, {len(ledger.problems)} problems"
    )
    click.echo("\n".join(ledger.problems[:20]))
    sys.exit(1 if ledger.problems else 0)


if __name__ == "__main__":
    main()
