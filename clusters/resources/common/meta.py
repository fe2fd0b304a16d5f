"""ObjectMeta: what every kind's validation says about it, on create and on update.

The registry calls these beside a strategy's own rules, so no kind repeats them. On update the real server
validates the metadata three times (once for the object, once for the change, once for the kind), and a client
sees a cause for each; so do ours.

Models: apimachinery, pkg/api/validation/objectmeta.go and apis/meta/v1/validation; apiserver, registry/rest
(BeforeCreate, BeforeUpdate); core validation's finalizer names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from clusters.machinery.field import ErrorList, Path, forbidden, go_quote, invalid, required, too_long
from clusters.machinery.names import dns1123_label, label_value, path_segment_name, qualified_name
from clusters.machinery.types import Obj
from clusters.resources.common.shown import Shape, shown

ANNOTATIONS_LIMIT = 256 * 1024
"""Bytes of all annotation keys and values of one object."""
STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
MANAGER_LIMIT = 128

METADATA = Path("metadata")


class NameRule(Protocol):
    """`Strategy.validate_name`: what is wrong with an object name (`prefix`: a generateName)."""

    def __call__(self, name: str, *, prefix: bool) -> list[str]: ...


def label_errors(labels: Mapping[str, str] | None, path: Path) -> ErrorList:
    """Every key a qualified name, every value a label value."""
    errors: ErrorList = []
    for key, value in (labels or {}).items():
        for text in qualified_name(key):
            errors.append(invalid(path, key, text))
        for text in label_value(value):
            errors.append(invalid(path, value, text))
    return errors


def label_key_errors(key: str, path: Path) -> ErrorList:
    return [invalid(path, key, text) for text in qualified_name(key)]


def label_value_errors(value: str, path: Path) -> ErrorList:
    return [invalid(path, value, text) for text in label_value(value)]


def annotation_errors(annotations: Mapping[str, str] | None, path: Path) -> ErrorList:
    """Every key a qualified name but for case; all together no larger than 256 KiB."""
    errors: ErrorList = []
    total = 0
    for key, value in (annotations or {}).items():
        for text in qualified_name(key.lower()):
            errors.append(invalid(path, key, text))
        total += len(key) + len(value)
    if total > ANNOTATIONS_LIMIT // 4 and annotations:
        total = sum(len(k.encode()) + len(v.encode()) for k, v in annotations.items())
        if total > ANNOTATIONS_LIMIT:
            errors.append(too_long(path, ANNOTATIONS_LIMIT))
    return errors


def owner_reference_errors(references: Sequence[Obj] | None, path: Path) -> ErrorList:
    """Complete references, none to an Event, at most one controller."""
    errors: ErrorList = []
    controller = ""
    for ref in references or ():
        group, version = _group_version(ref.get("apiVersion", ""))
        kind = ref.get("kind", "")
        if not version:
            errors.append(invalid(path.child("apiVersion"), ref.get("apiVersion", ""), "version must not be empty"))
        for name, value in (("kind", kind), ("name", ref.get("name", "")), ("uid", ref.get("uid", ""))):
            if not value:
                errors.append(invalid(path.child(name), value, "must not be empty"))
        if (group, version, kind) == ("", "v1", "Event"):
            errors.append(invalid(path, dict(ref), "/v1, Kind=Event is disallowed from being an owner"))
        if ref.get("controller"):
            current = f"{kind}/{ref.get('name', '')}"
            if controller:
                errors.append(
                    invalid(
                        path,
                        [dict(r) for r in references or ()],
                        'Only one reference can have Controller set to true. Found "true" in references for '
                        f"{controller} and {current}",
                    )
                )
            else:
                controller = current
    return errors


def _group_version(api_version: str) -> tuple[str, str]:
    """Go's FromAPIVersionAndKind: what has two slashes or more has neither group nor version."""
    head, slash, tail = api_version.partition("/")
    if not slash:
        return "", head
    return ("", "") if "/" in tail else (head, tail)


def finalizer_errors(finalizers: Sequence[str] | None, path: Path) -> ErrorList:
    """Qualified names; not both of the garbage collector's."""
    if not finalizers:
        return []
    errors: ErrorList = []
    for finalizer in finalizers:
        errors.extend(invalid(path, finalizer, text) for text in qualified_name(finalizer))
    if "orphan" in finalizers and "foregroundDeletion" in finalizers:
        errors.append(invalid(path, list(finalizers), "finalizer orphan and foregroundDeletion cannot be both set"))
    return errors


def standard_finalizer_errors(finalizers: Sequence[str] | None, path: Path) -> ErrorList:
    """A finalizer without a domain must be one of Kubernetes' own (built-in kinds only)."""
    text = "name is neither a standard finalizer name nor is it fully qualified"
    return [
        invalid(path.index(i), finalizer, text)
        for i, finalizer in enumerate(finalizers or ())
        if "/" not in finalizer and finalizer not in STANDARD_FINALIZERS
    ]


