"""People by the nearness of their faces; exact (docs/decisions/0003-exact-search.md)."""

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from adapters.postgres.compiled_statement import CompiledStatement
from adapters.postgres.statements.common import DIMENSIONS_ENROLLED, DIMENSIONS_STORED, GATHERED

_OF_GALLERY = "face.collection = :within AND face.recognition_model = :model"
_FACES = f"""
    SELECT face.id, face.profile_id, profile.name, face.detection_model,
        coalesce(face.sealed, vector_send(face.embedding)) AS vector, face.embedding_norm{{more}}
    FROM face JOIN profile ON profile.id = face.profile_id WHERE {_OF_GALLERY}"""

# In a sub-select, as a generic plan would otherwise convert the vector again for each row.
_DISTANCE = ", face.embedding <#> (SELECT CAST(CAST(:vector AS text) AS vector)) AS distance"

_WANTED = "SELECT profile.id FROM profile WHERE profile.collection = :within AND profile.metadata @> :about"
_SEARCHED = {
    False: f"SELECT count(DISTINCT face.profile_id) FROM face WHERE {_OF_GALLERY}",
    True: f"""SELECT count(*) FROM (
            {_WANTED} AND EXISTS (SELECT FROM face WHERE {_OF_GALLERY} AND face.profile_id = profile.id)
        ) AS enrolled""",
}
_ONLY_WANTED = {False: "", True: f"AND face.profile_id IN ({_WANTED})"}
"""Without and with a metadata filter, as all that is told apart by a flag here."""


def _statement(sql: str, *, filtered: bool) -> CompiledStatement:
    return CompiledStatement(text(sql).bindparams(bindparam("about", type_=JSONB)) if filtered else sql)


def _gallery(*, filtered: bool) -> str:
    return f"""
    SELECT EXISTS (SELECT FROM collection WHERE collection.name = :within) AS known,
        ({DIMENSIONS_ENROLLED}) AS dimensions, ({_SEARCHED[filtered]}) AS searched"""


def _search(nearest: str, *, filtered: bool) -> CompiledStatement:
    # Through an array, so that the planner uses the index however many people it expects.
    return _statement(
        f"""
    SELECT gallery.*, found.* FROM (
        {_gallery(filtered=filtered)}, EXISTS (SELECT FROM encryption_key) AS sealed
    ) AS gallery LEFT JOIN (
        {_FACES.format(more=_DISTANCE)} AND face.profile_id = ANY (ARRAY(
            SELECT best.profile_id FROM (
                SELECT DISTINCT ON (near.profile_id) near.* FROM (
                    SELECT face.profile_id, face.id{_DISTANCE} FROM face
                    WHERE {_OF_GALLERY} AND vector_dims(face.embedding) = :dimensions {_ONLY_WANTED[filtered]}
                    {nearest}
                ) AS near ORDER BY near.profile_id, near.distance, near.id
            ) AS best ORDER BY best.distance, best.id LIMIT :limit
        ))
    ) AS found ON true ORDER BY found.id
    """,
        filtered=filtered,
    )


BY_NEAREST_FACES = {
    filtered: _search("ORDER BY distance, face.id LIMIT :candidates", filtered=filtered)
    for filtered in (False, True)
}
"""Finds too few people if a few have all of the nearest faces.

First come whether the collection exists, the dimensions and the number of people of its gallery, and whether faces
may be sealed, which the server can't compare; then a face a row: its id, its person's id and name, its detector, its
vector, norm and distance. They are NULL in the one row that there is if no face is found.
"""

BY_ALL_PEOPLE = {filtered: _search("", filtered=filtered) for filtered in (False, True)}
"""The same; always finds enough people, but sorts the whole gallery."""

FACES_OF_PERSON = CompiledStatement(
    f"{_FACES.format(more='')} AND face.profile_id = :profile ORDER BY face.id"
)

# -- what the server can't compare

GALLERY = {filtered: _statement(_gallery(filtered=filtered), filtered=filtered) for filtered in (False, True)}
"""Whether the collection exists, the dimensions and the number of people."""

FACES_AFTER = {
    filtered: _statement(
        f"""
    SELECT {GATHERED} FROM (
        SELECT id, profile_id, embedding, sealed FROM face
        WHERE {_OF_GALLERY} AND face.id > :face AND {DIMENSIONS_STORED} = :dimensions {_ONLY_WANTED[filtered]}
        ORDER BY face.id LIMIT :limit
    ) AS page
    """,
        filtered=filtered,
    )
    for filtered in (False, True)
}
"""A page of faces by ascending id."""

FACES_OF_PEOPLE = CompiledStatement(
    f"{_FACES.format(more='')} AND face.profile_id = ANY (CAST(:people AS bigint[])) ORDER BY face.id"
)
