"""PodTopologyLabels: a bound Pod carries its Node's zone and region.

Models: kubernetes, plugin/pkg/admission/podtopologylabels.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, UPDATE, Plugin, obj_of
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

LABELS = ("topology.kubernetes.io/zone", "topology.kubernetes.io/region")


class PodTopologyLabels(Plugin):
    """Binding a Pod is an update of it with subresource `binding`; a Pod may also be born with a Node."""

    name = "PodTopologyLabels"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        if resource.group or resource.name != "pods":
            return False
        return (operation, subresource) in ((CREATE, ""), (CREATE, "binding"), (UPDATE, "binding"))

    def admit(self, attrs: Attributes) -> None:
        obj = obj_of(attrs)
        if obj.get("kind") == "Binding":
            target = obj.get("target") or {}
            node_name = target.get("name") if target.get("kind") in (None, "", "Node") else None
        else:
            node_name = (obj.get("spec") or {}).get("nodeName")
        if not node_name:
            return
        node = attrs.lookup.get("nodes", "", node_name)
        labels = node["metadata"].get("labels") if node is not None else None
        if not labels:
            return
        found = {name: labels[name] for name in LABELS if name in labels}
        if found:
            obj["metadata"]["labels"] = {**(obj["metadata"].get("labels") or {}), **found}
