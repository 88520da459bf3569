"""How a request says which person it is about: by name, or by the id of their profile."""

from typing import TypeAlias

from application.ports.people import ProfileRepository
from domain.errors import InvalidInput
from domain.people import PersonName, ProfileId, person_name

PersonReference: TypeAlias = PersonName | ProfileId


def one_of(name: str | None, profile_id: ProfileId | None) -> PersonReference:
    """The person that a request means, who may be given in two ways.

    Raises:
        InvalidInput: in neither, or in both.
        InvalidName: nobody can have this name.
    """
    if name is not None and profile_id is None:
        return person_name(name)
    if profile_id is not None and name is None:
        return profile_id
    raise InvalidInput("Give either name or profile_id.")


async def find_profile_id(
    profiles: ProfileRepository, collection: str, person: PersonReference
) -> ProfileId | None:
    """The id of the person's profile; None if nobody in the collection has the name.

    Raises:
        InvalidName: nobody can have this name.
    """
    if not isinstance(person, str):
        return person
    profile = await profiles.find(collection, person_name(person))
    return None if profile is None else profile.id
