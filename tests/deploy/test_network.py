"""The network policies, evaluated as Kubernetes defines them: what a policy selects is refused unless a rule of some policy allows it."""

import ipaddress
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kuberay"
POLICIES = list(yaml.safe_load_all((FOLDER / "network.yaml").read_text()))
NAME = "app.kubernetes.io/name"
HERE, SYSTEM = {"kubernetes.io/metadata.name": "safety"}, {"kubernetes.io/metadata.name": "kube-system"}
HEAD, WORKER, SUBMITTER = ({NAME: "safesweep", "role": role} for role in ("head", "diffusion", "submitter"))
NIGHTLY, STRANGER = {NAME: "safesweep-nightly"}, {NAME: "somebody"}
OPERATOR, DNS = {NAME: "kuberay-operator"}, {"k8s-app": "kube-dns"}
REDIS, DASHBOARD, CLIENT, SSH = 6379, 8265, 10001, 22


def selects(selector: dict[str, Any], labels: dict[str, str]) -> bool:
    """A label selector; an empty one selects everything."""
    assert selector.keys() <= {"matchLabels", "matchExpressions"}
    for rule in selector.get("matchExpressions", ()):
        assert rule["operator"] == "In"
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())


def peer_is(peer: dict[str, Any], other: Any, namespace: dict[str, str]) -> bool:
    if isinstance(other, str):
        block = peer.get("ipBlock")
        address = ipaddress.ip_address(other)
        return (
            block is not None
            and address in ipaddress.ip_network(block["cidr"])
            and not any(address in ipaddress.ip_network(part) for part in block.get("except", ()))
        )
    if "ipBlock" in peer:
        return False
    near = selects(peer["namespaceSelector"], namespace) if "namespaceSelector" in peer else namespace == HERE
    return near and selects(peer.get("podSelector", {}), other)


def allowed(
    way: str, pod: dict[str, str], other: Any, port: int, namespace: dict[str, str] = HERE, protocol: str = "TCP"
) -> bool:
    """``way``: "Ingress" to ``pod`` from ``other`` (labels, or an address), or "Egress" from it."""
    concerned = [
        one["spec"]
        for one in POLICIES
        if way in one["spec"]["policyTypes"] and selects(one["spec"]["podSelector"], pod)
    ]
    if not concerned:
        return True
    ends = {"Ingress": "from", "Egress": "to"}[way]
    for spec in concerned:
        for rule in spec.get(way.lower(), ()):
            ports = rule.get("ports")
            fits = not ports or any(one["port"] == port and one["protocol"] == protocol for one in ports)
            if fits and (ends not in rule or any(peer_is(peer, other, namespace) for peer in rule[ends])):
                return True
    return False


def test_they_are_policies_of_kubernetes_own_schema() -> None:
    import kubernetes_validate

    for policy in POLICIES:
        kubernetes_validate.validate(policy, "1.32", strict=True)
    assert len({policy["metadata"]["name"] for policy in POLICIES}) == len(POLICIES)


def test_a_pod_that_no_policy_names_is_open() -> None:
    """As the evaluator must have it, or every refusal below would be empty."""
    assert allowed("Ingress", STRANGER, STRANGER, REDIS) and allowed("Egress", STRANGER, "203.0.113.9", 443)


@pytest.mark.parametrize("port", [REDIS, DASHBOARD, CLIENT, 52365, 31000, 1])
def test_rays_ports_are_reached_from_the_run_alone(port: int) -> None:
    for pod in (HEAD, WORKER):
        for own in (HEAD, WORKER, SUBMITTER):
            assert allowed("Ingress", pod, own, port) and allowed("Egress", own, pod, port)
        assert not allowed("Ingress", pod, STRANGER, port)
        assert not allowed("Ingress", pod, NIGHTLY, port)
        assert not allowed("Ingress", pod, HEAD, port, namespace={"kubernetes.io/metadata.name": "other"})
        assert not allowed("Ingress", pod, "203.0.113.9", port)


def test_the_operator_reaches_the_dashboard_and_nothing_else() -> None:
    away = {"kubernetes.io/metadata.name": "kuberay"}
    assert allowed("Ingress", HEAD, OPERATOR, DASHBOARD, namespace=away)
    assert not allowed("Ingress", HEAD, OPERATOR, REDIS, namespace=away)
    assert not allowed("Ingress", WORKER, OPERATOR, DASHBOARD, namespace=away)


@pytest.mark.parametrize("pod", [HEAD, WORKER, SUBMITTER, NIGHTLY], ids=lambda pod: pod.get("role", "nightly"))
def test_every_pod_asks_for_names_and_none_the_clouds_metadata(pod: dict[str, str]) -> None:
    for protocol in ("UDP", "TCP"):
        assert allowed("Egress", pod, DNS, 53, namespace=SYSTEM, protocol=protocol)
    assert not allowed("Egress", pod, DNS, 443, namespace=SYSTEM)
    for port in (80, 443):
        assert not allowed("Egress", pod, "169.254.169.254", port)
    assert not allowed("Egress", pod, STRANGER, REDIS)


def test_only_head_and_nightly_job_reach_the_web_and_kubernetes() -> None:
    for port in (443, 6443):
        assert allowed("Egress", HEAD, "203.0.113.9", port) and allowed("Egress", NIGHTLY, "203.0.113.9", port)
        assert not allowed("Egress", WORKER, "203.0.113.9", port) and not allowed(
            "Egress", SUBMITTER, "203.0.113.9", port
        )
    for port in (SSH, 80, 25):
        assert not allowed("Egress", HEAD, "203.0.113.9", port)


def test_the_labels_are_those_of_the_pods() -> None:
    job = yaml.safe_load((FOLDER / "rayjob.yaml").read_text())["spec"]
    cluster = job["rayClusterSpec"]
    groups = [cluster["headGroupSpec"]["template"], *(group["template"] for group in cluster["workerGroupSpecs"])]
    labels = [template["metadata"]["labels"] for template in (*groups, job["submitterPodTemplate"])]
    assert {one[NAME] for one in labels} == {"safesweep"}
    assert [one["role"] for one in labels] == ["head", "diffusion", "vlm", "scoring", "submitter"]
    cron = list(yaml.safe_load_all((FOLDER / "nightly.yaml").read_text()))[-1]
    assert cron["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"] == NIGHTLY


def test_the_nightly_installation_has_them() -> None:
    assert "network.yaml" in yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
