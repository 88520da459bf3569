"""People by the nearness of their faces; exact (docs/decisions/0003-exact-search.md)."""

from typing import TypeAlias

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Label,
    Select,
    any_,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB, distinct_on

from adapters.postgres.compiled_statement import CompiledStatement
from adapters.postgres.statements.common import (
    COLLECTION,
    DIMENSIONS,
    DIMENSIONS_ENROLLED,
    DIMENSIONS_STORED,
    FACE_ID,
    GATHERED,
    LIMIT,
    MODEL,
    PROFILE_ID,
    VECTOR_GIVEN,
    VECTOR_STORED,
)
from adapters.postgres.tables import collection, encryption_key, face, profile
from domain.people import FaceId, ProfileId

# In a sub-select, as a generic plan would otherwise convert the vector again for each row.
_distance: Label[float] = face.c.embedding.op("<#>", return_type=Double())(
    select(VECTOR_GIVEN).scalar_subquery()
).label("distance")

FacesFound: TypeAlias = Select[
    bool, int | None, int, bool, FaceId, ProfileId, str, str, bytes, float | None, float
]
"""Whether the collection exists, the dimensions and the number of people of its gallery; then a face a row.

Whether faces may be sealed comes before the face: the server can't compare those.

A face's columns are its id, its person's id and name, its detector, its vector, norm and distance. They are NULL in
the one row that there is if no face is found.
"""

_of_gallery = (face.c.collection == COLLECTION, face.c.recognition_model == MODEL)
_SEALED = exists(select(encryption_key.c.id)).label("sealed")
_wanted = (
    select(profile.c.id)
    .where(profile.c.collection == COLLECTION)
    .where(profile.c.metadata.contains(bindparam("about", type_=JSONB)))
)


def _faces(of: ColumnElement[bool]) -> Select[FaceId, ProfileId, str, str, bytes, float | None]:
    return (
        select(
            face.c.id,
            face.c.profile_id,
            profile.c.name,
            face.c.detection_model,
            VECTOR_STORED,
            face.c.embedding_norm,
        )
        .join(profile, profile.c.id == face.c.profile_id)
        .where(*_of_gallery, of)
    )


def _gallery(*, filtered: bool) -> Select[bool, int | None, int]:
    searched = select(func.count(face.c.profile_id.distinct())).where(*_of_gallery)
    if filtered:
        enrolled = exists().where(*_of_gallery, face.c.profile_id == profile.c.id)
        searched = select(func.count()).select_from(_wanted.where(enrolled).subquery())
    return select(
        exists().where(collection.c.name == COLLECTION).label("known"),
        DIMENSIONS_ENROLLED.label("dimensions"),
        searched.scalar_subquery().label("searched"),
    )


def _search(*, filtered: bool, all_people: bool) -> FacesFound:
    near = select(face.c.profile_id, face.c.id, _distance).where(
        *_of_gallery, func.vector_dims(face.c.embedding) == DIMENSIONS
    )
    if filtered:
        near = near.where(face.c.profile_id.in_(_wanted))
    if not all_people:
        near = near.order_by(_distance, face.c.id).limit(bindparam("candidates", type_=Integer))
    compared = near.subquery("near")
    best = (
        select(compared)
        .ext(distinct_on(compared.c.profile_id))
        .order_by(compared.c.profile_id, compared.c.distance, compared.c.id)
        .subquery("best")
    )
    people = select(best.c.profile_id).order_by(best.c.distance, best.c.id).limit(LIMIT)
    gallery = _gallery(filtered=filtered).add_columns(_SEALED).subquery("gallery")
    # Through an array, so that the planner uses the index however many people it expects.
    faces_of_people = _faces(
        face.c.profile_id == any_(func.array(people.scalar_subquery(), type_=ARRAY(BigInteger)))
    )
    found = faces_of_people.add_columns(_distance).subquery("found")
    return select(gallery, found).select_from(gallery.outerjoin(found, true())).order_by(found.c.id)


BY_NEAREST_FACES = {
    filtered: CompiledStatement(_search(filtered=filtered, all_people=False)) for filtered in (False, True)
}
"""Without and with a metadata filter. Finds too few people if a few have all of the nearest faces."""

BY_ALL_PEOPLE = {
    filtered: CompiledStatement(_search(filtered=filtered, all_people=True)) for filtered in (False, True)
}
"""Always finds enough people, but sorts the whole gallery."""

FACES_OF_PERSON = CompiledStatement(_faces(face.c.profile_id == PROFILE_ID).order_by(face.c.id))

# -- what the server can't compare

GALLERY = {filtered: CompiledStatement(_gallery(filtered=filtered)) for filtered in (False, True)}
"""Whether the collection exists, the dimensions and the number of people, without and with a metadata filter."""


def _page(*, filtered: bool) -> CompiledStatement:
    page = (
        select(face.c.id, face.c.profile_id, face.c.embedding, face.c.sealed)
        .where(*_of_gallery, face.c.id > FACE_ID, literal_column(DIMENSIONS_STORED) == DIMENSIONS)
        .where(*((face.c.profile_id.in_(_wanted),) if filtered else ()))
        .order_by(face.c.id)
        .limit(LIMIT)
    )
    return CompiledStatement(select(literal_column(GATHERED)).select_from(page.subquery("page")))


FACES_AFTER = {filtered: _page(filtered=filtered) for filtered in (False, True)}
"""A page of faces by ascending id."""

FACES_OF_PEOPLE = CompiledStatement(
    _faces(face.c.profile_id == any_(bindparam("people", type_=ARRAY(BigInteger)))).order_by(face.c.id)
)
