"""The fields of a KubeRay RayJob as JSON schema, restated from the API's types (ray.io/v1, KubeRay 1.6).

No package ships KubeRay's own schema of some 770 kB; most of that is Kubernetes' pod template, which ``kubernetes-validate`` checks here.
Fields are closed: a misspelt one is an error, where a cluster would silently drop it.
"""

from typing import Any

STRING: dict[str, Any] = {"type": "string"}
STRINGS: dict[str, Any] = {"type": "object", "additionalProperties": STRING}
FLAG: dict[str, Any] = {"type": "boolean"}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
POD_TEMPLATE: dict[str, Any] = {
    "type": "object",
    "properties": {"metadata": {"type": "object"}, "spec": {"type": "object"}},
    "required": ["spec"],
    "additionalProperties": False,
}


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


HEAD_GROUP = closed(
    {
        "serviceType": {"enum": ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]},
        "headService": {"type": "object"},
        "enableIngress": FLAG,
        "labels": STRINGS,
        "resources": STRINGS,
        "rayStartParams": STRINGS,
        "template": POD_TEMPLATE,
    },
    "template",
)
WORKER_GROUP = closed(
    {
        "groupName": STRING,
        "suspend": FLAG,
        "replicas": COUNT,
        "minReplicas": COUNT,
        "maxReplicas": COUNT,
        "numOfHosts": COUNT,
        "idleTimeoutSeconds": COUNT,
        "labels": STRINGS,
        "resources": STRINGS,
        "rayStartParams": STRINGS,
        "scaleStrategy": closed({"workersToDelete": {"type": "array", "items": STRING}}),
        "template": POD_TEMPLATE,
    },
    "groupName",
    "maxReplicas",
    "minReplicas",
    "template",
)
RAY_CLUSTER = closed(
    {
        "rayVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+$"},
        "authOptions": closed({"mode": {"enum": ["disabled", "token"]}}),
        "enableInTreeAutoscaling": FLAG,
        "autoscalerOptions": closed(
            {
                "resources": {"type": "object"},
                "image": STRING,
                "imagePullPolicy": {"enum": ["Always", "IfNotPresent", "Never"]},
                "env": {"type": "array"},
                "envFrom": {"type": "array"},
                "volumeMounts": {"type": "array"},
                "securityContext": {"type": "object"},
                "idleTimeoutSeconds": COUNT,
                "upscalingMode": {"enum": ["Default", "Aggressive", "Conservative"]},
                "version": {"enum": ["v1", "v2"]},
            }
        ),
        "gcsFaultToleranceOptions": {"type": "object"},
        "headServiceAnnotations": STRINGS,
        "managedBy": STRING,
        "suspend": FLAG,
        "headGroupSpec": HEAD_GROUP,
        "workerGroupSpecs": {"type": "array", "items": WORKER_GROUP},
    },
    "headGroupSpec",
)
RAY_JOB_SPEC = closed(
    {
        "activeDeadlineSeconds": {"type": "integer", "minimum": 1},
        "backoffLimit": COUNT,
        "clusterSelector": STRINGS,
        "deletionStrategy": {"type": "object"},
        "entrypoint": STRING,
        "entrypointNumCpus": {"type": "number"},
        "entrypointNumGpus": {"type": "number"},
        "entrypointResources": STRING,
        "jobId": STRING,
        "managedBy": STRING,
        "metadata": STRINGS,
        "preRunningDeadlineSeconds": {"type": "integer", "minimum": 1},
        "rayClusterSpec": RAY_CLUSTER,
        "runtimeEnvYAML": STRING,
        "shutdownAfterJobFinishes": FLAG,
        "submissionMode": {"enum": ["K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"]},
        "submitterConfig": closed({"backoffLimit": COUNT}),
        "submitterPodTemplate": POD_TEMPLATE,
        "suspend": FLAG,
        "ttlSecondsAfterFinished": COUNT,
    }
)
RAY_JOB = closed(
    {
        "apiVersion": {"const": "ray.io/v1"},
        "kind": {"const": "RayJob"},
        "metadata": {"type": "object", "required": ["name"]},
        "spec": RAY_JOB_SPEC,
    },
    "apiVersion",
    "kind",
    "metadata",
    "spec",
)
