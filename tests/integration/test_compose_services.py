"""The composition of separate services, as far as it can be checked where no engine is."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from entrypoints.bootstrap.settings import PROJECT, load_settings
from entrypoints.cli.serve import STOP_S

COMPOSE = PROJECT / "docker" / "compose.services.yaml"
MODELS = {"detection": "FACE_DETECTION_URL", "recognition": "FACE_RECOGNITION_URL"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return loaded


def test_the_composition_follows_the_compose_specification() -> None:
    validator = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*validator, COMPOSE], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def environment(services: dict[str, dict[str, Any]], name: str) -> dict[str, str]:
    given: dict[str, str] = services[name]["environment"]
    return {key: "a-key-between-services" if "SERVICE_KEY" in key else value for key, value in given.items()}


def test_all_share_one_key_that_is_never_written_down(services: dict[str, dict[str, Any]]) -> None:
    keys = {services[name]["environment"]["FACE_SERVICE_KEY"] for name in ("api", *MODELS)}
    assert len(keys) == 1
    assert keys.pop().startswith("${FACE_SERVICE_KEY:?")


@pytest.mark.parametrize("name", MODELS)
def test_the_api_finds_each_model_service_where_it_listens(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    here = load_settings(environment(services, name), Path("/nonexistent"))
    assert environment(services, "api")[MODELS[name]] == f"http://{name}:{here.port}"
    assert services[name]["command"] == ["face-api", "serve-models", "--tasks", name]
    assert set(services[name]["networks"]) & set(services["api"]["networks"]) == {"models"}


@pytest.mark.parametrize("name", MODELS)
def test_model_services_can_be_scaled_and_are_published_to_nobody(
    services: dict[str, dict[str, Any]], name: str
) -> None:
    assert "ports" not in services[name]
    assert "container_name" not in services[name]
    assert "/data" in services[name]["volumes"]  # each replica has its own
    assert "/v2/health/ready" in services[name]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", ["api", *MODELS])
def test_containers_run_with_as_little_as_they_need(services: dict[str, dict[str, Any]], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert int(service["stop_grace_period"].removesuffix("s")) > STOP_S


def test_the_api_has_the_settings_of_separate_services(services: dict[str, dict[str, Any]]) -> None:
    settings = load_settings(environment(services, "api"), Path("/nonexistent"))
    assert set(settings.services) == set(MODELS)
