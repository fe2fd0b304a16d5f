"""What only Pods have on the write path: being bound to a node. (Shared by the API server's `binding`
subresource and the in-process client.)

Models: kube-apiserver, registry/core/pod/storage BindingREST.
"""

from __future__ import annotations

from dataclasses import replace

from clusters.kernel.clock import rfc3339
from clusters.machinery.errors import ApiError, Conflict
from clusters.machinery.types import Obj
from clusters.registry import requests
from clusters.registry.item import Item
from clusters.registry.preconditions import wrong_uid
from clusters.registry.registry import Registry, WriteOptions


class _NoStatus(ApiError):
    """A field error that the real server forgets to make an Invalid of."""

    code, reason = 500, ""


def bind(registry: Registry, namespace: str, name: str, binding: Obj, opts: WriteOptions) -> Item:
    """Assign a Pod to `binding.target.name`, with the binding's annotations and labels.
    Raises NotFound, Conflict (deleted, already assigned, another uid), and what admission raises."""
    pods = registry.resources["pods"]
    attrs = requests.admit(registry, pods, "binding", (namespace, name), binding, opts, kind=requests.POD_BINDING)
    _validate(binding)
    requests.validate(registry, attrs, opts)
    node = binding["target"]["name"]
    meta = binding.get("metadata") or {}

    def assign(pod: Obj) -> Obj:
        spec, sent_uid = pod["spec"], meta.get("uid")
        if sent_uid and sent_uid != pod["metadata"]["uid"]:
            raise wrong_uid(pods, namespace, name, sent_uid, pod["metadata"]["uid"])
        if "deletionTimestamp" in pod["metadata"]:
            raise _refuse(name, f"pod {name} is being deleted, cannot be assigned to a host")
        if spec.get("nodeName"):
            raise _refuse(name, f'pod {name} is already assigned to node "{spec["nodeName"]}"')
        if spec.get("schedulingGates"):
            raise _refuse(name, f"pod {name} has non-empty .spec.schedulingGates")
        changed: Obj = {**pod, "spec": {**spec, "nodeName": node}, "metadata": dict(pod["metadata"])}
        for field in ("annotations", "labels"):
            if meta.get(field):
                changed["metadata"][field] = {**(changed["metadata"].get(field) or {}), **meta[field]}
        changed["metadata"].pop("resourceVersion", None)
        status = dict(pod.get("status") or {})
        status.pop("nominatedNodeName", None)
        status["conditions"] = _with_scheduled(status.get("conditions") or [], rfc3339(registry.clock.now()))
        changed["status"] = status
        return changed

    admitted = replace(opts, admitted=True)
    return registry.update(pods, namespace, name, assign, admitted, subresource="binding")


def _validate(binding: Obj) -> None:
    target = binding.get("target") or {}
    problems = []
    kind = target.get("kind", "")
    if kind not in ("", "Node"):
        problems.append(f'target.kind: Unsupported value: "{kind}": supported values: "Node", "<empty>"')
    if not target.get("name"):
        problems.append("target.name: Required value")
    if problems:
        raise _NoStatus(problems[0] if len(problems) == 1 else "[" + ", ".join(problems) + "]")


def _with_scheduled(conditions: list[Obj], now: str) -> list[Obj]:
    """The conditions with PodScheduled true: where it stood, or at the end."""
    scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None, "lastTransitionTime": now}
    for i, condition in enumerate(conditions):
        if condition["type"] == "PodScheduled":
            if condition.get("status") == "True":
                scheduled["lastTransitionTime"] = condition.get("lastTransitionTime")
            return [*conditions[:i], scheduled, *conditions[i + 1 :]]
    return [*conditions, scheduled]


def _refuse(name: str, why: str) -> ApiError:
    return Conflict.of("", "pods/binding", name, why)
