"""The rows of one Milvus collection: faces, and how far each gallery is followed."""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from adapters.gallery_index.milvus.connection import IndexReleased, MilvusConnection
from adapters.gallery_index.milvus.generations import (
    FACE,
    GALLERY,
    INDEX_TYPES,
    NOTE,
    PERSON,
    VECTOR,
    Generation,
)
from application.ports.change_feed import NO_SNAPSHOT, Changes, FaceRows, GalleryKey, SnapshotToken

BATCH_BYTES = 1 << 20
"""Of vectors in one write."""
_MAX_IDS = 2000
"""In one expression."""
_MAX_NOTES = 16_384
SEARCH_S = 5.0
_COUNT_S = 60.0
_LOAD_S = 300.0


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a gallery is followed. It is a row beside the faces, so that it can't be of another collection's."""

    collection: str
    model: str
    dimensions: int
    token: SnapshotToken
    """All changes that this snapshot sees are in the index, if it is filled."""
    at: float
    """When the snapshot was taken: Unix time of the instance that follows."""
    filled: bool
    after: int = 0
    """While it is being filled: faces up to this id are in the index."""
    unfinished: SnapshotToken = NO_SNAPSHOT
    """Somebody began to write changes since this snapshot, and hasn't said that it is done (see CatchingUp)."""
    unfinished_at: float = 0.0
    """When they began, in Unix time."""

    @property
    def gallery(self) -> GalleryKey:
        """Whose progress it is."""
        return GalleryKey(self.collection, self.model, self.dimensions)


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """N people, nearest first."""

    person_ids: NDArray[np.int64]
    least: float
    """Who is not among them is at most so similar, as far as the index can tell; -2 if nobody else is there."""


