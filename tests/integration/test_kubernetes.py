"""The Kubernetes manifests, by what they say of each other and of the service: no cluster is here."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from adapters.prometheus.metrics import exposition
from entrypoints.bootstrap.settings import PROJECT, load_settings
from entrypoints.cli.serve import STOP_S

FOLDER = PROJECT / "docker" / "kubernetes"
BASE, OVERLAY = FOLDER / "base", FOLDER / "overlays" / "production"
API_VERSIONS = {
    "Deployment": "apps/v1",
    "Service": "v1",
    "PodDisruptionBudget": "policy/v1",
    "HorizontalPodAutoscaler": "autoscaling/v2",
    "NetworkPolicy": "networking.k8s.io/v1",
}
COMPONENTS = ["api", "detection", "recognition"]
SECRETS = {"service-key": "a-key-between-services", "database-password": "x"}
SECRETS["database-url"] = "postgresql+asyncpg://face@db:5432/face"

Manifest = dict[str, Any]


def kustomization(folder: Path) -> Manifest:
    loaded: Manifest = yaml.safe_load((folder / "kustomization.yaml").read_text())
    return loaded


def manifests(folder: Path) -> list[Manifest]:
    files = [name for name in kustomization(folder)["resources"] if name.endswith(".yaml")]
    return [found for name in files for found in yaml.safe_load_all((folder / name).read_text())]


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, Manifest]]:
    """By kind and name."""
    by_kind: dict[str, dict[str, Manifest]] = defaultdict(dict)
    for manifest in (*manifests(BASE), *manifests(OVERLAY)):
        by_kind[manifest["kind"]][manifest["metadata"]["name"]] = manifest
    return by_kind


@pytest.fixture(params=COMPONENTS)
def deployment(request: pytest.FixtureRequest, found: dict[str, dict[str, Manifest]]) -> Manifest:
    return found["Deployment"][request.param]


def container(deployment: Manifest) -> Manifest:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    loaded: Manifest = only
    return loaded


def labels(deployment: Manifest) -> Manifest:
    found: Manifest = deployment["spec"]["template"]["metadata"]["labels"]
    return found


def selects(selector: Manifest, pod: Manifest) -> bool:
    matched = selector.get("matchLabels", {}).items() <= pod.items()
    return matched and all(
        pod.get(rule["key"]) in rule["values"] for rule in selector.get("matchExpressions", [])
    )


def test_every_file_belongs_to_a_kustomization_and_every_kind_has_its_version() -> None:
    for folder in (BASE, OVERLAY):
        told = kustomization(folder)
        named = {*told["resources"], *(patch["path"] for patch in told.get("patches", []))}
        there = {path.name for path in folder.glob("*.yaml")} - {"kustomization.yaml"}
        assert {name for name in named if name.endswith(".yaml")} == there
        for manifest in manifests(folder):
            assert manifest["apiVersion"] == API_VERSIONS[manifest["kind"]]
            assert set(manifest) == {"apiVersion", "kind", "metadata", "spec"}
    assert (OVERLAY / kustomization(OVERLAY)["resources"][0]).resolve() == BASE


def test_patches_and_images_are_of_what_there_is(found: dict[str, dict[str, Manifest]]) -> None:
    for patch in kustomization(OVERLAY)["patches"]:
        if "target" in patch:
            assert patch["target"]["kind"] in found
            continue
        changed = yaml.safe_load((OVERLAY / patch["path"]).read_text())
        target = found[changed["kind"]][changed["metadata"]["name"]]
        assert container(changed)["name"] == container(target)["name"]
    images = {image["name"] for image in kustomization(OVERLAY)["images"]}
    assert {container(one)["image"] for one in found["Deployment"].values()} == images


def test_the_service_starts_with_the_environment_of_each(deployment: Manifest) -> None:
    environment = {}
    for variable in container(deployment)["env"]:
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        environment[variable["name"]] = SECRETS[reference["key"]] if reference else variable["value"]
    settings = load_settings(environment, Path("/nonexistent"))
    assert settings.port == container(deployment)["ports"][0]["containerPort"]
    assert settings.service_key
    assert not settings.local
    mounted = {volume["mountPath"] for volume in container(deployment)["volumeMounts"]}
    assert {str(settings.data_dir), str(settings.models_dir), "/tmp"} == mounted  # noqa: S108


def test_addresses_of_model_services_are_services(found: dict[str, dict[str, Manifest]]) -> None:
    environment = {
        variable["name"]: variable.get("value", "")
        for variable in container(found["Deployment"]["api"])["env"]
    }
    for key in ("FACE_DETECTION_URL", "FACE_RECOGNITION_URL"):
        host, _, port = environment[key].removeprefix("http://").partition(":")
        service = found["Service"][host]["spec"]
        assert service["ports"][0]["port"] == int(port)
        assert selects({"matchLabels": service["selector"]}, labels(found["Deployment"][host]))


def test_what_belongs_to_a_deployment_selects_its_pods(
    deployment: Manifest, found: dict[str, dict[str, Manifest]]
) -> None:
    name, pod = deployment["metadata"]["name"], labels(deployment)
    assert selects(deployment["spec"]["selector"], pod)
    assert selects(found["PodDisruptionBudget"][name]["spec"]["selector"], pod)
    assert found["PodDisruptionBudget"][name]["spec"]["minAvailable"] < deployment["spec"]["replicas"]
    scaled = found["HorizontalPodAutoscaler"][name]["spec"]
    assert scaled["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    assert scaled["minReplicas"] <= deployment["spec"]["replicas"] <= scaled["maxReplicas"]
    policies = [
        one["spec"] for one in found["NetworkPolicy"].values() if selects(one["spec"]["podSelector"], pod)
    ]
    assert any(policy["policyTypes"] == ["Ingress", "Egress"] and len(policy) == 2 for policy in policies)
    assert any("ingress" in policy for policy in policies)


def test_pods_run_with_as_little_as_they_need(deployment: Manifest) -> None:
    pod = deployment["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] > STOP_S
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(deployment)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    resources = container(deployment)["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert resources["limits"]["memory"] == resources["requests"]["memory"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in container(deployment)["volumeMounts"]} == volumes


def test_probes_ask_what_is_served(deployment: Manifest) -> None:
    prefix = "/health" if deployment["metadata"]["name"] == "api" else "/v2/health"
    ports = {port["name"] for port in container(deployment)["ports"]}
    for probe, path in (("startupProbe", "live"), ("livenessProbe", "live"), ("readinessProbe", "ready")):
        asked = container(deployment)[probe]["httpGet"]
        assert asked["path"] == f"{prefix}/{path}"
        assert asked["port"] in ports


def test_autoscalers_read_the_queue_that_the_pods_tell(
    deployment: Manifest, found: dict[str, dict[str, Manifest]]
) -> None:
    (operation,) = yaml.safe_load((OVERLAY / "queue.yaml").read_text())
    assert (operation["op"], operation["path"]) == ("add", "/spec/metrics/-")
    assert found["HorizontalPodAutoscaler"][deployment["metadata"]["name"]]["spec"]["metrics"]
    name = operation["value"]["pods"]["metric"]["name"]
    assert f"# TYPE {name} gauge" in exposition().decode()
    (rule,) = yaml.safe_load((FOLDER / "prometheus-adapter.yaml").read_text())["rules"]["custom"]
    assert rule["seriesQuery"].startswith(name + "{")
    assert rule["name"]["as"] == name
