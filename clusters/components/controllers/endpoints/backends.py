"""The pods behind a Service, as both endpoint controllers see them. Pure functions, and the pod index.

Models: k8s.io/endpointslice/utils.go and kube-controller-manager, endpoint/endpoints_controller.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from clusters.client.informer import Informer
from clusters.components.controllers.shared import pods as pod_of
from clusters.machinery.selectors import from_map
from clusters.machinery.types import Obj

BY_LABEL = "namespaced-label"
LAST_CHANGE = "endpoints.kubernetes.io/last-change-trigger-time"
HEADLESS = "service.kubernetes.io/headless"


def index_by_label(pods: Informer) -> None:
    pods.add_index(BY_LABEL, _label_keys)


def _label_keys(pod: Obj) -> Iterable[str]:
    namespace = pod["metadata"].get("namespace", "")
    return [f"{namespace}/{k}={v}" for k, v in (pod["metadata"].get("labels") or {}).items()]


def selected(pods: Informer, service: Obj) -> list[Obj]:
    """The pods that the Service's selector matches, in key order."""
    selector = service["spec"].get("selector") or {}
    if not selector:
        return []
    namespace = service["metadata"]["namespace"]
    best = min((pods.by_index(BY_LABEL, f"{namespace}/{k}={v}") for k, v in selector.items()), key=len, default=())
    if len(selector) == 1:
        return list(best)
    matcher = from_map(selector)
    return [pod for pod in best if matcher.matches(pod["metadata"].get("labels"))]


def address(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("podIP") or "")


def belongs(pod: Obj, *, terminating: bool) -> bool:
    """Whether the pod is an endpoint at all: it has an address and has not ended."""
    if pod_of.is_terminal(pod) or not address(pod):
        return False
    return terminating or "deletionTimestamp" not in pod["metadata"]


def hostname(pod: Obj, service: Obj) -> str:
    """The name under which a pod of a headless Service can be found."""
    spec = pod["spec"]
    if spec.get("hostname") and spec.get("subdomain") == service["metadata"]["name"]:
        return str(spec["hostname"])
    return ""


def port_number(port: dict[str, Any], pod: Obj) -> int | None:
    """The number of a Service port on that pod; None if the pod does not have the port it names."""
    target = port.get("targetPort")
    if target is None or target == 0:
        return int(port["port"])
    if isinstance(target, int):
        return target
    sidecars = [c for c in pod["spec"].get("initContainers") or () if c.get("restartPolicy") == "Always"]
    for container in [*pod["spec"]["containers"], *sidecars]:
        for declared in container.get("ports") or ():
            if declared.get("name") == target and declared.get("protocol", "TCP") == port.get("protocol", "TCP"):
                return int(declared["containerPort"])
    return None


def target_reference(pod: Obj) -> dict[str, Any]:
    meta = pod["metadata"]
    return {"kind": "Pod", "namespace": meta["namespace"], "name": meta["name"], "uid": meta["uid"]}


def endpoint_view(pod: Obj | None) -> tuple[Any, ...]:
    """What of a pod matters to endpoints: a change of anything else wakes nobody."""
    if pod is None:
        return ()
    meta = pod["metadata"]
    return (
        address(pod),
        pod["spec"].get("nodeName"),
        pod_of.is_ready(pod),
        "deletionTimestamp" in meta,
        pod_of.is_terminal(pod),
        pod["spec"].get("hostname"),
        meta.get("labels"),
    )
