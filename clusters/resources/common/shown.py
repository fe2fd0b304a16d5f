"""How a refusal shows a struct: under the Go names of the server's internal type, with all its fields.

Models: apimachinery, pkg/util/validation/field (Error.ErrorBody), on types without json tags.
"""

from __future__ import annotations

from typing import Any

Shape = tuple[tuple[str, str, "Any"], ...]
"""(Go name, wire name, zero value), in the order of the struct; for a struct within, its `Inner`."""


class Inner:
    """A struct, a list of them (`many`), either absent as null unless held by value."""

    __slots__ = ("many", "shape", "value")

    def __init__(self, shape: Shape, *, many: bool = False, value: bool = False) -> None:
        self.shape, self.many, self.value = shape, many, value

    def of(self, given: Any) -> Any:
        if given is None:
            return shown({}, self.shape) if self.value else None
        return [shown(one, self.shape) for one in given] if self.many else shown(given, self.shape)


def shown(given: Any, shape: Shape) -> Any:
    """`given` as the server would print it."""
    if given is None:
        return None
    return {
        name: zero.of(given.get(wire)) if isinstance(zero, Inner) else given.get(wire, zero)
        for name, wire, zero in shape
    }


_REQUIREMENT: Shape = (("Key", "key", ""), ("Operator", "operator", ""), ("Values", "values", None))
NODE_SELECTOR_TERM: Shape = (
    ("MatchExpressions", "matchExpressions", Inner(_REQUIREMENT, many=True)),
    ("MatchFields", "matchFields", Inner(_REQUIREMENT, many=True)),
)
NODE_SELECTOR: Shape = (("NodeSelectorTerms", "nodeSelectorTerms", Inner(NODE_SELECTOR_TERM, many=True)),)

VOLUME_NODE_AFFINITY: Shape = (("Required", "required", Inner(NODE_SELECTOR)),)

PARENT_REFERENCE: Shape = (
    ("Group", "group", ""),
    ("Resource", "resource", ""),
    ("Namespace", "namespace", ""),
    ("Name", "name", ""),
)

VOLUME_ATTACHMENT_SPEC: Shape = (
    ("Attacher", "attacher", ""),
    (
        "Source",
        "source",
        Inner(
            (
                ("PersistentVolumeName", "persistentVolumeName", None),
                ("InlineVolumeSpec", "inlineVolumeSpec", None),
            ),
            value=True,
        ),
    ),
    ("NodeName", "nodeName", ""),
)

CSI_NODE_DRIVER: Shape = (
    ("Name", "name", ""),
    ("NodeID", "nodeID", ""),
    ("TopologyKeys", "topologyKeys", None),
    ("Allocatable", "allocatable", Inner((("Count", "count", None),))),
)

_NAMED: Shape = (("Name", "name", ""),)
_FLOW_SUBJECT: Shape = (
    ("Kind", "kind", ""),
    ("User", "user", Inner(_NAMED)),
    ("Group", "group", Inner(_NAMED)),
    ("ServiceAccount", "serviceAccount", Inner((("Namespace", "namespace", ""), ("Name", "name", "")))),
)
_FLOW_RESOURCES: Shape = (
    ("Verbs", "verbs", None),
    ("APIGroups", "apiGroups", None),
    ("Resources", "resources", None),
    ("ClusterScope", "clusterScope", False),
    ("Namespaces", "namespaces", None),
)
_FLOW_URLS: Shape = (("Verbs", "verbs", None), ("NonResourceURLs", "nonResourceURLs", None))
_FLOW_RULE: Shape = (
    ("Subjects", "subjects", Inner(_FLOW_SUBJECT, many=True)),
    ("ResourceRules", "resourceRules", Inner(_FLOW_RESOURCES, many=True)),
    ("NonResourceRules", "nonResourceRules", Inner(_FLOW_URLS, many=True)),
)
FLOW_SCHEMA_SPEC: Shape = (
    ("PriorityLevelConfiguration", "priorityLevelConfiguration", Inner(_NAMED, value=True)),
    ("MatchingPrecedence", "matchingPrecedence", 0),
    ("DistinguisherMethod", "distinguisherMethod", Inner((("Type", "type", ""),))),
    ("Rules", "rules", Inner(_FLOW_RULE, many=True)),
)
_QUEUING: Shape = (("Queues", "queues", 0), ("HandSize", "handSize", 0), ("QueueLengthLimit", "queueLengthLimit", 0))
_RESPONSE: Shape = (("Type", "type", ""), ("Queuing", "queuing", Inner(_QUEUING)))
_LIMITED_LEVEL: Shape = (
    ("NominalConcurrencyShares", "nominalConcurrencyShares", 0),
    ("LimitResponse", "limitResponse", Inner(_RESPONSE, value=True)),
    ("LendablePercent", "lendablePercent", None),
    ("BorrowingLimitPercent", "borrowingLimitPercent", None),
)
_EXEMPT_LEVEL: Shape = (
    ("NominalConcurrencyShares", "nominalConcurrencyShares", None),
    ("LendablePercent", "lendablePercent", None),
)
PRIORITY_LEVEL_SPEC: Shape = (
    ("Type", "type", ""),
    ("Limited", "limited", Inner(_LIMITED_LEVEL)),
    ("Exempt", "exempt", Inner(_EXEMPT_LEVEL)),
)
