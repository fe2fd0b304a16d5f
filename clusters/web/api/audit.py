"""The audit log of a cluster's Kubernetes API, newest first, page by page."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q

from clusters.kernel.clock import rfc3339_micro
from clusters.models import AuditEvent
from clusters.web.api import shapes
from clusters.web.api.fields import Integer, Param, Text
from clusters.web.api.problems import Problem
from clusters.web.api.route import Call, route
from clusters.web.audit import audit_log

_STRING, _INT = {"type": "string"}, {"type": "integer"}
_EVENT = shapes.obj(
    id=_INT,
    at={"type": "string", "description": "Wall clock."},
    time={"type": "string", "description": "Virtual time."},
    user=_STRING,
    actingAs={"type": "string", "description": "Whom the user impersonated; empty: nobody."},
    verb=_STRING,
    path=_STRING,
    resource={"type": "string", "description": "pods, deployments.apps, pods/exec; empty for other paths."},
    namespace=_STRING,
    name=_STRING,
    code=_INT,
    latency={"type": "integer", "description": "Microseconds."},
)


_FILTERS = {
    "user": "user__icontains",
    "verb": "verb",
    "resource": "resource__icontains",
    "namespace": "namespace",
    "object": "name",
    "after": "id__gt",
    "before": "id__lt",
}
"""Query parameter → look-up; parts of names where people type them, else the whole."""
_CODE = Text(max=3, pattern=r"[1-5](\d\d|xx)", hint="a status such as 404, or a class such as 4xx")


@route(
    "GET",
    "clusters/{name}/audit",
    "Who asked its Kubernetes API for what",
    need="read",
    query=(
        Param("user", Text(max=253), "A part of the user's name."),
        Param("verb", Text(max=32)),
        Param("resource", Text(max=253), "A part of pods, deployments.apps, pods/exec."),
        Param("namespace", Text(max=253)),
        Param("object", Text(max=253), "The object's name."),
        Param("code", _CODE, "404, or 4xx."),
        Param("text", Text(max=200), "A part of the path or of the user's name."),
        Param("after", Integer(), "Events newer than that one."),
        Param("before", Integer(), "Events older than that one: `next` of the page before."),
        Param("limit", Integer(low=1, high=500), "Default 100."),
    ),
    returns=shapes.obj(events=shapes.array(_EVENT), next={"type": ["integer", "null"]}),
)
def list_audit(call: Call) -> Any:
    audit_log.flush()
    query = call.query
    rows = AuditEvent.objects.filter(
        cluster=call.cluster,
        **{lookup: query[name] for name, lookup in _FILTERS.items() if query[name] is not None},
    )
    if query["code"]:
        low, high = (int(query["code"].replace("x", digit)) for digit in "09")
        rows = rows.filter(code__gte=low, code__lte=high)
    if query["text"]:
        rows = rows.filter(Q(path__icontains=query["text"]) | Q(user__icontains=query["text"]))
    limit = query["limit"] or 100
    found = list(rows.order_by("-id")[: limit + 1])
    return {
        "events": [_shown(row) for row in found[:limit]],
        "next": found[limit - 1].pk if len(found) > limit else None,
    }


@route(
    "GET",
    "clusters/{name}/audit/{event}",
    "One audit event, as an API server writes it to its log",
    need="read",
    returns={"type": "object", "description": "An Event of audit.k8s.io/v1."},
)
def get_audit_event(call: Call) -> Any:
    text = call.path["event"]
    row = AuditEvent.objects.filter(cluster=call.cluster, pk=int(text)).first() if _ID.fullmatch(text) else None
    if row is None:
        raise Problem(404, f"There is no audit event {text!r} (any more).")
    return _whole(row)


_ID = re.compile(r"\d{1,18}")


def _shown(row: AuditEvent) -> dict[str, Any]:
    return {
        "id": row.pk,
        "at": rfc3339_micro(row.at),
        "time": rfc3339_micro(row.vtime),
        "user": row.user,
        "actingAs": row.acting_as,
        "verb": row.verb,
        "path": row.path,
        "resource": row.resource,
        "namespace": row.namespace,
        "name": row.name,
        "code": row.code,
        "latency": row.latency,
    }


def _whole(row: AuditEvent) -> dict[str, Any]:
    """Models: kube-apiserver, audit.k8s.io/v1 Event at level Metadata, in virtual time."""
    event: dict[str, Any] = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "auditID": str(row.pk),
        "stage": "ResponseComplete",
        "requestURI": row.path,
        "verb": row.verb,
        "user": {"username": row.user},
    }
    if row.acting_as:
        event["impersonatedUser"] = {"username": row.acting_as}
    if row.resource:
        plural, _, subresource = row.resource.partition("/")
        resource, _, group = plural.partition(".")
        ref = {
            "resource": resource,
            "namespace": row.namespace,
            "name": row.name,
            "apiGroup": group,
            "subresource": subresource,
        }
        event["objectRef"] = {field: value for field, value in ref.items() if value}
    event["responseStatus"] = {"metadata": {}, "code": row.code}
    event["requestReceivedTimestamp"] = rfc3339_micro(row.vtime)
    event["stageTimestamp"] = rfc3339_micro(row.vtime + row.latency)
    event["annotations"] = {**row.annotations, "playground.dev/wall-clock": rfc3339_micro(row.at)}
    return event
