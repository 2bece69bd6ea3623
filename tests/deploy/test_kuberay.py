"""The Kubernetes manifests: fields against their schemas, and what they say against presets and image."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import jsonschema
import kubernetes_validate
import pytest
import ray
import yaml

from pipelines.cluster import shortage
from tests.deploy.placement import demands_of
from tests.deploy.rayjob_schema import RAY_JOB

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "kuberay"
KUBERNETES = "1.32"


def documents(name):
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


@pytest.fixture
def ray_job():
    [document] = documents("rayjob.yaml")
    return document


def pod_templates(job):
    cluster = job["spec"]["rayClusterSpec"]
    groups = (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])
    return [*(group["template"] for group in groups), job["spec"]["submitterPodTemplate"]]


def validate_ray_job(job):
    jsonschema.validate(job, RAY_JOB)
    for template in pod_templates(job):
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "x", **template["metadata"]},
            "spec": template["spec"],
        }
        kubernetes_validate.validate(pod, KUBERNETES, strict=True)


def test_the_ray_job_is_of_its_schema(ray_job):
    validate_ray_job(ray_job)
    assert yaml.safe_load(ray_job["spec"]["runtimeEnvYAML"])["env_vars"] == {
        "SAFESWEEP_RUN_ID": ray_job["metadata"]["name"]
    }


@pytest.mark.parametrize(
    "spoil",
    [
        lambda job: job["spec"].update(entryPoint="x"),
        lambda job: job["spec"].update(submissionMode="KubernetesJobMode"),
        lambda job: job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0].pop("groupName"),
        lambda job: job["spec"]["rayClusterSpec"]["workerGroupSpecs"][0].update(replicas="4"),
        lambda job: job["spec"]["rayClusterSpec"]["headGroupSpec"]["rayStartParams"].update({"num-cpus": 0}),
        lambda job: pod_templates(job)[1]["spec"]["containers"][0].update(volumeMount=[]),
        lambda job: pod_templates(job)[1]["spec"]["containers"][0].pop("name"),
    ],
)
def test_the_check_finds_mistakes(ray_job, spoil):
    spoil(ray_job)
    with pytest.raises((jsonschema.ValidationError, kubernetes_validate.ValidationError)):
        validate_ray_job(ray_job)


@pytest.mark.parametrize("name", ["nightly.yaml", "storage.yaml"])
def test_the_other_manifests_are_of_kubernetes_own_schema(name):
    for document in documents(name):
        kubernetes_validate.validate(document, KUBERNETES, strict=True)


def test_its_ray_is_the_one_that_is_installed(ray_job):
    assert ray_job["spec"]["rayClusterSpec"]["rayVersion"] == ray.__version__


@pytest.mark.parametrize("preset", ["sd14", "sd14-reference", "responsible-reference", "sdxl"])
def test_the_presets_fit_on_it(ray_job, preset):
    nodes = []
    for group in ray_job["spec"]["rayClusterSpec"]["workerGroupSpecs"]:
        limits = group["template"]["spec"]["containers"][0]["resources"]["limits"]
        resources = {"CPU": float(limits["cpu"]), "GPU": float(limits.get("nvidia.com/gpu", 0))}
        nodes += [{"Alive": True, "Resources": resources, "Labels": group["labels"]}] * group["replicas"]
    assert shortage(demands_of(preset), nodes) is None


def test_its_entrypoint_is_a_job_of_the_image_with_options_that_exist(ray_job):
    from safesweep.cli.presets import read_preset

    python, job, *arguments = shlex.split(ray_job["spec"]["entrypoint"])
    assert python == "python" and (ROOT / job).is_file()
    given = dict(zip(arguments[::2], arguments[1::2], strict=True))
    assert read_preset(given["--preset"], given["--hardware"]).options
    mounts = pod_templates(ray_job)[0]["spec"]["containers"][0]["volumeMounts"]
    assert any(given["--lake"].startswith(mount["mountPath"]) for mount in mounts)


def test_the_nightly_job_renames_the_run_and_its_id(ray_job):
    cron = documents("nightly.yaml")[-1]
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [pattern, replacement] = re.search(r"s/(.*?)/(.*?)/", pod["initContainers"][0]["command"][2]).groups()
    tonight = replacement.replace("$(date -u +%Y%m%d)", "20261122")
    text = "\n".join(line.replace(pattern, tonight, 1) for line in (FOLDER / "rayjob.yaml").read_text().splitlines())
    job = yaml.safe_load(text)
    assert job["metadata"]["name"] == "safesweep-20261122"
    assert yaml.safe_load(job["spec"]["runtimeEnvYAML"])["env_vars"]["SAFESWEEP_RUN_ID"] == "safesweep-20261122"


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="needs kubectl")
def test_kustomize_puts_the_ray_job_where_the_nightly_job_finds_it(ray_job):
    done = subprocess.run(["kubectl", "kustomize", str(FOLDER)], capture_output=True, text=True, check=True, timeout=60)
    made = {document["kind"]: document for document in yaml.safe_load_all(done.stdout)}
    volumes = made["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "template", "configMap": {"name": made["ConfigMap"]["metadata"]["name"]}} in volumes
    assert yaml.safe_load(made["ConfigMap"]["data"]["rayjob.yaml"]) == ray_job
