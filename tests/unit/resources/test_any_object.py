"""Whatever a client sends is stored or refused with a 4xx; no rule of any kind stumbles over it."""

from __future__ import annotations

import json

import pytest

from clusters.admission.chain import default_chain
from clusters.apiserver.http import Request, Response
from clusters.machinery import schema
from clusters.machinery.types import Obj
from clusters.resources.base import Resource, Version
from clusters.resources.catalog import BUILTIN
from tests.support.any_objects import Maker
from tests.support.apiserver import new_server

KINDS = [
    (r, v)
    for r in BUILTIN
    for v in r.versions
    if v.schema and "create" in r.verbs and not r.internal and r.kind != "Binding"
]
PER_KIND = 40


def collection(resource: Resource, version: Version) -> str:
    root = f"/apis/{resource.group}/{version.name}" if resource.group else f"/api/{version.name}"
    return f"{root}/namespaces/default/{resource.name}" if resource.namespaced else f"{root}/{resource.name}"


@pytest.mark.parametrize("resource,version", KINDS, ids=lambda x: getattr(x, "qualified", getattr(x, "name", "")))
def test_refuses_odd_objects_without_stumbling(resource: Resource, version: Version) -> None:
    server = new_server(admission=default_chain())
    path = collection(resource, version)
    type_ = schema.definitions().type(version.schema)
    api_version = f"{resource.group}/{version.name}".lstrip("/")

    def send(method: str, where: str, obj: Obj) -> Response:
        headers = [("authorization", "Bearer admin"), ("content-type", "application/json")]
        answer = server.handle(Request(method=method, path=where, headers=headers, body=json.dumps(obj).encode()))
        assert isinstance(answer, Response)
        assert answer.status < 500, (json.dumps(obj), answer.body)
        return answer

    for seed in range(PER_KIND):
        maker = Maker(seed, share=(0.05, 0.3, 0.6)[seed % 3])
        obj = maker.object(type_, api_version, resource.kind)
        send("POST", path, obj)
        if "update" in resource.verbs:
            for place in (f"{path}/a", f"{path}/a/status") if resource.has_status else (f"{path}/a",):
                send("PUT", place, maker.object(type_, api_version, resource.kind))
