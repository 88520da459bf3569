"""The model service's addresses: what the protocol asks for, and what nobody should send."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import httpx
import numpy as np
import pytest
from dependency_injector import providers

from adapters.remote.protocol import HEADER_LENGTH, Tensor, bytes_tensor, read_answer, write_request
from entrypoints.bootstrap.analysis import AnalysisContainer
from entrypoints.bootstrap.settings import Settings
from entrypoints.model_server.app import create_model_app, served_models
from entrypoints.model_server.stages import MAX_BATCH
from tests.shared_folder import with_models

KEY = "a-key-between-services"
Parameters = dict[str, str | int | float | bool | None]


@pytest.fixture(scope="module")
def container(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnalysisContainer]:
    settings = Settings(
        data_dir=with_models(tmp_path_factory.mktemp("models")), service_key=KEY, max_body_mb=12
    )
    container = AnalysisContainer(settings=providers.Object(settings))
    yield container
    container.workers().close()


@pytest.fixture
async def client(container: AnalysisContainer) -> AsyncIterator[httpx.AsyncClient]:
    served = served_models(container, frozenset({"detection", "recognition"}), [])
    app = cast("Any", create_model_app(container, served))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://detection:5001", headers=headers, timeout=60
    ) as client:
        yield client


async def infer(
    client: httpx.AsyncClient, model: str, inputs: Mapping[str, Tensor], parameters: Parameters | None = None
) -> httpx.Response:
    body, header = write_request(inputs, parameters or {})
    return await client.post(f"/v2/models/{model}/infer", content=body, headers={HEADER_LENGTH: str(header)})


def refusal(response: httpx.Response) -> str:
    """The words of an error in the protocol's form."""
    said = response.json()
    assert set(said) == {"error", "code"}
    assert "Traceback" not in response.text
    words: str = said["error"]
    return words


async def test_the_service_and_its_models(client: httpx.AsyncClient) -> None:
    server = (await client.get("/v2")).json()
    assert server["name"] == "face-api"
    assert "binary_tensor_data" in server["extensions"]
    assert (await client.get("/v2/health/live")).json() == {"live": True}
    assert (await client.get("/v2/health/ready")).json() == {"ready": True}
    index = {model["name"]: model["state"] for model in (await client.post("/v2/repository/index")).json()}
    assert index["yunet"] == index["sface"] == "READY"
    assert index["arcface_r100"] == "UNAVAILABLE"
    assert "minifasnet_v2" not in index


async def test_a_model_states_what_it_takes_and_whose_weights_it_has(client: httpx.AsyncClient) -> None:
    told = (await client.get("/v2/models/sface")).json()
    assert told["inputs"] == [{"name": "crops", "datatype": "UINT8", "shape": [-1, 112, 112, 3]}]
    assert {"name": "raw", "datatype": "FP32", "shape": [-1, -1]} in told["outputs"]
    assert len(told["parameters"]["sha256"]) == 64
    assert told["parameters"]["dimensions"] == 128
    assert (await client.get("/v2/models/sface/ready")).json() == {"name": "sface", "ready": True}


@pytest.mark.parametrize(
    ("model", "status"), [("nobody", 404), ("minifasnet_v2", 404), ("arcface_r100", 409), ("%00", 404)]
)
@pytest.mark.parametrize("path", ["", "/ready", "/infer"])
async def test_models_that_are_not_served(
    client: httpx.AsyncClient, model: str, status: int, path: str
) -> None:
    if path == "/infer":
        response = await infer(client, model, {"crops": np.zeros((1, 112, 112, 3), np.uint8)})
    else:
        response = await client.get(f"/v2/models/{model}{path}")
    assert response.status_code == status
    assert refusal(response)