class IndexRows:
    """All writes may be repeated: a face's row is replaced, and what isn't there is deleted without an error."""

    def __init__(self, connection: MilvusConnection, generation: Generation) -> None:
        self.generation = generation
        self._connection = connection
        self._parameters = dict(INDEX_TYPES[generation.index_type][1])

    async def write(self, gallery: GalleryKey, faces: FaceRows) -> None:
        """Add faces, or replace them."""
        batch = max(1, BATCH_BYTES // (4 * gallery.dimensions))
        for start in range(0, len(faces), batch):
            part = faces.take(slice(start, start + batch))
            rows = [
                {FACE: face, PERSON: person, GALLERY: gallery.collection, NOTE: "", VECTOR: vector}
                for face, person, vector in zip(
                    part.face_ids.tolist(), part.person_ids.tolist(), part.vectors, strict=True
                )
            ]
            await self._call("upsert", rows)

    async def remove(self, gallery: GalleryKey, face_ids: Sequence[int]) -> None:
        """Delete faces, if they are of this gallery: one that was restored may be another's now."""
        for start in range(0, len(face_ids), _MAX_IDS):
            some = [int(face) for face in face_ids[start : start + _MAX_IDS]]
            await self._call("delete", filter=f"{FACE} in {some} and {_within(gallery.collection)}")

    async def apply(self, gallery: GalleryKey, changes: Changes) -> None:
        """Write and delete."""
        await self.remove(gallery, changes.removed.tolist())
        await self.write(gallery, changes.faces)

    async def forget(self, collection: str) -> None:
        """Delete all that there is of a gallery, its progress last."""
        await self._call("delete", filter=_within(collection))
        await self._call("delete", filter=f"{FACE} in [{_note_id(collection)}]")

    async def note(self, progress: Progress) -> None:
        """Keep a gallery's progress; what it says must have been written before."""
        row = {
            FACE: _note_id(progress.collection),
            PERSON: 0,
            GALLERY: "",
            NOTE: msgspec.json.encode(progress).decode(),
            VECTOR: np.eye(1, progress.dimensions, dtype=np.float32)[0],
        }
        await self._call("upsert", [row])

    async def notes(self) -> Mapping[GalleryKey, Progress]:
        """The progress of all galleries."""
        rows = await self._query(_within(""), [NOTE], _MAX_NOTES)
        notes = [msgspec.json.decode(row[NOTE], type=Progress) for row in rows]
        return {note.gallery: note for note in notes}

    async def page(self, gallery: GalleryKey, after: int, before: int, limit: int) -> FaceRows:
        """Up to `limit` faces with ids between the two, both left out; in no order."""
        condition = f"{FACE} > {after} and {FACE} < {before} and {_within(gallery.collection)}"
        return self._faces(gallery, await self._query(condition, [FACE, PERSON, VECTOR], limit))

    async def get(self, gallery: GalleryKey, face_ids: Sequence[int]) -> FaceRows:
        """Some faces, as far as they are there; at most 2,000."""
        if not face_ids:
            return self._faces(gallery, [])
        condition = f"{FACE} in {[int(face) for face in face_ids]} and {_within(gallery.collection)}"
        return self._faces(gallery, await self._query(condition, [FACE, PERSON, VECTOR], len(face_ids)))

    async def others(self, collections: Collection[str]) -> Mapping[str, int]:
        """Faces of other galleries than these, by collection; of many, a part."""
        condition = f"{GALLERY} not in {json.dumps(['', *sorted(collections)])}"
        rows = await self._query(condition, [GALLERY], _MAX_NOTES)
        return Counter(row[GALLERY] for row in rows)

    async def count(self, collection: str) -> int:
        """The number of faces of a gallery."""
        found = await self._call(
            "query",
            filter=_within(collection),
            output_fields=["count(*)"],
            consistency_level="Strong",
            timeout=_COUNT_S,
        )
        return int(found[0]["count(*)"])

    async def search(
        self, collection: str, probe: NDArray[np.float32], people: int, besides: Sequence[int]
    ) -> Hits:
        """Up to `people` people, each once, and none of `besides`. There may be more even if it finds fewer."""
        condition = _within(collection)
        if besides:
            condition += f" and {PERSON} not in {list(besides)}"
        (found,) = await self._call(
            "search",
            data=[probe],
            anns_field=VECTOR,
            limit=people,
            filter=condition,
            group_by_field=PERSON,
            output_fields=[PERSON],
            search_params={"metric_type": "IP", "params": self._parameters},
            consistency_level="Strong",
            timeout=SEARCH_S,
        )
        ids = [hit["entity"][PERSON] for hit in found]
        least = min((hit["distance"] for hit in found), default=-2.0)
        return Hits(np.array(ids, dtype=np.int64), least)

    async def _query(self, condition: str, fields: list[str], limit: int) -> list[dict[str, Any]]:
        found = await self._call(
            "query", filter=condition, output_fields=fields, limit=limit, consistency_level="Strong"
        )
        return list(found)

    async def _call(self, method: str, *arguments: Any, **named: Any) -> Any:
        try:
            return await self._connection.call(method, self.generation.name, *arguments, **named)
        except IndexReleased:
            # As milvus-lite leaves all of them when it starts.
            await self._connection.call("load_collection", self.generation.name, timeout=_LOAD_S)
            return await self._connection.call(method, self.generation.name, *arguments, **named)

    def _faces(self, gallery: GalleryKey, rows: Sequence[Mapping[str, Any]]) -> FaceRows:
        vectors = np.array([row[VECTOR] for row in rows], dtype=np.float32)
        return FaceRows(
            np.array([row[FACE] for row in rows], dtype=np.int64),
            np.array([row[PERSON] for row in rows], dtype=np.int64),
            vectors.reshape(-1, gallery.dimensions),
        )


def _within(collection: str) -> str:
    return f"{GALLERY} == {json.dumps(collection)}"


def _note_id(collection: str) -> int:
    """Below zero, where no face's id is."""
    return -1 - (int.from_bytes(hashlib.sha256(collection.encode()).digest()[:8]) >> 2)
