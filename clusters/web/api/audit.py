"""The audit log of a cluster's Kubernetes API, newest first, page by page."""

from __future__ import annotations

from typing import Any

from clusters.kernel.clock import rfc3339_micro
from clusters.models import AuditEvent
from clusters.web.api import shapes
from clusters.web.api.fields import Integer, Param, Text
from clusters.web.api.route import Call, route
from clusters.web.audit import audit_log

_STRING, _INT = {"type": "string"}, {"type": "integer"}
_EVENT = shapes.obj(
    id=_INT,
    at={"type": "string", "description": "Wall clock."},
    time={"type": "string", "description": "Virtual time."},
    user=_STRING,
    verb=_STRING,
    path=_STRING,
    resource={"type": "string", "description": "pods, deployments.apps, pods/exec; empty for other paths."},
    namespace=_STRING,
    name=_STRING,
    code=_INT,
    latency={"type": "integer", "description": "Microseconds."},
)


@route(
    "GET",
    "clusters/{name}/audit",
    "Who asked its Kubernetes API for what",
    need="read",
    query=(
        Param("user", Text(max=253)),
        Param("verb", Text(max=32)),
        Param("resource", Text(max=253), "pods, deployments.apps, pods/exec"),
        Param("namespace", Text(max=253)),
        Param("object", Text(max=253), "The object's name."),
        Param("code", Integer(low=100, high=599)),
        Param("before", Integer(), "Events older than that one: `next` of the page before."),
        Param("limit", Integer(low=1, high=500), "Default 100."),
    ),
    returns=shapes.obj(events=shapes.array(_EVENT), next={"type": ["integer", "null"]}),
)
def list_audit(call: Call) -> Any:
    audit_log.flush()
    query = call.query
    wanted = {k: query[k] for k in ("user", "verb", "resource", "namespace", "code") if query[k] is not None}
    if query["object"] is not None:
        wanted["name"] = query["object"]
    if query["before"] is not None:
        wanted["id__lt"] = query["before"]
    limit = query["limit"] or 100
    rows = list(AuditEvent.objects.filter(cluster=call.cluster, **wanted).order_by("-id")[: limit + 1])
    return {
        "events": [_shown(row) for row in rows[:limit]],
        "next": rows[limit - 1].pk if len(rows) > limit else None,
    }


def _shown(row: AuditEvent) -> dict[str, Any]:
    return {
        "id": row.pk,
        "at": rfc3339_micro(row.at),
        "time": rfc3339_micro(row.vtime),
        "user": row.user,
        "verb": row.verb,
        "path": row.path,
        "resource": row.resource,
        "namespace": row.namespace,
        "name": row.name,
        "code": row.code,
        "latency": row.latency,
    }
