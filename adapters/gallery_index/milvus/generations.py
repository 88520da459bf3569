"""The Milvus collections of a recognition model: the one that is searched, and one that is being built."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.gallery_index.milvus.connection import IndexMissing, MilvusConnection
from application.ports.change_feed import GalleryKey

FACE, PERSON, GALLERY, NOTE, VECTOR = "face", "person", "gallery", "note", "vector"
_NAME = re.compile(r"(?P<series>face_\w+)_g(?P<number>\d+)_(?P<type>[A-Z_]+)_[0-9a-f]{6}")
_CREATE_S = 120.0
_NOTE_BYTES = 65_535
_NAME_BYTES = 255

_LISTS = 128
"""All of which are looked at: the nearest face is in any of them."""

INDEX_TYPES: Mapping[str, tuple[Mapping[str, object], Mapping[str, object]]] = {
    "FLAT": ({}, {}),
    "IVF_FLAT": ({"nlist": _LISTS}, {"nprobe": _LISTS}),
    "IVF_RABITQ": (
        {"nlist": _LISTS, "refine": True, "refine_type": "FP32"},
        {"nprobe": _LISTS, "rbq_query_bits": 8, "refine_k": 400},
    ),
    "SCANN": ({"nlist": _LISTS, "with_raw_data": True}, {"nprobe": _LISTS, "reorder_k": 1000}),
}
"""Parameters of building and of searching (docs/decisions/0015-distributed-index.md)."""


@dataclass(frozen=True, slots=True, order=True)
class Generation:
    """One Milvus collection. Its name is never used again, even if all are lost."""

    number: int
    name: str
    series: str
    index_type: str


def series_of(gallery: GalleryKey) -> str:
    """The name by which the collection of a gallery's model is searched: an alias."""
    readable = re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0]):x}_", gallery.model)
    return f"face_{readable}_{gallery.dimensions}"


class Generations:
    """Makes, switches and drops them."""

    def __init__(self, connection: MilvusConnection, index_type: str) -> None:
        self._connection = connection
        self.index_type = index_type

    async def serving(self, of: str) -> Generation | None:
        """The one of a series that is searched; None before the first is built."""
        try:
            found = await self._connection.call("describe_alias", of)
        except IndexMissing:
            return None
        return _parsed(found.get("collection_name", ""))

    async def all(self) -> Sequence[Generation]:
        """All of all series, oldest first."""
        names = await self._connection.call("list_collections")
        return sorted(filter(None, map(_parsed, names)))

    async def create(self, of: str, number: int, dimensions: int) -> Generation:
        """Make an empty one."""
        name = f"{of}_g{number}_{self.index_type}_{secrets.token_hex(3)}"
        types, client = self._connection.module.DataType, self._connection.module.MilvusClient
        schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field(FACE, types.INT64, is_primary=True)
        schema.add_field(PERSON, types.INT64)
        schema.add_field(GALLERY, types.VARCHAR, max_length=_NAME_BYTES, is_partition_key=True)
        schema.add_field(NOTE, types.VARCHAR, max_length=_NOTE_BYTES)
        schema.add_field(VECTOR, types.FLOAT_VECTOR, dim=dimensions)
        parameters = client.prepare_index_params()
        building, _ = INDEX_TYPES[self.index_type]
        parameters.add_index(VECTOR, index_type=self.index_type, metric_type="IP", params=dict(building))
        given: dict[str, Any] = {"schema": schema, "index_params": parameters}
        await self._connection.call("create_collection", name, timeout=_CREATE_S, **given)
        return Generation(number, name, of, self.index_type)

    async def seal(self, generation: Generation) -> None:
        """Let all that was written be indexed, rather than only what fills a segment."""
        await self._connection.call("flush", generation.name, timeout=_CREATE_S)

    async def serve(self, generation: Generation) -> None:
        """Let this one be searched from now on."""
        known = await self.serving(generation.series) is not None
        method = "alter_alias" if known else "create_alias"
        await self._connection.call(method, generation.name, generation.series)

    async def drop(self, generation: Generation) -> None:
        """Delete one."""
        await self._connection.call("drop_collection", generation.name, timeout=_CREATE_S)


def _parsed(name: str) -> Generation | None:
    parts = _NAME.fullmatch(name)
    if parts is None or parts["type"] not in INDEX_TYPES:
        return None
    return Generation(int(parts["number"]), name, parts["series"], parts["type"])
