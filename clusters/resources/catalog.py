"""All built-in kinds. A kind is one module with `RESOURCE` (or `RESOURCES`) and one line here.

The order is that of groups in discovery; within a group discovery sorts by name.
"""

from __future__ import annotations

from importlib import import_module

from clusters.resources.base import Resource

KINDS = (
    # core
    "core.pod",
    # apps
    "apps.deployment",
    "apps.replica_set",
    # batch
    # autoscaling
    # networking.k8s.io
    # policy
    # rbac.authorization.k8s.io
    # storage.k8s.io
    # scheduling.k8s.io
    # coordination.k8s.io
    # discovery.k8s.io
    # node.k8s.io
    # events.k8s.io
    # certificates.k8s.io
    # admissionregistration.k8s.io
    # apiextensions.k8s.io
    # apiregistration.k8s.io
    # flowcontrol.apiserver.k8s.io
)


def _load() -> tuple[Resource, ...]:
    out: list[Resource] = []
    for kind in KINDS:
        module = import_module(f"clusters.resources.{kind}")
        out.extend(getattr(module, "RESOURCES", None) or (module.RESOURCE,))
    return tuple(out)


BUILTIN: tuple[Resource, ...] = _load()
