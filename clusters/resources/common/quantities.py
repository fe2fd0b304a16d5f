"""Resource names and amounts, as containers, quotas and limit ranges share them.

Models: kubernetes, core validation (validateResourceName, ValidateResourceQuantityValue), apis/core/helper.
"""

from __future__ import annotations

from typing import Any

from clusters.machinery import quantity
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.names import qualified_name
from clusters.resources.common.checks import NOT_INTEGER, NOT_NEGATIVE

CONTAINER_RESOURCES = frozenset({"cpu", "memory", "ephemeral-storage"})
_COUNTED = {
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
}
_INTEGER_RESOURCES = frozenset(_COUNTED)
STANDARD_RESOURCES = frozenset(
    CONTAINER_RESOURCES
    | _COUNTED
    | {f"{kind}.{name}" for kind in ("requests", "limits") for name in CONTAINER_RESOURCES}
    | {"storage", "requests.storage"}
)
_HUGEPAGES = "hugepages-"


def is_hugepages(name: str) -> bool:
    return name.startswith(_HUGEPAGES)


def is_native(name: str) -> bool:
    """Without a domain, or in kubernetes.io."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """A resource of a device plugin, say `example.com/gpu`."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not qualified_name(f"requests.{name}")


def is_integer(name: str) -> bool:
    return name in _INTEGER_RESOURCES or is_extended(name)


def overcommits(name: str) -> bool:
    """Whether requests may be below limits."""
    return is_native(name) and not is_hugepages(name)


def resource_name_errors(name: str, path: Path) -> ErrorList:
    """A qualified name; without a domain it must be one that Kubernetes knows."""
    errors: ErrorList = [invalid(path, name, text) for text in qualified_name(name)]
    if not errors and "/" not in name and name not in STANDARD_RESOURCES and not _is_quota_hugepages(name):
        errors.append(invalid(path, name, "must be a standard resource type or fully qualified"))
    return errors


def _is_quota_hugepages(name: str) -> bool:
    return name.startswith((_HUGEPAGES, f"requests.{_HUGEPAGES}"))


def container_resource_errors(name: str, path: Path) -> ErrorList:
    """A resource that a container can ask for."""
    errors = resource_name_errors(name, path)
    if "/" not in name:
        if name not in CONTAINER_RESOURCES and not is_hugepages(name):
            errors.append(invalid(path, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name):
        errors.append(invalid(path, name, "doesn't follow extended resource name standard"))
    return errors


def amount_errors(name: str, value: Any, path: Path) -> ErrorList:
    """Not negative, and whole where only whole ones exist."""
    amount = quantity.of(value)
    errors: ErrorList = []
    if amount.sign() < 0:
        errors.append(invalid(path, amount.canonical(), NOT_NEGATIVE))
    if is_integer(name) and amount.milli() % 1000:
        errors.append(invalid(path, amount.canonical(), NOT_INTEGER))
    return errors


def hugepages_divide(name: str, value: Any) -> bool:
    """The amount is a positive multiple of the page size that the name tells."""
    try:
        page = quantity.parse(name.removeprefix(_HUGEPAGES))
    except quantity.QuantityError:
        return False
    size = page.value()
    return size > 0 and page.is_integer() and quantity.value(value) % size == 0
