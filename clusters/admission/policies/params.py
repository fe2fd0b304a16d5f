"""The objects that parameterise a policy. Models: apiserver, pkg/admission/plugin/policy/generic (CollectParams)."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.selectors import from_label_selector
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.catalog import BUILTIN

_CRDS = "customresourcedefinitions.apiextensions.k8s.io"


class BadParams(ValueError):
    """The policy or the binding is not configured well; `binding`: it is the binding's fault."""

    def __init__(self, text: str, *, binding: bool = True) -> None:
        super().__init__(text)
        self.binding = binding


def collect(attrs: Attributes, policy: Obj, binding: Obj) -> Sequence[Obj | None]:
    """The parameters to evaluate the policy with, one after the other; `[None]` if it has none.
    Raises BadParams."""
    kind = policy["spec"].get("paramKind")
    if kind is None:
        return [None]
    resource, namespaced = _resource(attrs, kind)
    ref = binding["spec"].get("paramRef")
    if ref is None:
        return [None]
    namespace = ref.get("namespace") or ""
    if namespaced:
        namespace = namespace or attrs.namespace
        if not namespace:
            why = "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
            raise BadParams(why)
    elif namespace:
        raise BadParams("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
    found: list[Obj | None] = []
    if ref.get("name"):
        param = attrs.lookup.get(resource, namespace, ref["name"])
        found = [param] if param is not None else []
    else:
        selector = from_label_selector(ref.get("selector") or {})
        listed = attrs.lookup.list(resource, namespace or None)
        found = [o for o in listed if selector.matches(o["metadata"].get("labels") or {})]
    if not found and ref.get("parameterNotFoundAction") == "Deny":
        raise BadParams("no params found for policy binding with `Deny` parameterNotFoundAction")
    return found


def _resource(attrs: Attributes, kind: Obj) -> tuple[str, bool]:
    """The qualified resource of a kind, and whether it is namespaced."""
    group, _, version = kind["apiVersion"].rpartition("/")
    for resource in BUILTIN:
        if resource.group == group and resource.kind == kind["kind"] and not resource.internal:
            return resource.qualified, resource.namespaced
    for definition in attrs.lookup.list(_CRDS):
        spec, status = definition["spec"], definition.get("status") or {}
        established = any(c["type"] == "Established" and c["status"] == "True" for c in status.get("conditions") or ())
        if established and spec["group"] == group and spec["names"]["kind"] == kind["kind"]:
            return definition["metadata"]["name"], spec["scope"] == "Namespaced"
    shown = f"{group}/{version}" if group else f"/{version}"
    text = f"failed to find resource referenced by paramKind: '{shown}, Kind={kind['kind']}'"
    raise BadParams(text, binding=False)
