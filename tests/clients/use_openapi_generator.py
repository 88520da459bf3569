"""Register and recognise with the client of openapi-generator's `python`: arguments are an address and a photo."""

import sys
from pathlib import Path

from openapi_client import ApiClient, Configuration, FacesApi, PhotosInJSONApi, RecognitionApi
from openapi_client.models.photo_or_embedding import PhotoOrEmbedding


def main(address: str, photo: str) -> None:
    """Raise an error unless the person is recognised."""
    content = Path(photo).read_bytes()
    client = ApiClient(Configuration(host=address))
    faces = FacesApi(client)
    face = faces.register_face(("photo.png", content), name="Grace").data
    assert [each.id for each in faces.list_faces(name="Grace").data] == [face.id]
    assert faces.recognize_face(("photo.png", content)).data.actual_instance.name == "Grace"
    (embedded,) = RecognitionApi(client).embed_faces(("photo.png", content)).data
    body = PhotoOrEmbedding(embedding=embedded.embedding)
    found = PhotosInJSONApi(client).recognize_face_from_json(body, top_k=1).data.actual_instance
    assert (found.id, found.candidates[0].profile_id) == (face.id, face.profile_id)
    faces.delete_face(face.id)


main(*sys.argv[1:])
