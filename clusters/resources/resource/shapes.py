"""How refusals show claims and allocations: as the server's own types, which name no JSON fields.

Models: kubernetes, pkg/apis/resource/types.go.
"""

from __future__ import annotations

from clusters.resources.common.shown import NODE_SELECTOR, Inner, Shape

_SELECTOR: Shape = (("CEL", "cel", Inner((("Expression", "expression", ""),))),)
_TOLERATION: Shape = (
    ("Key", "key", ""),
    ("Operator", "operator", ""),
    ("Value", "value", ""),
    ("Effect", "effect", ""),
    ("TolerationSeconds", "tolerationSeconds", None),
)
_CLASS: Shape = (
    ("DeviceClassName", "deviceClassName", ""),
    ("Selectors", "selectors", Inner(_SELECTOR, many=True)),
    ("AllocationMode", "allocationMode", ""),
    ("Count", "count", 0),
)
_TERMS: Shape = (
    ("Tolerations", "tolerations", Inner(_TOLERATION, many=True)),
    ("Capacity", "capacity", Inner((("Requests", "requests", None),))),
)
_REQUEST: Shape = (
    ("Name", "name", ""),
    ("Exactly", "exactly", Inner((*_CLASS, ("AdminAccess", "adminAccess", None), *_TERMS))),
    ("FirstAvailable", "firstAvailable", Inner((("Name", "name", ""), *_CLASS, *_TERMS), many=True)),
)
_OPAQUE: Shape = (("Driver", "driver", ""), ("Parameters", "parameters", None))
_CONFIG: Shape = (("Requests", "requests", None), ("Opaque", "opaque", Inner(_OPAQUE)))
_CONSTRAINT: Shape = (
    ("Requests", "requests", None),
    ("MatchAttribute", "matchAttribute", None),
    ("DistinctAttribute", "distinctAttribute", None),
)
_DEVICES: Shape = (
    ("Requests", "requests", Inner(_REQUEST, many=True)),
    ("Constraints", "constraints", Inner(_CONSTRAINT, many=True)),
    ("Config", "config", Inner(_CONFIG, many=True)),
)
CLAIM_SPEC: Shape = (("Devices", "devices", Inner(_DEVICES, value=True)),)

_RESULT: Shape = (
    ("Request", "request", ""),
    ("Driver", "driver", ""),
    ("Pool", "pool", ""),
    ("Device", "device", ""),
    ("AdminAccess", "adminAccess", None),
    ("Tolerations", "tolerations", Inner(_TOLERATION, many=True)),
    ("BindingConditions", "bindingConditions", None),
    ("BindingFailureConditions", "bindingFailureConditions", None),
    ("ShareID", "shareID", None),
    ("ConsumedCapacity", "consumedCapacity", None),
)
_ALLOCATED: Shape = (
    ("Results", "results", Inner(_RESULT, many=True)),
    ("Config", "config", Inner((("Source", "source", ""), *_CONFIG), many=True)),
)
ALLOCATION: Shape = (
    ("Devices", "devices", Inner(_ALLOCATED, value=True)),
    ("NodeSelector", "nodeSelector", Inner(NODE_SELECTOR)),
    ("AllocationTimestamp", "allocationTimestamp", None),
)
