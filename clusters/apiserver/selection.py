"""Label and field selectors as a test on items, and the refusal of fields that a kind does not have."""

from __future__ import annotations

from collections.abc import Callable

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.machinery.errors import BadRequest
from clusters.machinery.selectors import FieldSelector, LabelSelector
from clusters.machinery.types import Obj
from clusters.registry.item import Item

_META_FIELDS = ("metadata.name", "metadata.namespace")


def check_fields(endpoint: Endpoint, fields: FieldSelector | None) -> None:
    """Raises BadRequest for a field that cannot be selected by."""
    if fields is None or fields.empty:
        return
    known = endpoint.resource.fields_of(endpoint.version)
    for requirement in fields.requirements:
        name = requirement.field
        if name in _META_FIELDS or name in known:
            continue
        raise BadRequest(unknown_field(endpoint, name))


# Kinds with a conversion function of their own name the field differently in their refusal.
_OWN_TEXT: dict[str, str] = {
    "pods": "field label not supported: {0}",
    "nodes": "field label not supported: {0}",
    "replicationcontrollers": "field label not supported: {0}",
    "events": "field label not supported: {0}",
    "events.events.k8s.io": "field label not supported: {0}",
    "namespaces": "field label not supported: {0}",
    "secrets": "field label not supported: {0}",
    "services": "field label not supported: {0}",
    "jobs.batch": 'field label "{0}" not supported for Job',
    "certificatesigningrequests.certificates.k8s.io": "field label not supported: {0}",
}


def unknown_field(endpoint: Endpoint, name: str) -> str:
    """The words for a field that the kind does not select by."""
    resource = endpoint.resource
    own = _OWN_TEXT.get(resource.qualified)
    if own is not None:
        return own.format(name)
    if endpoint.custom:
        return f"field label not supported: {name}"
    return f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'


def value_of(endpoint: Endpoint, obj: Obj) -> Callable[[str], str]:
    """The object's value of a selectable field."""
    known = endpoint.resource.fields_of(endpoint.version)

    def read(name: str) -> str:
        if name == "metadata.name":
            return str(obj["metadata"].get("name", ""))
        if name == "metadata.namespace":
            return str(obj["metadata"].get("namespace", ""))
        return known[name](obj)

    return read


def selection(
    call: Call, endpoint: Endpoint, labels: LabelSelector | None, fields: FieldSelector | None
) -> Callable[[Item], bool] | None:
    """A test on items; None if all are selected. A request for a named object's watch selects by its name."""
    by_labels = labels if labels is not None and not labels.empty else None
    by_fields = fields if fields is not None and not fields.empty else None
    name = call.info.name
    if by_labels is None and by_fields is None and not name:
        return None

    def test(item: Item) -> bool:
        obj = item.obj
        if name and obj["metadata"]["name"] != name:
            return False
        if by_labels is not None and not by_labels.matches(obj["metadata"].get("labels")):
            return False
        return by_fields is None or by_fields.matches(value_of(endpoint, obj))

    return test
