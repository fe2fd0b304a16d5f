"""ServiceAccount: an identity for processes in Pods. Tokens are made by the `token` subresource.

Models: kubernetes, registry/core/serviceaccount.
"""

from __future__ import annotations

from typing import Any

from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.columns import AGE, NAME

ENFORCE_MOUNTABLE = "kubernetes.io/enforce-mountable-secrets"
_WARNING = (
    f"metadata.annotations[{ENFORCE_MOUNTABLE}]: deprecated in v1.32+; prefer separate namespaces to isolate access"
    " to mounted secrets"
)


def _enforced(obj: Obj) -> str | None:
    value = (obj["metadata"].get("annotations") or {}).get(ENFORCE_MOUNTABLE)
    return value if value is None else str(value)


class ServiceAccountStrategy(Strategy):
    validates_whole_update = True

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        _clean(obj)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        _clean(new)

    def warn_create(self, obj: Obj, ctx: Context) -> list[str]:
        return [_WARNING] if _enforced(obj) is not None else []

    def warn_update(self, new: Obj, old: Obj, ctx: Context) -> list[str]:
        changed = _enforced(new) is not None and _enforced(new) != _enforced(old)
        return [_WARNING] if changed else []


def _clean(obj: Obj) -> None:
    """References to secrets are names only."""
    if obj.get("secrets"):
        obj["secrets"] = [{"name": s["name"]} if s.get("name") else {} for s in obj["secrets"]]


def _secrets(obj: Obj, now: int) -> Any:
    return len(obj.get("secrets") or ())


RESOURCE = Resource(
    group="",
    name="serviceaccounts",
    kind="ServiceAccount",
    singular="serviceaccount",
    versions=(Version(name="v1", schema="io.k8s.api.core.v1.ServiceAccount"),),
    short_names=("sa",),
    subresources=(
        Subresource(
            name="token",
            verbs=("create",),
            kind="TokenRequest",
            group="authentication.k8s.io",
            version="v1",
        ),
    ),
    strategy=ServiceAccountStrategy(),
    columns=(
        NAME,
        Column(
            name="Secrets",
            description="Secrets is a list of the secrets in the same namespace that pods running using this"
            " ServiceAccount are allowed to use.",
            value=_secrets,
        ),
        AGE,
    ),
)
