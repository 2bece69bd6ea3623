"""Pods without privileges, and images by digest: Kubernetes' own standard "restricted", and a root file system that is not written to."""

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kuberay"
DIGEST = re.compile(r"[\w./:-]+@sha256:([0-9a-f]{64}|DIGEST)")
"""``DIGEST`` is for the user's own image: no tool takes it as it stands."""
WRITTEN = ("/tmp", "/home/ray", "/dev/shm")


def documents() -> list[dict[str, Any]]:
    return [document for path in sorted(FOLDER.glob("*.yaml")) for document in yaml.safe_load_all(path.read_text())]


def pod_specs(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every pod's spec of a document, wherever it stands."""
    if isinstance(node, dict):
        if "containers" in node:
            yield where, node
        for key, value in node.items():
            yield from pod_specs(value, f"{where}.{key}")
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from pod_specs(value, f"{where}[{place}]")


PODS = [(document["kind"] + where, spec) for document in documents() for where, spec in pod_specs(document)]
[RAY_JOB] = [document for document in documents() if document["kind"] == "RayJob"]


def containers(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [*spec.get("initContainers", ()), *spec["containers"]]


def faults(spec: dict[str, Any]) -> list[str]:
    """What "restricted" would refuse of a pod, and what is written to its root file system."""
    found, pod = [], spec.get("securityContext", {})
    if pod.get("seccompProfile") != {"type": "RuntimeDefault"}:
        found.append("seccomp")
    if pod.get("runAsNonRoot") is not True or not pod.get("runAsUser"):
        found.append("root")
    found += [key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key)]
    found += ["hostPath" for volume in spec.get("volumes", ()) if "hostPath" in volume]
    for container in containers(spec):
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            found.append("escalation")
        if own.get("capabilities") != {"drop": ["ALL"]}:
            found.append("capabilities")
        if own.get("readOnlyRootFilesystem") is not True:
            found.append("root file system")
        if {"runAsUser", "runAsNonRoot", "seccompProfile"} & own.keys():
            found.append("the container overrides the pod")
        if not container.get("resources", {}).get("limits"):
            found.append("limits")
        if not DIGEST.fullmatch(container["image"]):
            found.append(f"image {container['image']}")
    return found


def test_every_pod_is_looked_at() -> None:
    """Head, three kinds of workers, the submitter, the nightly job."""
    assert len(PODS) == 6 and sum(len(containers(spec)) for _, spec in PODS) == 7


@pytest.mark.parametrize(("where", "spec"), PODS, ids=[where for where, _ in PODS])
def test_no_pod_has_a_privilege(where: str, spec: dict[str, Any]) -> None:
    assert faults(spec) == []


@pytest.mark.parametrize(
    ("fault", "spoil"),
    [
        ("seccomp", lambda spec: spec["securityContext"].pop("seccompProfile")),
        ("root", lambda spec: spec["securityContext"].update(runAsUser=0)),
        ("hostNetwork", lambda spec: spec.update(hostNetwork=True)),
        ("escalation", lambda spec: spec["containers"][0]["securityContext"].pop("allowPrivilegeEscalation")),
        (
            "capabilities",
            lambda spec: spec["containers"][0]["securityContext"].update(capabilities={"add": ["SYS_ADMIN"]}),
        ),
        ("root file system", lambda spec: spec["containers"][0].pop("securityContext")),
        ("image REGISTRY/safesweep:0.1.0", lambda spec: spec["containers"][0].update(image="REGISTRY/safesweep:0.1.0")),
    ],
)
def test_the_check_finds_what_is_missing(fault: str, spoil: Any) -> None:
    spec = copy.deepcopy(PODS[0][1])
    spoil(spec)
    assert fault in faults(spec)


def test_the_autoscaler_beside_the_head_is_no_exception() -> None:
    cluster = RAY_JOB["spec"]["rayClusterSpec"]
    head = cluster["headGroupSpec"]["template"]["spec"]
    beside = {
        "image": head["containers"][0]["image"],
        "resources": {"limits": {"cpu": "1"}},
        **cluster["autoscalerOptions"],
    }
    assert faults({**head, "containers": [beside]}) == []
    assert {mount["name"] for mount in beside["volumeMounts"]} <= {volume["name"] for volume in head["volumes"]}


def test_rays_pods_have_a_place_for_all_that_is_written() -> None:
    """Ray's session, caches below home, the object store; the code is not among them."""
    cluster = RAY_JOB["spec"]["rayClusterSpec"]
    for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"]):
        spec = group["template"]["spec"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        [container] = spec["containers"]
        mounted = {mount["mountPath"]: volumes[mount["name"]] for mount in container["volumeMounts"]}
        assert all("emptyDir" in mounted[place] for place in WRITTEN)
        assert not any("/app".startswith(place) for place in mounted)
        home = {entry["name"]: entry["value"] for entry in container["env"]}
        assert home["HOME"] in mounted and home["TMPDIR"] in mounted


def test_only_who_asks_kubernetes_has_a_token() -> None:
    """The autoscaler beside the head, and the nightly job."""
    tokens = {where for where, spec in PODS if spec.get("automountServiceAccountToken") is not False}
    assert {re.sub(r"\.spec\.template\.spec$|\.template\.spec$", "", where) for where in tokens} == {
        "RayJob.spec.rayClusterSpec.headGroupSpec",
        "CronJob.spec.jobTemplate",
    }


def test_the_image_runs_as_the_user_that_the_pods_name() -> None:
    assert "--uid 1000" in (ROOT / "Dockerfile").read_text()
    assert {spec["securityContext"]["runAsUser"] for _, spec in PODS} == {1000}


def test_the_launchers_image_is_pinned_and_its_containers_gain_nothing() -> None:
    docker = yaml.safe_load((ROOT / "cluster.yaml").read_text())["docker"]
    assert DIGEST.fullmatch(docker["image"])
    assert {"--security-opt no-new-privileges", "--cap-drop ALL"} <= set(docker["run_options"])
    assert not any("privileged" in option and "no-new" not in option for option in docker["run_options"])
