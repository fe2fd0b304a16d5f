"""Clusters: list, create, import, delete, kubeconfig, snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from django.http import HttpResponse

from clusters.kernel.clock import wall_now
from clusters.models import Cluster
from clusters.models.access import policy
from clusters.realtime.source import live_clusters
from clusters.runtime import service
from clusters.runtime.settings import MAX_CONTROL_PLANES, MAX_SEED, MAX_WORKERS
from clusters.web.api import shapes
from clusters.web.api.fields import Document, Flag, Integer, Param, Quantity, Speed, Text, Texts
from clusters.web.api.problems import Problem
from clusters.web.api.route import SNAPSHOT_LIMIT, Answer, Call, route
from clusters.web.api.summaries import summaries
from clusters.web.kubeconfig import kubeconfig

NAME = Text(
    max=40,
    min=1,
    pattern=r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?",
    hint="lower-case letters, digits and '-', starting and ending with no '-'",
)
_SETTINGS = ("workers", "controlPlanes", "cpu", "memory", "pods", "zones", "speed", "seed", "addons")


@route("GET", "clusters", "The clusters you may reach", returns=shapes.obj(clusters=shapes.array(shapes.CLUSTER)))
def list_clusters(call: Call) -> Any:
    found = policy().visible(call.user)
    known = summaries(found)
    return {
        "clusters": [{**shapes.cluster_of(c, policy().may_reach(call.user, c)), **known.get(c.name, {})} for c in found]
    }


@route(
    "POST",
    "clusters",
    "Create a cluster, or import one from a snapshot",
    body=(
        Param("name", NAME, "Stands in URLs; must be free.", required=True),
        Param("workers", Integer(low=0, high=MAX_WORKERS), "Worker nodes."),
        Param("controlPlanes", Integer(low=0, high=MAX_CONTROL_PLANES), "0: a managed control plane without Nodes."),
        Param("cpu", Quantity(), "Of each worker."),
        Param("memory", Quantity(whole=True), "Of each worker."),
        Param("pods", Integer(low=1, high=1000), "Pods that each worker has room for."),
        Param("zones", Texts(item=Text(max=63, min=1), max=50), "Workers are spread over them in turn."),
        Param("speed", Speed(), "Of the cluster's clock."),
        Param("seed", Integer(high=MAX_SEED), "Same seed, same history."),
        Param("addons", Text(max=20, choices=("default", "none"))),
        Param("snapshot", Document(), "A ClusterSnapshot, or a List as `kubectl get -A -o json` prints it."),
    ),
    limit=SNAPSHOT_LIMIT,
    returns=shapes.CLUSTER,
    status=201,
)
def create_cluster(call: Call) -> Any:
    body = call.body
    owner = policy().creator(call.request) if not _bearer(call) else _token_owner(call)
    name = body["name"]
    given = {k: body[k] for k in _SETTINGS if body[k] is not None}
    if body["snapshot"] is not None:
        if given:
            raise Problem.invalid(next(iter(given)), "cannot be given with a snapshot, which has its own")
        cluster = service.import_snapshot(body["snapshot"], name)
    else:
        if "controlPlanes" in given:
            given["control_planes"] = given.pop("controlPlanes")
        cluster = service.create_cluster(name, **given)
    policy().claim(None if owner.is_staff else owner, cluster)
    cluster.refresh_from_db()
    return Answer(
        shapes.cluster_of(cluster, policy().may_reach(owner, cluster)),
        status=201,
        headers={"Location": f"/api/v1/clusters/{name}"},
    )


def _bearer(call: Call) -> bool:
    return "Authorization" in call.request.headers


def _token_owner(call: Call) -> Any:
    call.request.user = call.user
    return policy().creator(call.request)


@route("GET", "clusters/{name}", "One cluster", need="read", returns=shapes.CLUSTER)
def get_cluster(call: Call) -> Any:
    known = summaries([call.cluster], load=True)
    return {**shapes.cluster_of(call.cluster, call.reach), **known.get(call.cluster.name, {})}


@route("DELETE", "clusters/{name}", "Delete a cluster with all its history", need="own", status=204)
def delete_cluster(call: Call) -> Any:
    service.delete_cluster(call.cluster)
    live_clusters().nudge(call.path["name"])
    return Answer(status=204)


@route(
    "GET",
    "clusters/{name}/kubeconfig",
    "A kubeconfig for kubectl, with a token of yours",
    need="read",
    returns={"type": "string"},
)
def get_kubeconfig(call: Call) -> HttpResponse:
    user = call.user if call.user.is_authenticated else None
    text = kubeconfig(call.cluster, call.reach.identity.name, groups=call.reach.identity.groups, user=user)
    answer = HttpResponse(text, content_type="application/yaml")
    answer["Content-Disposition"] = f'attachment; filename="{call.cluster.name}.kubeconfig"'
    answer["Cache-Control"] = "no-store"
    return answer


@route(
    "GET",
    "clusters/{name}/snapshot",
    "The whole cluster as one document",
    need="read",
    query=(
        Param("history", Flag(), "With every revision that is kept.", default=False),
        Param("revision", Integer(low=1), "As it was at that revision."),
    ),
    returns={"type": "object"},
)
def get_snapshot(call: Call) -> HttpResponse:
    if not call.reach.write:
        raise Problem(403, "A snapshot holds the cluster's Secrets; viewers may not take it.")
    document = service.export_snapshot(call.cluster, revision=call.query["revision"], history=call.query["history"])
    answer = HttpResponse(orjson.dumps(document), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{call.cluster.name}.json"'
    answer["Cache-Control"] = "no-store"
    return answer


@route(
    "GET",
    "clusters/{name}/revisions",
    "The log, latest first",
    need="read",
    query=(
        Param("after", Integer(), "Only later revisions."),
        Param("before", Integer(), "Only earlier revisions."),
        Param("limit", Integer(low=1, high=500), default=100),
        Param("key", Text(max=700), "Keys that start so: GROUP/RESOURCE/NAMESPACE/NAME."),
    ),
    returns=shapes.obj(
        revisions=shapes.array(shapes.REVISION), head={"type": "integer"}, compacted={"type": "integer"}
    ),
)
def list_revisions(call: Call) -> Any:
    rows = _revisions(call.cluster, call.query)
    return {
        "head": call.cluster.head,
        "compacted": call.cluster.compacted,
        "now": wall_now(),
        "revisions": [
            {
                "rev": r["rev"],
                "key": r["key"],
                "action": "delete" if r["tombstone"] else ("create" if r["version"] == 1 else "update"),
                "actor": r["actor"],
                "vtime": r["vtime"],
                "version": r["version"],
                "previous": r["prev_rev"],
            }
            for r in rows
        ],
    }


def _revisions(cluster: Cluster, query: dict[str, Any]) -> Iterable[Mapping[str, Any]]:
    rows = cluster.revisions.order_by("-rev")
    if query["after"] is not None:
        rows = rows.filter(rev__gt=query["after"])
    if query["before"] is not None:
        rows = rows.filter(rev__lt=query["before"])
    if query["key"]:
        # A range, not LIKE: it can use the index.
        rows = rows.filter(key__gte=query["key"], key__lt=query["key"] + "\U0010ffff")
    return rows.values("rev", "key", "tombstone", "actor", "vtime", "version", "prev_rev")[: query["limit"]]
