"""NamespaceLifecycle: nothing new in a Namespace that is missing or going; the system's own stay.

Models: apiserver, pkg/admission/plugin/namespace/lifecycle.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, DELETE, UPDATE, Plugin, forbidden
from clusters.machinery.errors import Forbidden, NotFound
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


class NamespaceLifecycle(Plugin):
    name = "NamespaceLifecycle"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        if not resource.group and resource.name == "namespaces":
            return operation == DELETE
        if resource.group == "authorization.k8s.io":
            return False
        return resource.namespaced and operation in (CREATE, UPDATE)

    def admit(self, attrs: Attributes) -> None:
        if attrs.operation == DELETE:
            if attrs.name in IMMORTAL:
                raise Forbidden.of("", "namespaces", attrs.name, "this namespace may not be deleted")
            return
        namespace = attrs.lookup.get("namespaces", "", attrs.namespace)
        if namespace is None:
            raise NotFound.of("", "namespaces", attrs.namespace)
        if attrs.operation == CREATE and (namespace.get("status") or {}).get("phase") == "Terminating":
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {attrs.namespace} is being terminated",
                "field": "metadata.namespace",
            }
            raise forbidden(
                attrs,
                f"unable to create new content in namespace {attrs.namespace} because it is being terminated",
                [cause],
            )
