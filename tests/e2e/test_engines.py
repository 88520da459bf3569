"""What runs the models, and what is said of it."""

from pathlib import Path

import pytest

from tests.e2e.service import Service, refused_start


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_faces_of_one_precision_are_found_by_the_other(tmp_path: Path, lfw: Path, precision: str) -> None:
    """An explicit setting wins, and is said; nobody has to enrol anew when it changes."""
    one, other = (lfw / "images/Abdullah_Gul" / f"Abdullah_Gul_{number:04}.jpg" for number in (1, 2))
    vectors = {}
    for name in (precision, "int8" if precision == "float" else "float"):
        settings = {"FACE_DATABASE_URL": "memory", "FACE_INFERENCE": "openvino", "FACE_PRECISION": name}
        with Service(tmp_path, settings) as service:
            photo = {"image": ("photo", one.read_bytes())}
            (embedded,) = service.client.post("/api/face/embed", files=photo).json()["data"]
            assert (embedded["engine"], embedded["precision"]) == ("openvino", name)
            models = {model["name"]: model for model in service.client.get("/api/model").json()["data"]}
            ran = [models["sface"][key] for key in ("engine", "precision", "device")]
            assert ran == ["openvino", name, "cpu"]
            assert [models["yunet"][key] for key in ("engine", "precision")] == ["onnxruntime", "float"]
            vectors[name] = embedded["embedding"]
            if name != precision:
                enrolled = service.client.post(
                    "/api/face/register", params={"name": "Gul"}, json={"embedding": vectors[precision]}
                )
                assert enrolled.status_code == 200
                assert service.recognize(other.read_bytes()).json()["data"]["name"] == "Gul"
    assert 0.99 < sum(a * b for a, b in zip(*vectors.values(), strict=True)) < 1 - 1e-6


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"FACE_DEVICE": "cuda"},
            "FACE_DEVICE: cuda:0 can't be used: the installed ONNX Runtime has no CUDA",
        ),
        ({"FACE_DEVICE": "openvino:GPU.9"}, "FACE_DEVICE: openvino:GPU.9 can't be used: OpenVINO finds no"),
        (
            {"FACE_DEVICE": "cuda", "FACE_INFERENCE": "openvino"},
            "FACE_DEVICE: cuda:0 is a device of onnxruntime",
        ),
        ({"FACE_DEVICE": "gpu"}, "FACE_DEVICE: it must be cpu, cuda, cuda:N"),
    ],
)
def test_a_device_that_is_not_there_stops_the_start(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    assert refused_start(tmp_path, **settings).startswith(f"face-api: {said}")


def test_the_first_start_says_what_runs_the_models_and_later_ones_measure_nothing(tmp_path: Path) -> None:
    settings = {"FACE_DATABASE_URL": "memory", "FACE_PRECISION": "auto"}
    speeds = tmp_path / "data" / "prepared" / "speeds" / "speeds.json"
    with Service(tmp_path, settings, from_nothing=True) as service:
        models = {model["name"]: model for model in service.client.get("/api/model").json()["data"]}
    ran = f"{models['sface']['engine']} {models['sface']['precision']}"
    said = f"models run on the processor, by {ran}"
    (measured,) = (line for line in service.log.read_text().splitlines() if said in line)
    assert "; measured for a face: " in measured
    assert ran in {"onnxruntime float", "openvino float"}
    kept = speeds.stat()
    with Service(tmp_path, settings) as service:
        pass
    assert service.log.read_text().count(said) == 2
    assert speeds.stat().st_ino == kept.st_ino
