"""Encrypting what is stored with another key, for the first time, or no more."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from application.errors import CommandError
from application.ports.encryption import Encrypted, Part, StoredEncryption

PATIENCE = 60
"""How often what others are changing is tried again, a second apart."""
_PAUSE_S = 1.0


@dataclass(slots=True)
class Converted:
    """How far it is."""

    total: int
    """What there was to do at the beginning."""
    faces: int = 0
    crops: int = 0
    broken: Sequence[int] = ()
    """Faces whose embedding or crop can't be opened."""


class ChangeEncryption:
    """Goes through everything, a page at a time, beside a service that runs.

    What is done is kept: a command that was interrupted is continued by the same command.
    """

    def __init__(self, store: StoredEncryption, pause_s: float = _PAUSE_S) -> None:
        self._store = store
        self._pause_s = pause_s

    async def status(self) -> tuple[str | None, Sequence[Encrypted]]:
        """The key that encrypts now, and how much each key has encrypted."""
        return self._store.key, await self._store.counts()

    async def execute(self, *, decrypt: bool) -> AsyncIterator[Converted]:
        """Encrypt everything with the first key, or decrypt it.

        Raises:
            CommandError: there is no key, another one is doing this, or others keep what is left from being changed.
        """
        if self._store.key is None:
            raise CommandError("there is no key: set FACE_ENCRYPTION_KEY_FILE or FACE_ENCRYPTION_KEY")
        async with self._store.alone() as alone:
            if not alone:
                raise CommandError(
                    "another `face-api encryption` changes what is stored: run this when it has ended"
                )
            done, broken = Converted(await self._left(decrypt=decrypt)), set[tuple[Part, int]]()
            yield done
            while True:
                async for _ in self._pass_until_done(done, broken, decrypt=decrypt):
                    yield done
                if broken:
                    break
                # From here on nobody can enrol with them: what somebody has meanwhile is converted as well.
                await self._store.forget_keys(decrypt=decrypt)
                if not await self._left(decrypt=decrypt):
                    break
            done.broken = sorted({face_id for _, face_id in broken})
            yield done

    async def _pass_until_done(
        self, done: Converted, broken: set[tuple[Part, int]], *, decrypt: bool
    ) -> AsyncIterator[None]:
        """Count what is done in `done`, a page at a time, until only what is in `broken` is left."""
        tries = PATIENCE
        while await self._left(decrypt=decrypt) > len(broken):
            before = done.faces + done.crops
            broken.clear()
            for part in Part:
                after: int | None = 0
                while after is not None:
                    step = await self._store.convert(part, after, decrypt=decrypt)
                    after = step.last
                    broken.update((part, face_id) for face_id in step.broken)
                    if part is Part.FACES:
                        done.faces += step.done
                    else:
                        done.crops += step.done
                    yield
            if done.faces + done.crops == before and await self._left(decrypt=decrypt) > len(broken):
                tries -= 1
                if not tries:
                    raise CommandError("others are changing what is left: run the same command again")
                await asyncio.sleep(self._pause_s)

    async def _left(self, *, decrypt: bool) -> int:
        wanted = None if decrypt else self._store.key
        return sum(each.count for each in await self._store.counts() if each.key != wanted)
