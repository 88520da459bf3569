"""The form of a batch: who is on which photo."""

import asyncio
import hashlib
from dataclasses import dataclass, field

import msgspec

from application.analysis.sources import Photo
from application.enrolment import BatchItem
from domain.errors import InvalidInput
from entrypoints.http.requests.forms import content_parts
from entrypoints.http.requests.multipart import MULTIPART, AnyRequest, media_type
from entrypoints.http.requests.text import utf8
from entrypoints.http.requests.zips import items_of

MAX_ITEMS = 1000


@dataclass(slots=True)
class _Form:
    """The fields read so far."""

    max_photo_bytes: int
    items: list[BatchItem] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    images: list[bytes] = field(default_factory=list)
    person: str | None = None
    """The last `name`."""
    awaits_image: bool = False
    """Whether the last `name` has no `image` yet."""

    async def add(self, name: str, content: bytes) -> None:
        match name:
            case "name":
                self.refuse_name_without_image()
                self.person, self.awaits_image = utf8(content, "name"), True
            case "image" if self.person is not None:
                self.items.append(BatchItem(self.person, Photo(content)))
                self.awaits_image = False
            case "image":
                raise InvalidInput("The form has an 'image' before the first 'name'.")
            case "names":
                self.names.append(utf8(content, "names"))
            case "images":
                self.images.append(content)
            case _:  # archive
                # Reading the directory of a zip file takes long enough to block others.
                self.items += await asyncio.to_thread(items_of, content, MAX_ITEMS, self.max_photo_bytes)

    def refuse_name_without_image(self) -> None:
        if self.awaits_image:
            raise InvalidInput(
                "The form has a 'name' without an 'image' after it. If your client sends all names first, send"
                " 'names' and 'images', as many of each."
            )

    def complete(self) -> list[BatchItem]:
        self.refuse_name_without_image()
        names = _listed(self.names)
        if len(names) != len(self.images):
            raise InvalidInput(
                f"The form has {len(names)} 'names' and {len(self.images)} 'images': it needs as many of each."
            )
        if names and self.person is not None:
            raise InvalidInput("The form has both 'name' and 'names': send one of them.")
        self.items += [BatchItem(name, Photo(image)) for name, image in zip(names, self.images, strict=True)]
        if not self.items:
            raise InvalidInput("The form has no photos.")
        if len(self.items) > MAX_ITEMS:
            raise InvalidInput(f"The form has more than {MAX_ITEMS} photos.")
        return self.items


async def read_batch(request: AnyRequest) -> tuple[list[BatchItem], bytes]:
    """The photos of the form, in order, and a digest of all that it carries.

    Raises:
        InvalidInput: it is no such form.
        ImageTooLarge: the archive expands too much.
    """
    kind, _ = media_type(request)
    if kind != MULTIPART:
        raise InvalidInput(f"Send {MULTIPART} with 'names' and 'images', or an 'archive'.")
    form = _Form(int(request.route_handler.resolve_request_max_body_size() or 0))
    digest = hashlib.sha256()
    for name, content in content_parts(request):
        digest.update(f"{name}\0{len(content)}\0".encode(errors="replace"))
        digest.update(content)
        await form.add(name, content)
    return form.complete(), digest.digest()


def _listed(names: list[str]) -> list[str]:
    """The names, which some generated clients send as one JSON array."""
    if len(names) == 1 and names[0].lstrip().startswith("["):
        try:
            return msgspec.json.decode(names[0], type=list[str])
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return names
    return names
