"""Register and recognise with the client of openapi-python-client: arguments are an address and a photo."""

import io
import sys
from pathlib import Path

from face_api_client import Client
from face_api_client.api.faces import delete_face, recognize_face, register_face
from face_api_client.models import RecognizedAnswer, RecognizeFaceBody, RegisteredAnswer, RegisterFaceBody
from face_api_client.types import File


def main(address: str, photo: str) -> None:
    """Raise an error unless the person is recognised."""
    content = Path(photo).read_bytes()
    client = Client(base_url=address, timeout=60)

    def file() -> File:
        return File(io.BytesIO(content), "photo.png", "image/png")

    registered = register_face.sync(client=client, body=RegisterFaceBody(file()), name="Grace")
    assert isinstance(registered, RegisteredAnswer), registered
    recognised = recognize_face.sync(client=client, body=RecognizeFaceBody(file()))
    assert isinstance(recognised, RecognizedAnswer), recognised
    assert recognised.data.name == "Grace"
    assert delete_face.sync(registered.data.id, client=client).status == "success"


main(*sys.argv[1:])
