"""DefaultTolerationSeconds: a Pod stays five minutes on a Node that fails, unless it says otherwise.

Models: kubernetes, plugin/pkg/admission/defaulttolerationseconds.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, UPDATE, Plugin, obj_of
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
SECONDS = 300


class DefaultTolerationSeconds(Plugin):
    name = "DefaultTolerationSeconds"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        return not resource.group and resource.name == "pods" and not subresource and operation in (CREATE, UPDATE)

    def admit(self, attrs: Attributes) -> None:
        spec: Obj = obj_of(attrs).setdefault("spec", {})
        missing = {NOT_READY, UNREACHABLE}
        for toleration in spec.get("tolerations") or ():
            if toleration.get("effect") in (None, "", "NoExecute"):
                key = toleration.get("key")
                if not key:
                    return
                missing.discard(key)
        if missing:
            added = [_toleration(key) for key in (NOT_READY, UNREACHABLE) if key in missing]
            spec["tolerations"] = [*(spec.get("tolerations") or ()), *added]


def _toleration(key: str) -> Obj:
    return {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}