async def test_crops_as_lists_and_as_bytes_have_the_same_embedding(client: httpx.AsyncClient) -> None:
    crop = np.random.default_rng(0).integers(0, 256, (1, 112, 112, 3), np.uint8)
    binary = await infer(client, "sface", {"crops": crop})
    header = {"name": "crops", "shape": list(crop.shape), "datatype": "UINT8", "data": crop.ravel().tolist()}
    listed = await client.post("/v2/models/sface/infer", json={"id": "7", "inputs": [header]})
    said, found = read_answer(binary.content, binary.headers[HEADER_LENGTH])
    told = {output["name"]: output for output in listed.json()["outputs"]}
    assert listed.json()["id"] == "7"
    assert (said.model_name, said.parameters["dimensions"]) == ("sface", 128)
    assert told["embeddings"]["shape"] == list(found["embeddings"].shape) == [1, 128]
    np.testing.assert_allclose(told["embeddings"]["data"], found["embeddings"][0], atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found["raw"], axis=1), found["norms"], rtol=1e-6)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/v2/models/sface/infer/", 200), ("/v2//models/sface/infer", 404), ("/v2/models//infer", 405)],
)
async def test_addresses_with_more_slashes(client: httpx.AsyncClient, path: str, status: int) -> None:
    body, header = write_request({"crops": np.zeros((1, 112, 112, 3), np.uint8)}, {})
    answer = await client.post(path, content=body, headers={HEADER_LENGTH: str(header)})
    assert answer.status_code == status


async def test_only_outputs_that_are_wanted_are_sent(client: httpx.AsyncClient) -> None:
    body, header = write_request({"crops": np.zeros((2, 112, 112, 3), np.uint8)}, {}, ["norms"])
    answer = await client.post("/v2/models/sface/infer", content=body, headers={HEADER_LENGTH: str(header)})
    _, found = read_answer(answer.content, answer.headers[HEADER_LENGTH])
    assert list(found) == ["norms"]


BAD_INPUTS: dict[str, tuple[str, dict[str, Tensor], Parameters]] = {
    "none": ("sface", {}, {}),
    "another name": ("sface", {"faces": np.zeros((1, 112, 112, 3), np.uint8)}, {}),
    "another datatype": ("sface", {"crops": np.zeros((1, 112, 112, 3), np.float32)}, {}),
    "another shape": ("sface", {"crops": np.zeros((1, 3, 112, 112), np.uint8)}, {}),
    "one dimension less": ("sface", {"crops": np.zeros((112, 112, 3), np.uint8)}, {}),
    "too many": ("sface", {"crops": np.zeros((MAX_BATCH + 1, 112, 112, 3), np.uint8)}, {}),
    "no file": ("yunet", {}, {}),
    "two files": ("yunet", {"file": bytes_tensor(b"a", b"b")}, {}),
    "a file of numbers": ("yunet", {"file": np.zeros(10, np.uint8)}, {}),
    "a selection of nobody": ("yunet", {"file": bytes_tensor(b"a")}, {"selection": "nobody"}),
    "an unknown alignment": ("yunet", {"file": bytes_tensor(b"a")}, {"alignment": 7}),
    "a face of no size": ("yunet", {"file": bytes_tensor(b"a")}, {"min_face": 0}),
    "a face of any size": ("yunet", {"file": bytes_tensor(b"a")}, {"min_face": True}),
    "views without a shape": ("yunet", {"file": bytes_tensor(b"a"), "views": np.zeros(3)}, {}),
    "many views": ("yunet", {"file": bytes_tensor(b"a"), "views": np.full((9, 3), 80.0)}, {}),
    "huge views": ("yunet", {"file": bytes_tensor(b"a"), "views": np.array([[2.7, 1e9, 1e9]])}, {}),
    "views of nothing": ("yunet", {"file": bytes_tensor(b"a"), "views": np.array([[np.nan, 80, 80]])}, {}),
}


@pytest.mark.parametrize("name", BAD_INPUTS)
async def test_inputs_that_do_not_fit(client: httpx.AsyncClient, name: str) -> None:
    response = await infer(client, *BAD_INPUTS[name])
    assert response.status_code == 400
    assert refusal(response)


