"""Who may write which part of a claim's status: schedulers the allocation, drivers what they report of their devices.

Having `resourceclaims/status` is not enough: parts of it are guarded as subresources that nobody serves.
Models: kubernetes, pkg/registry/resource/utils.go.
"""

from __future__ import annotations

from typing import Any

from clusters.machinery.field import ErrorList, Path, forbidden
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.base import Context
from clusters.resources.common.authorization import may
from clusters.resources.common.cells import at

GROUP, CLAIMS = "resource.k8s.io", "resourceclaims"
NODE_NAME = "authentication.kubernetes.io/node-name"
_STATUS = Path("status")


def status_rights_errors(new: Obj, old: Obj, ctx: Context) -> ErrorList:
    """What of the change the writer may not do."""
    status, before = new.get("status") or {}, old.get("status") or {}
    return _binding_errors(status, before, ctx) + _driver_errors(status, before, ctx)


def _binding_errors(status: Obj, before: Obj, ctx: Context) -> ErrorList:
    if all((status.get(name) or None) == (before.get(name) or None) for name in ("allocation", "reservedFor")):
        return []
    resource = f"{CLAIMS}/binding"
    if may(ctx.lookup, ctx.user, ctx.verb, GROUP, resource, ""):
        return []
    what = f'changing status.allocation or status.reservedFor requires resource="{resource}", verb="{ctx.verb}"'
    why = _refusal(ctx.user, ctx.verb, resource, name="", where="at the cluster scope")
    return [forbidden(_STATUS, f"{what} permission: {why}")]


def _driver_errors(status: Obj, before: Obj, ctx: Context) -> ErrorList:
    drivers = _changed_drivers(status, before)
    if not drivers:
        return []
    verbs = [f"arbitrary-node:{ctx.verb}"]
    if _runs_on(ctx.user, _node_of(status)):
        verbs.insert(0, f"associated-node:{ctx.verb}")
    resource = f"{CLAIMS}/driver"
    errors: ErrorList = []
    for driver in sorted(drivers):
        allowed = (may(ctx.lookup, ctx.user, v, GROUP, resource, driver, namespace=ctx.namespace) for v in verbs)
        if any(allowed):
            continue
        what = f'changing status.devices requires resource="{resource}", verb="[{" ".join(verbs)}]"'
        why = _refusal(ctx.user, verbs[0], resource, name=driver, where=f'in the namespace "{ctx.namespace}"')
        errors.append(forbidden(_STATUS.child("devices"), f"{what} permission: {why}"))
    return errors


def _refusal(user: UserInfo, verb: str, resource: str, *, name: str, where: str) -> str:
    what = f'{CLAIMS}.{GROUP} "{name}"' if name else f"{CLAIMS}.{GROUP}"
    action = f'User "{user.name}" cannot {verb} resource "{resource}" in API group "{GROUP}" {where}'
    return f"{what} is forbidden: {action}"


def _changed_drivers(status: Obj, before: Obj) -> set[str]:
    now, then = _devices(status), _devices(before)
    return {key[0] for key in {*now, *then} if now.get(key) != then.get(key)}


def _devices(status: Obj) -> dict[tuple[str, ...], Obj]:
    names = ("driver", "pool", "device", "shareID")
    return {tuple(each.get(name) or "" for name in names): each for each in status.get("devices") or ()}


def _node_of(status: Obj) -> str:
    """The only node on which the allocated devices are."""
    terms: list[Any] = at(status, "allocation", "nodeSelector", "nodeSelectorTerms") or []
    if len(terms) != 1 or terms[0].get("matchExpressions"):
        return ""
    fields: list[Any] = terms[0].get("matchFields") or []
    if len(fields) != 1 or (fields[0].get("key"), fields[0].get("operator")) != ("metadata.name", "In"):
        return ""
    values: list[str] = fields[0].get("values") or []
    return values[0] if len(values) == 1 else ""


def _runs_on(user: UserInfo, node: str) -> bool:
    """Whether the writer is a service account of a Pod there."""
    if not node or dns1123_subdomain(node) or user.name.count(":") != 3:
        return False
    return user.name.startswith("system:serviceaccount:") and user.extra.get(NODE_NAME) == [node]
