"""Liveness and quality, over a real socket."""

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from adapters.files.liveness import write_liveness_calibration
from domain.liveness.calibration import LivenessCalibration, MeasuredRate
from tests.e2e.envelope import envelope, refusal
from tests.e2e.service import Service, furnish, refused_start


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory, assets: Path) -> Iterator[Service]:
    """A service that lets only living faces pass."""
    settings = {"FACE_DATABASE_URL": "memory", "FACE_LIVENESS": "enforce"}
    settings["FACE_MODELS_DIR"] = str(assets / "models")
    with Service(tmp_path_factory.mktemp("strict"), settings) as service:
        yield service


@pytest.fixture(scope="module")
def observing(tmp_path_factory: pytest.TempPathFactory, assets: Path) -> Iterator[Service]:
    """A service that says what it sees."""
    settings = {"FACE_DATABASE_URL": "memory", "FACE_LIVENESS": "observe"}
    settings["FACE_MODELS_DIR"] = str(assets / "models")
    with Service(tmp_path_factory.mktemp("observing"), settings) as service:
        yield service


def spoof(assets: Path, name: str) -> bytes:
    return (assets / "faces" / "spoof" / name).read_bytes()


@pytest.mark.parametrize("attack", ["fake_1.jpg", "fake_2.jpg"])
def test_an_attack_is_refused_wherever_a_face_is_taken(strict: Service, assets: Path, attack: str) -> None:
    image, live = spoof(assets, attack), spoof(assets, "real_1.jpg")
    refusal(strict.register("Attacker", image, faces="largest"), 403, "spoof_detected")
    refusal(strict.recognize(image), 403, "spoof_detected")
    files = {"image1": ("one", live), "image2": ("other", image)}
    refusal(strict.client.post("/api/face/verify", files=files), 403, "spoof_detected")
    (found,) = envelope(strict.recognize(image, faces="all"))["data"]
    assert (found["verdict"], found["candidates"]) == ("spoof_detected", [])


def test_a_living_face_is_accepted(strict: Service, assets: Path) -> None:
    live = spoof(assets, "real_1.jpg")
    registered = envelope(strict.register("Alive", live, faces="largest"))["data"]
    assert registered["liveness"]["live"] is True
    recognized = envelope(strict.recognize(live))["data"]
    assert (recognized["name"], recognized["liveness"]["live"]) == ("Alive", True)


def grey(path: Path, photo: bytes) -> bytes:
    """The photo without its colours."""
    with Image.open(io.BytesIO(photo)) as image:
        ImageOps.exif_transpose(image).convert("L").save(path / "grey.jpg")
    return (path / "grey.jpg").read_bytes()


def test_what_cannot_be_judged_is_refused_as_that(strict: Service, tmp_path: Path, assets: Path) -> None:
    live = spoof(assets, "real_1.jpg")
    image = grey(tmp_path, live)
    response = strict.register("Grey", image, faces="largest")
    refusal(response, 403, "liveness_undetermined")
    assert response.json()["data"] == ["grey"]
    refusal(strict.recognize(image), 403, "liveness_undetermined")
    files = {"image1": ("one", live), "image2": ("other", image)}
    refusal(strict.client.post("/api/face/verify", files=files), 403, "liveness_undetermined")
    (found,) = envelope(strict.recognize(image, faces="all"))["data"]
    assert (found["verdict"], found["candidates"]) == ("liveness_undetermined", [])
    looked = envelope(strict.client.post("/api/face/liveness", files={"image": ("photo", image)}))["data"]
    assert (looked["live"], looked["verdict"], looked["reasons"]) == (False, "undetermined", ["grey"])


def test_observing_says_that_nothing_can_be_said(observing: Service, tmp_path: Path, assets: Path) -> None:
    image = grey(tmp_path, spoof(assets, "real_1.jpg"))
    registered = envelope(observing.register("Grey", image, faces="largest"))["data"]["liveness"]
    assert (registered["live"], registered["verdict"], registered["reasons"]) == (
        False,
        "undetermined",
        ["grey"],
    )
    assert {"score", "threshold"} < set(registered)
    refusal(observing.recognize(image, liveness="enforce"), 403, "liveness_undetermined")