@pytest.mark.parametrize("field", ["file", "image"])
async def test_a_file_that_is_no_photo(client: httpx.AsyncClient, field: str) -> None:
    response = await infer(client, "yunet", {field: bytes_tensor(b"no photo")})
    assert response.status_code == 422
    assert response.json()["code"] == "invalid_image"


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (b"", None),
        (b"[" * 200_000, None),
        (b'{"inputs": []}', "999"),
        (b'{"inputs": []}', "-1"),
        (json.dumps({"inputs": [{"name": "crops", "shape": [2**62], "datatype": "UINT8"}]}).encode(), None),
    ],
    ids=["empty", "deep", "short", "negative", "huge"],
)
async def test_bodies_that_are_no_message(client: httpx.AsyncClient, body: bytes, header: str | None) -> None:
    headers = {} if header is None else {HEADER_LENGTH: header}
    response = await client.post("/v2/models/sface/infer", content=body, headers=headers)
    assert response.status_code == 400
    assert refusal(response)


async def test_a_body_beyond_the_bound(client: httpx.AsyncClient) -> None:
    response = await client.post("/v2/models/sface/infer", content=bytes(13_000_000))
    assert response.status_code == 413
    assert refusal(response)


async def test_a_body_beyond_the_bound_whose_length_nobody_says(client: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(13):
            yield bytes(1_000_000)

    response = await client.post("/v2/models/sface/infer", content=parts())
    assert response.status_code == 413
    assert refusal(response)


async def test_the_metrics_are_those_of_the_queue_and_of_the_stages(client: httpx.AsyncClient) -> None:
    await infer(client, "sface", {"crops": np.zeros((1, 112, 112, 3), np.uint8)})
    told = (await client.get("/metrics")).text
    assert "face_queue_photos" in told
    route = 'method="POST",route="/v2/models/{model}/infer",status="200"'
    assert f"face_requests_total{{{route}}}" in told
    assert 'face_stage_duration_seconds_count{stage="embed"}' in told


async def test_other_addresses_and_methods(client: httpx.AsyncClient) -> None:
    assert refusal(await client.get("/v2/nothing"))
    response = await client.get("/v2/models/sface/infer")
    assert response.status_code == 405
    assert refusal(response)


@pytest.mark.parametrize("key", ["", "x", KEY + "x", KEY[:-1], KEY.upper(), "é" * 8])
async def test_a_wrong_key(client: httpx.AsyncClient, key: str) -> None:
    headers = {"Authorization": b"Bearer " + key.encode()} if key else {"Authorization": b""}
    for path in ("/v2", "/v2/models/sface", "/v2/models/nobody"):
        response = await client.get(path, headers=cast("dict[str, str]", headers))
        assert response.status_code == 401
        assert refusal(response)
    for response in (
        await client.get("/metrics", headers=cast("dict[str, str]", headers)),
        await client.post("/v2/models/sface/infer", headers=cast("dict[str, str]", headers)),
    ):
        assert response.status_code == 401
    live = await client.get("/v2/health/live", headers=cast("dict[str, str]", headers))
    assert live.status_code == 200


async def test_the_header_of_the_api_does_as_well(client: httpx.AsyncClient) -> None:
    response = await client.get("/v2", headers={"Authorization": "", "X-API-Key": KEY})
    assert response.status_code == 200


async def test_a_request_that_came_too_late_is_not_carried_out(client: httpx.AsyncClient) -> None:
    response = await infer(client, "sface", {"crops": np.zeros((64, 112, 112, 3), np.uint8)}, {"timeout": 1})
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"
    assert response.json()["code"] == "busy"


async def test_without_a_key_pages_of_other_sites_are_refused(tmp_path: Path) -> None:
    container = AnalysisContainer(settings=providers.Object(Settings(data_dir=with_models(tmp_path))))
    served = served_models(container, frozenset({"detection"}), [])
    transport = httpx.ASGITransport(cast("Any", create_model_app(container, served)))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:5001") as client:
        assert (await client.get("/v2")).status_code == 200
        for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
            assert (await client.get("/v2", headers=headers)).status_code == 403
    container.workers().close()
