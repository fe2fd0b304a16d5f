"""The devices that a driver publishes in a ResourceSlice.

Models: kubernetes, pkg/apis/resource/validation (validateDevice and below).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from clusters.machinery import quantity
from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_long,
    too_many,
)
from clusters.machinery.types import Obj
from clusters.resources.common.checks import label, qualified, subdomain
from clusters.resources.common.meta import label_value_errors
from clusters.resources.common.shown import Shape, shown
from clusters.resources.pod_spec.scheduling import node_selector_errors
from clusters.resources.resource.names import (
    MAX_DOMAIN,
    MAX_ID,
    Check,
    cut,
    each_errors,
    qualified_name_errors,
    unique_errors,
)
from clusters.resources.resource.requests import EFFECTS

MAX_PROPERTIES = 32
MAX_VALUE = 64
MAX_TAINTS = 16
MAX_CONSUMPTIONS = 2
MAX_COUNTERS = 32
MAX_BINDING_CONDITIONS = 4
MAX_OPTIONS = 10
_LABEL_LENGTH = 63
_KEY_LENGTH = MAX_DOMAIN + 1 + MAX_ID
_NUMBER = r"(0|[1-9]\d*)"
_PRE, _BUILD = r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)", r"[0-9a-zA-Z-]+"
_is_semver = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRE}(\.{_PRE})*)?(\+{_BUILD}(\.{_BUILD})*)?", re.ASCII
).fullmatch
_ATTRIBUTE: Shape = (
    ("IntValue", "int", None),
    ("BoolValue", "bool", None),
    ("StringValue", "string", None),
    ("VersionValue", "version", None),
)
_ONE_VALUE = "exactly one value must be specified"
_ONE_PLACE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true"
    " in the ResourceSlice spec"
)
_NO_PLACE = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the"
    " ResourceSlice spec"
)
_ONE_POLICY = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'


def device_errors(device: Obj, before: Obj | None, path: Path, *, placed: bool) -> ErrorList:
    """`placed`: every device says where it is. `before`: the device as stored, if it was there."""
    errors = label(device.get("name", ""), path.child("name"))
    attributes, capacity = device.get("attributes") or {}, device.get("capacity") or {}
    total = len(attributes) + len(capacity)
    if total > MAX_PROPERTIES:
        text = f"the total number of attributes and capacities must not exceed {MAX_PROPERTIES}"
        errors.append(invalid(path, total, text))
    errors += _map_errors(attributes, path.child("attributes"), _attribute_errors)
    many = bool(device.get("allowMultipleAllocations"))
    errors += _map_errors(capacity, path.child("capacity"), _shared_capacity_errors if many else _capacity_errors)
    if before is None or (before.get("taints") or []) != (device.get("taints") or []):
        errors += each_errors(device.get("taints"), MAX_TAINTS, _taint_errors, path.child("taints"))
    consumed = device.get("consumesCounters")
    errors += unique_errors(
        consumed, MAX_CONSUMPTIONS, _consumption_errors, path.child("consumesCounters"), lambda c: c.get("counterSet")
    )
    return errors + _device_place_errors(device, path, placed=placed) + binding_errors(device, path)


def _device_place_errors(device: Obj, path: Path, *, placed: bool) -> ErrorList:
    node, selector, everywhere = device.get("nodeName"), device.get("nodeSelector"), device.get("allNodes")
    if not placed:
        given = node is not None or selector is not None or everywhere is not None
        return [invalid(path, None, _NO_PLACE)] if given else []
    errors, chosen = place_errors(device, path, empty_node="must not be empty")
    if not chosen:
        errors.append(required(path, _ONE_PLACE))
    elif len(chosen) > 1:
        errors.append(invalid(path, "{" + ", ".join(chosen) + "}", _ONE_PLACE))
    return errors


def place_errors(obj: Obj, path: Path, *, empty_node: str) -> tuple[ErrorList, list[str]]:
    """What is wrong with where a device or slice is, and which of the fields say so."""
    errors: ErrorList = []
    chosen = []
    node, selector = obj.get("nodeName"), obj.get("nodeSelector")
    if node:
        chosen.append("`nodeName`")
        errors += subdomain(node, path.child("nodeName"))
    elif node is not None:
        errors.append(invalid(path.child("nodeName"), node, empty_node))
    if selector is not None:
        chosen.append("`nodeSelector`")
        errors += node_selector_errors(selector, path.child("nodeSelector"))
    for name in ("allNodes", "perDeviceNodeSelection"):
        if obj.get(name):
            chosen.append(f"`{name}`")
        elif obj.get(name) is not None:
            errors.append(invalid(path.child(name), False, "must be either unset or set to true"))
    return errors, chosen


def _map_errors(values: Mapping[str, Any], path: Path, check: Check) -> ErrorList:
    errors: ErrorList = []
    for key, value in values.items():
        at = path.key(cut(key, _KEY_LENGTH))
        errors += qualified_name_errors(key, at) + check(value, at)
    return errors


def _attribute_errors(attribute: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    text, version = attribute.get("string"), attribute.get("version")
    if text is not None and len(text.encode()) > MAX_VALUE:
        errors.append(too_long(path.child("string"), MAX_VALUE))
    if version is not None:
        if not _is_semver(version):
            why = "must be a string compatible with semver.org spec 2.0.0"
            errors.append(invalid(path.child("version"), version, why))
        if len(version.encode()) > MAX_VALUE:
            errors.append(too_long(path.child("version"), MAX_VALUE))
    given = sum(attribute.get(name) is not None for _, name, _ in _ATTRIBUTE)
    if given != 1:
        errors.append(invalid(path, shown(attribute, _ATTRIBUTE) if given else "", _ONE_VALUE))
    return errors


def _capacity_errors(capacity: Obj, path: Path) -> ErrorList:
    if capacity.get("requestPolicy") is None:
        return []
    return [forbidden(path.child("requestPolicy"), "allowMultipleAllocations must be true")]


def _shared_capacity_errors(capacity: Obj, path: Path) -> ErrorList:
    policy, path = capacity.get("requestPolicy") or {}, path.child("requestPolicy")
    values, span, default = policy.get("validValues"), policy.get("validRange"), policy.get("default")
    if values and span is not None:
        return [forbidden(path, _ONE_POLICY)]
    for name, given in (("validValues", values), ("validRange", span)):
        if given and default is None:
            return [required(path.child("default"), f"required when {name} is defined")]
    if values:
        return _values_errors(values, str(default), capacity.get("value", "0"), path.child("validValues"))
    return _range_errors(span, str(default), capacity.get("value", "0"), path.child("validRange")) if span else []


def _more(one: Any, other: Any) -> bool:
    return quantity.of(one) > quantity.of(other)


def _values_errors(values: list[Any], default: str, most: Any, path: Path) -> ErrorList:
    errors: ErrorList = [
        invalid(path.index(i), quantity.canonical(values[i]), "values must be sorted in ascending order")
        for i in range(1, len(values))
        if _more(values[i - 1], values[i])
    ]
    text = f"option is larger than capacity value: {quantity.canonical(most)}"

    def option(value: Any, at: Path) -> ErrorList:
        return [invalid(at, quantity.canonical(value), text)] if _more(value, most) else []

    errors += unique_errors(values, MAX_OPTIONS, option, path, lambda v: str(quantity.value(v)))
    if not any(quantity.of(value) == quantity.of(default) for value in values):
        why = "default value is not valid according to the requestPolicy"
        errors.append(invalid(path, quantity.canonical(default), why))
    return errors


def _range_errors(span: Obj, default: str, most: Any, path: Path) -> ErrorList:
    low, high, step = span.get("min"), span.get("max"), span.get("step")
    if low is None:
        return [required(path.child("min"), "required when validRange is defined")]
    canonical = quantity.canonical
    limits = [
        ("min", low, most, f"min is larger than capacity value: {canonical(most)}", low),
        ("min", low, default, f"default is less than min: {canonical(low)}", default),
    ]
    if high is not None:
        limits += [
            ("max", low, high, f"min is larger than max: {canonical(high)}", low),
            ("max", high, most, f"max is larger than capacity value: {canonical(most)}", high),
            ("max", default, high, f"default is more than max: {canonical(high)}", default),
        ]
    errors: ErrorList = [
        invalid(path.child(name), canonical(bad), why) for name, one, other, why, bad in limits if _more(one, other)
    ]
    if step is not None and quantity.value(step) > 0:
        at = path.child("step")
        why = f"value is not a multiple of a given step ({canonical(step)}) from ({canonical(low)})"
        for value in (default, *([high] if high is not None else [])):
            if (quantity.value(value) - quantity.value(low)) % quantity.value(step):
                errors.append(invalid(at, canonical(value), why))
    return errors


def _taint_errors(taint: Obj, path: Path) -> ErrorList:
    errors = qualified(taint.get("key", ""), path.child("key"))
    errors += label_value_errors(taint.get("value", ""), path.child("value"))
    effect, at = taint.get("effect", ""), path.child("effect")
    if effect not in EFFECTS:
        errors.append(not_supported(at, effect, EFFECTS) if effect else required(at))
    return errors


def _consumption_errors(consumption: Obj, path: Path) -> ErrorList:
    name, at = consumption.get("counterSet", ""), path.child("counterSet")
    errors = label(name, at) if name else [required(at)]
    return errors + counter_errors(consumption.get("counters"), path.child("counters"))


def counter_errors(counters: Mapping[str, Any] | None, path: Path) -> ErrorList:
    if not counters:
        return [required(path)]
    if len(counters) > MAX_COUNTERS:
        return [too_many(path, len(counters), MAX_COUNTERS)]
    return [e for name in counters for e in label(name, path.key(cut(name, _LABEL_LENGTH)))]


def binding_errors(device: Obj, path: Path) -> ErrorList:
    """Conditions that a device must have, or must not have, before a Pod is bound: both or neither."""
    names = ("bindingConditions", "bindingFailureConditions")
    wanted, failed = (device.get(name) or [] for name in names)
    errors: ErrorList = []
    for name, conditions in zip(names, (wanted, failed), strict=True):
        errors += each_errors(conditions, MAX_BINDING_CONDITIONS, qualified, path.child(name))
    for name, conditions in zip(names, (wanted, failed), strict=True):
        for i, condition in enumerate(conditions):
            at = path.child(name).index(i)
            if condition in conditions[:i]:
                errors.append(duplicate(at, condition))
            if conditions is failed and condition in wanted:
                why = "bindingFailureConditions must not overlap with bindingConditions"
                errors.append(invalid(at, condition, why))
    for name, other, given in ((names[0], names[1], failed), (names[1], names[0], wanted)):
        if given and not device.get(name):
            errors.append(invalid(path.child(name), device.get(name), f"{name} are required to use {other}"))
    return errors