def test_a_threshold_of_the_operators_own_is_used_at_once(observing: Service, assets: Path) -> None:
    files = {"image": ("photo", spoof(assets, "real_1.jpg"))}

    def looked() -> dict[str, object]:
        data: dict[str, object] = envelope(observing.client.post("/api/face/liveness", files=files))["data"]
        return data

    assert looked()["threshold"] == pytest.approx(0.4)
    path = observing.directory / "data" / "liveness.toml"
    found = LivenessCalibration(
        models=("minifasnet_v2", "minifasnet_v1se"),
        threshold=0.9999999,
        wanted_bpcer=0.01,
        bpcer=MeasuredRate(0.01, 0.002, 0.054, 100),
    )
    write_liveness_calibration(found, path)
    assert (looked()["threshold"], looked()["verdict"]) == (0.9999999, "spoof")
    write_liveness_calibration(replace(found, models=("minifasnet_v2",)), path)
    refusal(observing.client.post("/api/face/liveness", files=files), 503, "broken_model")
    path.unlink()
    assert looked()["live"] is True


def test_a_threshold_of_other_models_stops_the_start(tmp_path: Path, assets: Path) -> None:
    furnish(tmp_path / "data", "memory")
    settings = {"FACE_LIVENESS": "enforce", "FACE_LIVENESS_MODELS": "minifasnet_v2"}
    found = LivenessCalibration(
        models=("minifasnet_v1se",),
        threshold=0.9,
        wanted_bpcer=0.01,
        bpcer=MeasuredRate(0.01, 0.002, 0.054, 100),
    )
    write_liveness_calibration(found, tmp_path / "data" / "liveness.toml")
    said = refused_start(tmp_path, FACE_MODELS_DIR=str(assets / "models"), **settings)
    assert "FACE_LIVENESS: The liveness calibration was measured with minifasnet_v1se" in said


def test_a_request_cannot_loosen_the_policy(strict: Service, assets: Path) -> None:
    refusal(strict.recognize(spoof(assets, "fake_1.jpg"), liveness="off"), 403, "spoof_detected")


def test_an_embedding_does_not_show_whether_it_is_alive(strict: Service) -> None:
    body = {"embedding": [1.0] + [0.0] * 127}
    refusal(strict.client.post("/api/face/recognize", json=body), 422, "validation_error")


@pytest.mark.parametrize(
    ("photo", "live"), [("real_1.jpg", True), ("fake_1.jpg", False), ("fake_2.jpg", False)]
)
def test_liveness_can_be_asked_alone(strict: Service, assets: Path, photo: str, live: bool) -> None:  # noqa: FBT001
    files = {"image": ("photo", spoof(assets, photo))}
    looked = envelope(strict.client.post("/api/face/liveness", files=files))["data"]
    assert looked["live"] is live
    assert (looked["score"] >= looked["threshold"]) is live


def test_without_a_model_liveness_is_409_and_all_else_works(service: Service, astronaut: bytes) -> None:
    response = service.client.post("/api/face/liveness", files={"image": ("photo", astronaut)})
    refusal(response, 409, "model_not_installed")
    refusal(service.recognize(astronaut, liveness="enforce"), 409, "model_not_installed")
    assert "liveness" not in envelope(service.register("Eileen", astronaut))["data"]


def test_enforcing_without_a_model_stops_the_start(tmp_path: Path) -> None:
    assert refused_start(tmp_path, FACE_LIVENESS="enforce").startswith("face-api: FACE_LIVENESS: ")


def blurred(path: Path, astronaut: bytes) -> bytes:
    """The astronaut at a sixteenth of the size, and back."""
    source = path / "source.png"
    source.write_bytes(astronaut)
    with Image.open(source) as image:
        image.convert("RGB").resize((40, 40)).resize((512, 512)).save(path / "blurred.png")
    return (path / "blurred.png").read_bytes()


def test_a_bad_photo_is_refused_with_its_reasons(service: Service, tmp_path: Path, astronaut: bytes) -> None:
    response = service.register("Eileen", blurred(tmp_path, astronaut))
    refusal(response, 422, "low_quality")
    reasons = response.json()["data"]
    assert reasons
    assert all(set(reason) == {"measure", "value", "bound"} for reason in reasons)
    assert "sharpness" in {reason["measure"] for reason in reasons}


def test_quality_is_told_when_asked(service: Service, astronaut: bytes) -> None:
    registered = envelope(service.register("Eileen", astronaut, quality="true", faces="largest"))["data"]
    assert 0 < registered["quality"]["score"] <= 1
    assert np.isfinite(list(registered["quality"]["measures"].values())).all()
    recognized = envelope(service.recognize(astronaut, quality="true"))["data"]
    # The norm may be that of an estimate, as the similarity is.
    norms = [face["quality"]["measures"].pop("embedding_norm") for face in (recognized, registered)]
    assert norms[0] == pytest.approx(norms[1], abs=0.1)
    assert recognized["quality"]["measures"] == registered["quality"]["measures"]
    assert recognized["quality"]["score"] == pytest.approx(registered["quality"]["score"], abs=0.1)
