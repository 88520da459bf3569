"""EmbeddingRepository on PostgreSQL with pgvector; search is exact (docs/decisions/0003-exact-search.md)."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TypeAlias, TypeVarTuple
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.selectable import TypedReturnsRows

from adapters.postgres import statements
from application.ports.repository import FaceFilter
from domain.errors import InvalidEmbedding, Unavailable
from domain.faces import Embedding
from domain.people import Face, Match

_CANDIDATES = 4
"""So many faces a wanted person are looked at before the search goes through all by person."""

_Parameters: TypeAlias = Mapping[str, object]
_Ranked: TypeAlias = Row[UUID, UUID, str, str, float]
_Columns = TypeVarTuple("_Columns")


class PgVectorRepository:
    """Implements EmbeddingRepository.

    Adding and searching are one round trip each. A read is tried again once when its connection turns out
    to be dead; a write never is, because it may have been done.
    """

    def __init__(self, engine: AsyncEngine, new_id: Callable[[], UUID]) -> None:
        self._engine = engine
        # One statement is a transaction by itself, without the round trips of BEGIN and COMMIT.
        self._single = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._new_id = new_id

    async def add(self, name: str, embedding: Embedding, detection_model: str) -> Face:
        """See EmbeddingRepository.add."""
        face_id = self._new_id()
        async with _answering(self._single) as connection:
            result = await connection.execute(
                statements.ENROL,
                {
                    "face": face_id,
                    "profile": self._new_id(),
                    "person": name,
                    "detector": detection_model,
                    **_vector(embedding),
                },
            )
            profile_id: UUID | None = result.scalar_one_or_none()
        if profile_id is None:
            raise _other_dimension(embedding)
        return Face(face_id, _uuid(profile_id), name, embedding.model, detection_model)

    async def search(self, probe: Embedding, limit: int) -> list[Match]:
        """See EmbeddingRepository.search."""
        # The nearest face is the nearest person's; for more people, some faces will be of the same.
        candidates = limit if limit == 1 else limit * _CANDIDATES
        rows = await self._read(statements.NEAREST_FACES, {"limit": candidates, **_vector(probe)})
        people = _first_of_each(rows)
        if len(people) < limit and len(rows) == candidates:
            people = await self._read(statements.NEAREST_PEOPLE, {"limit": limit, **_vector(probe)})
        if not rows and limit and await self._read(statements.ANY_FACE, {"model": probe.model}):
            raise _other_dimension(probe)
        return [_match(row, probe.model) for row in people[:limit]]

    async def delete(self, face_id: UUID) -> bool:
        """See EmbeddingRepository.delete."""
        parameters = {"face": face_id}
        async with _answering(self._engine) as connection, connection.begin():
            # First the lock, which `add` takes too, then a look at what faces there are.
            profile_id: UUID | None = await connection.scalar(statements.LOCK_PERSON_OF, parameters)
            if profile_id is None or not await connection.scalar(statements.DELETE_FACE, parameters):
                return False
            await connection.execute(statements.DELETE_PERSON_WITHOUT_FACES, {"profile": profile_id})
        return True

    async def ping(self) -> None:
        """See EmbeddingRepository.ping."""
        await self._read(statements.PING, {})

    async def list(self, where: FaceFilter, limit: int, after: UUID | None = None) -> list[Face]:
        """See EmbeddingRepository.list."""
        if not all(map(_storable, (where.name, where.recognition_model))):
            return []
        rows = await self._read(statements.page(where, after), {"limit": limit})
        return [Face(_uuid(face_id), _uuid(profile_id), *rest) for face_id, profile_id, *rest in rows]

    async def _read(
        self, statement: TypedReturnsRows[*_Columns], parameters: _Parameters
    ) -> Sequence[Row[*_Columns]]:
        try:
            return await self._fetch(statement, parameters)
        except Unavailable as error:
            if not (isinstance(error.__cause__, DBAPIError) and error.__cause__.connection_invalidated):
                raise
            return await self._fetch(statement, parameters)

    async def _fetch(
        self, statement: TypedReturnsRows[*_Columns], parameters: _Parameters
    ) -> Sequence[Row[*_Columns]]:
        async with _answering(self._single) as connection:
            return (await connection.execute(statement, parameters)).all()


@asynccontextmanager
async def _answering(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A connection, and Unavailable for all that a server or the way to it can do wrong."""
    try:
        async with engine.connect() as connection:
            try:
                yield connection
            except TimeoutError:
                # Nobody knows what has become of it: it must not serve the next request.
                await connection.invalidate()
                raise
    except (SQLAlchemyError, OSError) as error:
        raise Unavailable("The database does not answer.") from error


def _vector(embedding: Embedding) -> dict[str, object]:
    return {
        "model": embedding.model,
        "vector": embedding.vector.tolist(),
        "dimensions": len(embedding.vector),
    }


def _first_of_each(rows: Sequence[_Ranked]) -> Sequence[_Ranked]:
    people: dict[UUID, _Ranked] = {}
    for row in rows:
        people.setdefault(row.profile_id, row)
    return list(people.values())


def _match(row: _Ranked, model: str) -> Match:
    face_id, profile_id, name, detection_model, distance = row
    face = Face(_uuid(face_id), _uuid(profile_id), name, model, detection_model)
    # The distance is the negative inner product, which rounding may carry past the ends.
    return Match(face, min(1.0, max(-1.0, -distance)))


def _uuid(value: UUID) -> UUID:
    """The standard library's own class: asyncpg has a subclass, which serialisers don't know."""
    return UUID(int=value.int)


def _storable(text: str | None) -> bool:
    """Whether PostgreSQL could hold it: if not, no row equals it, and asking would be an error."""
    return text is None or ("\0" not in text and text.encode(errors="ignore").decode() == text)


def _other_dimension(embedding: Embedding) -> InvalidEmbedding:
    return InvalidEmbedding(
        f"An embedding of {len(embedding.vector)} numbers is not of the length that is enrolled"
        f" for the model {embedding.model}."
    )