def managed_fields_errors(entries: Sequence[Obj] | None, path: Path) -> ErrorList:
    """Entries that a client sent (the server's own are right by construction)."""
    errors: ErrorList = []
    for i, entry in enumerate(entries or ()):
        at = path.index(i)
        if entry.get("operation") not in ("Apply", "Update"):
            errors.append(invalid(at.child("operation"), entry.get("operation", ""), "must be `Apply` or `Update`"))
        if entry.get("fieldsType", "") not in ("", "FieldsV1"):
            errors.append(invalid(at.child("fieldsType"), entry["fieldsType"], "must be `FieldsV1`"))
        if len(entry.get("manager", "")) > MANAGER_LIMIT:
            errors.append(too_long(at.child("manager"), MANAGER_LIMIT))
    return errors


def object_meta_errors(
    meta: Obj,
    *,
    namespaced: bool,
    validate_name: NameRule,
    path: Path = METADATA,
    builtin: bool = True,
) -> ErrorList:
    """The metadata of an object that is created. `builtin`: finalizers without a domain must be standard ones."""
    errors = _accessor_errors(meta, namespaced=namespaced, validate_name=validate_name, path=path)
    if builtin:
        errors += standard_finalizer_errors(meta.get("finalizers"), path.child("finalizers"))
    return errors


def _accessor_errors(meta: Obj, *, namespaced: bool, validate_name: NameRule, path: Path) -> ErrorList:
    errors: ErrorList = []
    prefix = meta.get("generateName")
    if prefix:
        errors.extend(invalid(path.child("generateName"), prefix, text) for text in validate_name(prefix, prefix=True))
    name = meta.get("name")
    if not name:
        errors.append(required(path.child("name"), "name or generateName is required"))
    else:
        errors.extend(invalid(path.child("name"), name, text) for text in validate_name(name, prefix=False))
    namespace = meta.get("namespace")
    if namespaced:
        if not namespace:
            errors.append(required(path.child("namespace")))
        else:
            errors.extend(invalid(path.child("namespace"), namespace, text) for text in _namespace_name(namespace))
    elif namespace:
        errors.append(forbidden(path.child("namespace"), "not allowed on this type"))
    if meta.get("generation", 0) < 0:
        errors.append(invalid(path.child("generation"), meta["generation"], "must be greater than or equal to 0"))
    errors += _shared_errors(meta, path)
    if meta.get("finalizers"):
        errors += finalizer_errors(meta["finalizers"], path.child("finalizers"))
    return errors


@lru_cache(maxsize=1024)
def _namespace_name(namespace: str) -> tuple[str, ...]:
    return tuple(dns1123_label(namespace))


def _shared_errors(meta: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    if meta.get("labels"):
        errors += label_errors(meta["labels"], path.child("labels"))
    if meta.get("annotations"):
        errors += annotation_errors(meta["annotations"], path.child("annotations"))
    if meta.get("ownerReferences"):
        errors += owner_reference_errors(meta["ownerReferences"], path.child("ownerReferences"))
    return errors


def object_meta_update_errors(
    new: Obj, old: Obj, *, namespaced: bool, path: Path = METADATA, builtin: bool = True, again: bool = False
) -> ErrorList:
    """The metadata of an object that is updated: thrice, as the real server does (see above); `again` for kinds
    whose update is validated as a whole."""
    whole = _accessor_errors(new, namespaced=namespaced, validate_name=_segment_name, path=path)
    change = _change_errors(new, old, path)
    errors = whole + change + change
    if again:
        errors += whole
    if builtin:
        errors += standard_finalizer_errors(new.get("finalizers"), path.child("finalizers"))
    return errors


def _segment_name(name: str, *, prefix: bool) -> list[str]:
    return path_segment_name(name, prefix=prefix)


_IMMUTABLE = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def _change_errors(new: Obj, old: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    if "deletionTimestamp" in old:
        extra = sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
        if extra:
            errors.append(
                forbidden(
                    path.child("finalizers"),
                    "no new finalizers can be added if the object is being deleted, found new finalizers "
                    f"[]string{{{', '.join(map(go_quote, extra))}}}",
                )
            )
    if new.get("generation", 0) < old.get("generation", 0):
        errors.append(invalid(path.child("generation"), new.get("generation", 0), "must not be decremented"))
    for name in _IMMUTABLE:
        errors += immutable_errors(new.get(name), old.get(name), path.child(name))
    return errors + _shared_errors(new, path)


def immutable_errors(new: Any, old: Any, path: Path, shape: Shape | None = None) -> ErrorList:
    """`field is immutable` unless both are equal; an absent field and an empty one are the same.
    `shape` is how the server shows the value if it is a struct of an internal type."""
    if new == old or (not new and not old and not isinstance(new, bool) and not isinstance(old, bool)):
        return []
    return [invalid(path, new if shape is None else shown(new, shape), "field is immutable")]
