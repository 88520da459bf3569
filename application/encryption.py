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
            CommandError: there is no key, or others keep what is left from being changed.
        """
        if self._store.key is None:
            raise CommandError("there is no key: set FACE_ENCRYPTION_KEY_FILE or FACE_ENCRYPTION_KEY")
        done, broken = Converted(await self._left(decrypt=decrypt)), set[tuple[Part, int]]()
        tries = PATIENCE
        yield done
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
                    yield done
            if done.faces + done.crops == before and await self._left(decrypt=decrypt) > len(broken):
                tries -= 1
                if not tries:
                    raise CommandError("others are changing what is left: run the same command again")
                await asyncio.sleep(self._pause_s)
        done.broken = sorted({face_id for _, face_id in broken})
        if not broken:
            await self._store.forget_keys(decrypt=decrypt)
        yield done

    async def _left(self, *, decrypt: bool) -> int:
        wanted = None if decrypt else self._store.key
        return sum(each.count for each in await self._store.counts() if each.key != wanted)
