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
_TERM: Shape = (
    ("MatchExpressions", "matchExpressions", Inner(_REQUIREMENT, many=True)),
    ("MatchFields", "matchFields", Inner(_REQUIREMENT, many=True)),
)
_SELECTOR: Shape = (("NodeSelectorTerms", "nodeSelectorTerms", Inner(_TERM, many=True)),)

VOLUME_NODE_AFFINITY: Shape = (("Required", "required", Inner(_SELECTOR)),)

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
