"""The Kubernetes manifests by the schemas of Kubernetes itself, which come with kubernetes-validate."""

from copy import deepcopy

import kubernetes_validate
import pytest
import yaml

from tests.integration.test_kubernetes import BASE, OVERLAY, Manifest, container, kustomization, manifests

VERSIONS = ["1.30", kubernetes_validate.latest_version()]
"""The oldest that is promised, and the newest whose schemas are installed."""


def patched() -> list[Manifest]:
    """What the overlay changes, as it is then."""
    found = {(one["kind"], one["metadata"]["name"]): one for one in manifests(BASE)}
    changed = []
    for patch in kustomization(OVERLAY)["patches"]:
        part = yaml.safe_load((OVERLAY / patch["path"]).read_text())
        if "target" in patch:
            for (kind, _), one in found.items():
                if kind == patch["target"]["kind"]:
                    changed.append(with_more_metrics(one, [operation["value"] for operation in part]))
            continue
        whole = deepcopy(found[part["kind"], part["metadata"]["name"]])
        container(whole).update(container(part))
        changed.append(whole)
    return changed


def with_more_metrics(autoscaler: Manifest, metrics: list[Manifest]) -> Manifest:
    changed = deepcopy(autoscaler)
    changed["spec"]["metrics"] += metrics
    return changed


ALL = {
    f"{where} {one['kind']} {one['metadata']['name']}": one
    for where, some in (("base", manifests(BASE)), ("overlay", [*manifests(OVERLAY), *patched()]))
    for one in some
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("which", ALL)
def test_manifests_follow_the_schema(which: str, version: str) -> None:
    kubernetes_validate.validate(ALL[which], version, strict=True)


@pytest.mark.parametrize(
    ("which", "path", "wrong"),
    [
        ("base Deployment api", ("spec", "replicas"), "two"),
        ("base Deployment api", ("spec", "replica"), 2),
        ("base Service api", ("spec", "ports", 0, "port"), None),
        ("base HorizontalPodAutoscaler detection", ("spec", "maxReplicas"), "many"),
        ("base PodDisruptionBudget api", ("spec", "minAvailable"), []),
    ],
)
def test_what_does_not_follow_it_is_noticed(which: str, path: tuple[str | int, ...], wrong: object) -> None:
    broken = deepcopy(ALL[which])
    place = broken
    for key in path[:-1]:
        place = place[key]  # type: ignore[index]
    place[path[-1]] = wrong  # type: ignore[index]
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, VERSIONS[-1], strict=True)


def test_something_is_checked() -> None:
    assert len(ALL) > 12
