"""What the documentation page shows for texts and numbers, instead of "string" and 0."""

from collections.abc import Mapping
from typing import Any

EXAMPLES: Mapping[str, Any] = {
    "action": "recognize_face",
    "at": "2026-11-28T10:15:00.250000Z",
    "bound": 0.5,
    "client": "192.0.2.10",
    "code": "no_face_detected",
    "collection": "default",
    "concurrent_photos": 4,
    "detail": "Done",
    "detection_model": "yunet",
    "created_at": "2026-11-28T09:30:00Z",
    "crop": "iVBORw0KGgoAAAANSUhEUgAAAHAAAABwCAIAAABJgmMcAAAACXBIWXMAAAPoAAAD6AG1e1Jr",
    "deviation": 0.09,
    "device": "cpu",
    "distance": 0.38,
    "embedding": [0.0312, -0.0871, 0.0559],
    "embedding_norm": 11.4,
    "engine": "openvino",
    "expires_at": "2027-11-28T09:30:00Z",
    "fmr": 0.0001,
    "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "id": 1,
    "image": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8=",
    "last_used_at": "2026-11-28T10:15:00Z",
    "landmarks": [[102.4, 118.9], [151.7, 117.2], [127.1, 146.8], [107.9, 171.3], [148.2, 170.1]],
    "licence": "Apache-2.0",
    "mean": 0.02,
    "measure": "sharpness",
    "measures": {"sharpness": 0.81, "size": 112.0},
    "metadata": {"team": "red"},
    "name": "Ada",
    "names": ["Ada"],
    "nonce": "b1946ac92492d234",
    "photo_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "precision": "int8",
    "previous": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "profile_id": 1,
    "reason": "resembles_another",
    "recognition_model": "sface",
    "request_id": "5f1c2ab7e0d94410",
    "requests_per_minute": 600,
    "result": "match",
    "revoked_at": "2026-12-24T18:00:00Z",
    "score": 0.98,
    "secret": "face_ThisIsAnExampleAndNotTheSecretOfAnyKeyAtAll000000000",
    "similarity": 0.62,
    "source": "OpenCV Zoo",
    "task": "recognition",
    "threshold": 0.41,
    "timestamp": "1795479531",
    "value": 0.31,
    "verdict": "match",
}
"""By the name of a property."""

SPECIAL: Mapping[tuple[str, str], Any] = {
    ("BoxView", "x"): 84.5,
    ("BoxView", "y"): 61.0,
    ("BoxView", "width"): 88.2,
    ("BoxView", "height"): 117.6,
    ("CollectionsAnswer", "next"): "staff",
    ("CollectionView", "name"): "staff",
    ("ErrorAnswer", "detail"): "No face was found in the image.",
    ("FaceAnswer", "detail"): "Face moved",
    ("FacesAnswer", "detail"): "Face embeddings retrieved",
    ("KeyView", "name"): "front door",
    ("LivenessSessionView", "id"): "5d41402abc4b2a76b9719d911017c592",
    ("ModelView", "name"): "sface",
    ("NewCollection", "name"): "staff",
    ("NewKeyBody", "name"): "front door",
    ("RecognizedAnswer", "detail"): "Face recognized",
    ("RegisteredAnswer", "detail"): "Face registered",
    ("StartedView", "id"): "5d41402abc4b2a76b9719d911017c592",
    ("Success", "detail"): "Face embedding deleted",
}
"""By the name of a schema and a property of it, where that of other schemas doesn't fit."""


def example_of(schema: str, name: str) -> Any:
    """An example of a property; None if there is none."""
    return SPECIAL.get((schema, name), EXAMPLES.get(name))
