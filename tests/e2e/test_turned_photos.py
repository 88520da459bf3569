"""Faces that are not upright, and faces in the background, over a real socket."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service


def jpeg(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def tilted(image: Image.Image, degrees: int) -> Image.Image:
    large = image.resize((1000, 1000), Image.Resampling.LANCZOS)
    return large.rotate(degrees, Image.Resampling.BICUBIC, fillcolor=(128, 128, 128))


@pytest.fixture(scope="module")
def people(lfw: Path) -> list[Image.Image]:
    """Photos of two people, alone."""
    folders = [folder for folder in sorted((lfw / "images").iterdir()) if len(list(folder.iterdir())) > 1]
    return [Image.open(min(folder.iterdir())).convert("RGB") for folder in folders[3:5]]


@pytest.mark.parametrize("degrees", [30, -45, 45, 60, -75, 90, 180, 270])
def test_what_register_takes_is_recognised_however_it_is_turned(
    service: Service, people: list[Image.Image], degrees: int
) -> None:
    for number, person in enumerate(people):
        photo = jpeg(person.rotate(degrees, expand=True) if degrees % 90 == 0 else tilted(person, degrees))
        collection = {"collection": f"turned{number}{degrees % 360}"}
        envelope(service.client.post("/api/collection", json={"name": collection["collection"]}))
        envelope(service.register("Upright", jpeg(person), **collection))
        assert envelope(service.recognize(photo, **collection))["data"]["name"] == "Upright"
        envelope(service.register("Upright", photo, **collection))
        assert envelope(service.recognize(photo, **collection))["data"]["distance"] < 0.3
        files = {"image1": ("one", photo), "image2": ("other", photo)}
        assert envelope(service.client.post("/api/face/verify", files=files))["data"]["verdict"] == "match"


def test_the_box_of_a_turned_photo_is_in_its_own_coordinates(
    service: Service, people: list[Image.Image]
) -> None:
    wide = Image.new("RGB", (400, 250), (110, 120, 130))
    wide.paste(people[0], (150, 0))
    (upright,) = detected(service, jpeg(wide))
    (turned,) = detected(service, jpeg(wide.transpose(Image.Transpose.ROTATE_90)))
    box, other = upright["box"], turned["box"]
    assert abs(other["x"] - box["y"]) < 12
    assert abs(other["y"] - (400 - box["x"] - box["width"])) < 12
    assert turned["landmarks"][0][1] > turned["landmarks"][1][1]  # the right eye is below the left one


def detected(service: Service, photo: bytes) -> list[dict[str, Any]]:
    faces: list[dict[str, Any]] = envelope(
        service.client.post("/api/face/detect", files={"image": ("photo", photo)})
    )["data"]
    return faces


def test_a_face_in_the_background_is_left_out_and_counted(
    service: Service, people: list[Image.Image]
) -> None:
    first, second = people
    alone = envelope(service.register("Alone", jpeg(first)))["data"]
    assert "faces_left_out" not in alone
    photo = Image.new("RGB", (700, 500), (110, 120, 130))
    photo.paste(first.resize((500, 500)), (100, 0))
    photo.paste(second.crop((60, 50, 190, 200)), (570, 0))
    registered = envelope(service.register("In front", jpeg(photo)))["data"]
    assert registered["faces_left_out"] == 1
    (searched,) = envelope(
        service.client.post(
            "/api/face/search", params={"faces": "single"}, files={"image": ("p", jpeg(first))}
        )
    )["data"]
    assert "faces_left_out" not in searched
    assert searched["candidates"][0]["name"] in {"Alone", "In front"}


def test_two_of_similar_size_are_refused(service: Service, people: list[Image.Image]) -> None:
    photo = Image.new("RGB", (500, 250))
    photo.paste(people[0], (0, 0))
    photo.paste(people[1].resize((220, 220)), (250, 0))
    refusal(service.register("Who", jpeg(photo)), 422, "multiple_faces")
