"""All built-in kinds. A kind is one module with `RESOURCE` (or `RESOURCES`) and one line here.

The order is that of groups in discovery; within a group discovery sorts by name.
"""

from __future__ import annotations

from importlib import import_module

from clusters.resources.base import Resource

KINDS = (
    # core
    "core.pod",
    "core.pod_template",
    "core.replication_controller",
    "core.namespace",
    "core.node",
    "core.service",
    "core.endpoints",
    "core.config_map",
    "core.secret",
    "core.service_account",
    "core.event",
    "core.binding",
    "core.component_status",
    "core.resource_quota",
    "core.limit_range",
    "core.persistent_volume_claim",
    "core.persistent_volume",
    # apiregistration.k8s.io
    "apiregistration",
    # apps
    "apps.deployment",
    "apps.replica_set",
    "apps.stateful_set",
    "apps.daemon_set",
    "apps.controller_revision",
    # events.k8s.io
    "events",
    # authentication.k8s.io
    "authentication",
    # authorization.k8s.io
    "authorization",
    # autoscaling
    "autoscaling",
    # batch
    "batch.job",
    "batch.cron_job",
    # certificates.k8s.io
    "certificates",
    # networking.k8s.io
    "networking",
    # policy
    "policy",
    # rbac.authorization.k8s.io
    "rbac",
    # storage.k8s.io
    "storage",
    # admissionregistration.k8s.io
    "admissionregistration",
    # apiextensions.k8s.io
    "apiextensions",
    # scheduling.k8s.io
    "scheduling",
    # coordination.k8s.io
    "coordination",
    # node.k8s.io
    "node",
    # discovery.k8s.io
    "discovery",
    # flowcontrol.apiserver.k8s.io
    "flowcontrol",
    # resource.k8s.io
    "resource",
    # of the playground itself, not in discovery
    "playground",
)


def _load() -> tuple[Resource, ...]:
    out: list[Resource] = []
    for kind in KINDS:
        module = import_module(f"clusters.resources.{kind}")
        out.extend(getattr(module, "RESOURCES", None) or (module.RESOURCE,))
    return tuple(out)


BUILTIN: tuple[Resource, ...] = _load()
