"""Definitions of metrics.k8s.io, which are not among the published ones: a metrics server brings its own.

Models: k8s.io/metrics, pkg/apis/metrics/v1beta1/types.go.
"""

from __future__ import annotations

from typing import Any

_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_OWN = "io.k8s.metrics.pkg.apis.metrics.v1beta1."
_CONVENTIONS = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md"


def _ref(name: str, description: str = "") -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}", **({"description": description} if description else {})}


_IDENTITY: dict[str, Any] = {
    "apiVersion": {
        "description": "APIVersion defines the versioned schema of this representation of an object. Servers should "
        f"convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: "
        f"{_CONVENTIONS}#resources",
        "type": ["string", "null"],
    },
    "kind": {
        "description": "Kind is a string value representing the REST resource this object represents. Servers may "
        "infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: "
        f"{_CONVENTIONS}#types-kinds",
        "type": ["string", "null"],
    },
}
_SAMPLE: dict[str, Any] = {
    **_IDENTITY,
    "metadata": _ref(f"{_META}ObjectMeta", f"Standard object's metadata. More info: {_CONVENTIONS}#metadata"),
    "timestamp": _ref(
        f"{_META}Time",
        "The following fields define time interval from which metrics were collected from the interval "
        "[Timestamp-Window, Timestamp].",
    ),
    "window": _ref(f"{_META}Duration"),
}
_USAGE: dict[str, Any] = {
    "description": "The memory usage is the memory working set.",
    "type": "object",
    "additionalProperties": _ref(_QUANTITY),
}


def _kind(name: str, description: str, properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "description": description,
        "type": "object",
        "required": required,
        "properties": properties,
        "x-kubernetes-group-version-kind": [{"group": "metrics.k8s.io", "kind": name, "version": "v1beta1"}],
    }


def _list_of(name: str, what: str) -> dict[str, Any]:
    items = {"description": f"List of {what} metrics.", "type": "array", "items": _ref(_OWN + name)}
    metadata = _ref(f"{_META}ListMeta", f"Standard list metadata. More info: {_CONVENTIONS}#types-kinds")
    properties = {**_IDENTITY, "items": items, "metadata": metadata}
    return _kind(f"{name}List", f"{name}List is a list of {name}.", properties, ["items"])


DEFINITIONS: dict[str, Any] = {
    f"{_META}Duration": {
        "description": "Duration is a wrapper around time.Duration which supports correct marshaling to YAML and "
        "JSON. In particular, it marshals into strings, which can be used as map keys in json.",
        "type": "string",
    },
    f"{_OWN}ContainerMetrics": {
        "description": "ContainerMetrics sets resource usage metrics of a container.",
        "type": "object",
        "required": ["name", "usage"],
        "properties": {
            "name": {
                "description": "Container name corresponding to the one from pod.spec.containers.",
                "type": "string",
            },
            "usage": _USAGE,
        },
    },
    f"{_OWN}NodeMetrics": _kind(
        "NodeMetrics",
        "NodeMetrics sets resource usage metrics of a node.",
        {**_SAMPLE, "usage": _USAGE},
        ["timestamp", "window", "usage"],
    ),
    f"{_OWN}NodeMetricsList": _list_of("NodeMetrics", "node"),
    f"{_OWN}PodMetrics": _kind(
        "PodMetrics",
        "PodMetrics sets resource usage metrics of a pod.",
        {
            **_SAMPLE,
            "containers": {
                "description": "Metrics for all containers are collected within the same time window.",
                "type": "array",
                "items": _ref(f"{_OWN}ContainerMetrics"),
            },
        },
        ["timestamp", "window", "containers"],
    ),
    f"{_OWN}PodMetricsList": _list_of("PodMetrics", "pod"),
}
