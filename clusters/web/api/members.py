"""Who a cluster is shared with. People are the access policy's business; the cluster's RBAC follows it."""

from __future__ import annotations

from typing import Any, get_args

from clusters.models.access import Role, policy
from clusters.runtime import members
from clusters.web.api import shapes
from clusters.web.api.fields import Param, Text
from clusters.web.api.route import Answer, Call, route

_ROLES = get_args(Role)
_MEMBER = shapes.obj(user={"type": "string"}, role={"enum": list(_ROLES)})


@route(
    "GET",
    "clusters/{name}/members",
    "Whom it is shared with",
    need="own",
    returns=shapes.obj(members=shapes.array(_MEMBER)),
)
def list_members(call: Call) -> Any:
    return {"members": [{"user": user, "role": role} for user, role in policy().members(call.cluster)]}


@route(
    "PUT",
    "clusters/{name}/members/{user}",
    "Share it with somebody, or change what they may do",
    need="own",
    body=(Param("role", Text(max=10, choices=_ROLES), required=True),),
    returns=_MEMBER,
)
def put_member(call: Call) -> Any:
    role = call.body["role"]
    user = policy().share(call.cluster, call.path["user"], role)
    members.bind(call.cluster, user, role)
    return {"user": user, "role": role}


@route("DELETE", "clusters/{name}/members/{user}", "Share it no longer with somebody", need="own", status=204)
def delete_member(call: Call) -> Any:
    user = policy().unshare(call.cluster, call.path["user"])
    members.unbind(call.cluster, user)
    return Answer(status=204)
