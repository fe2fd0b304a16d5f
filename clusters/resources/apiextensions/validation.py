"""Rules of CustomResourceDefinitions.

What all versions have in common is checked once, under `spec`, as the real server keeps it there.
Models: apiextensions-apiserver, pkg/apis/apiextensions/validation.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from clusters.machinery.field import (
    ErrorList,
    Path,
    duplicate,
    forbidden,
    invalid,
    not_supported,
    required,
    too_many,
)
from clusters.machinery.names import dns1035_label, dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.apiextensions.schema_rules import schema_errors
from clusters.resources.apiextensions.shown import shown_schema, shown_versions
from clusters.resources.apiextensions.structural import structural_errors
from clusters.resources.common.cells import at
from clusters.resources.common.meta import immutable_errors
from clusters.resources.dynamic.definition import default_errors, rule_errors

APPROVED = "api-approved.kubernetes.io"
_PROTECTED = ("k8s.io", "kubernetes.io")
_SEE = "see https://github.com/kubernetes/enhancements/pull/1111"
SCOPES = ("Cluster", "Namespaced")
COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
MAX_SELECTABLE = 8
_SPEC = Path("spec")
_AT_ROOT = (
    "Description",
    "Type",
    "Format",
    "Title",
    "Maximum",
    "ExclusiveMaximum",
    "Minimum",
    "ExclusiveMinimum",
    "MaxLength",
    "MinLength",
    "Pattern",
    "MaxItems",
    "MinItems",
    "UniqueItems",
    "MultipleOf",
    "Required",
    "Items",
    "Properties",
    "ExternalDocs",
    "Example",
    "XPreserveUnknownFields",
    "XValidations",
)
_is_simple_path = re.compile(r"(\.[A-Za-z_][A-Za-z0-9_-]*|\[['\"][^'\"]+['\"]\])+").fullmatch


def definition_errors(obj: Obj) -> ErrorList:
    """A whole definition."""
    spec, names = obj["spec"], obj["spec"].get("names") or {}
    errors: ErrorList = []
    name = obj["metadata"].get("name", "")
    if name != f"{names.get('plural', '')}.{spec.get('group', '')}":
        why = 'must be spec.names.plural+"."+spec.group'
        errors.append(invalid(Path("metadata").child("name"), name, why))
    errors += _spec_errors(spec)
    errors += status_errors(obj)
    return errors + _approval_errors(obj)


def update_errors(new: Obj, old: Obj) -> ErrorList:
    spec, before = new["spec"], old["spec"]
    errors = definition_errors(new)
    established = any(
        c.get("type") == "Established" and c.get("status") == "True" for c in at(old, "status", "conditions") or ()
    )
    fixed = [("group",), ("names", "plural")]
    if established:
        fixed += [("scope",), ("names", "kind")]
    for names in fixed:
        errors += immutable_errors(at(spec, *names), at(before, *names), _SPEC.child(*names))
    return errors


def status_errors(obj: Obj) -> ErrorList:
    """The versions that objects are stored in."""
    path = Path("status").child("storedVersions")
    stored: list[str] = at(obj, "status", "storedVersions") or []
    if not stored:
        return [invalid(path, stored, "must have at least one stored version")]
    versions = obj["spec"].get("versions") or ()
    errors = [
        invalid(path, stored, f"must have the storage version {v.get('name', '')}")
        for v in versions
        if v.get("storage") and v.get("name") not in stored
    ]
    known = {v.get("name") for v in versions}
    for i, name in enumerate(stored):
        if name not in known:
            why = (
                f"missing from spec.versions; {name} was previously a storage version, and must remain in spec.versions"
                f" until a storage migration ensures no data remains persisted in {name} and removes {name} from"
                " status.storedVersions"
            )
            errors.append(invalid(path.index(i), name, why))
    return errors


def _spec_errors(spec: Obj) -> ErrorList:
    errors = _group_errors(spec.get("group", ""))
    scope = spec.get("scope", "")
    if not scope:
        errors.append(required(_SPEC.child("scope")))
    elif scope not in SCOPES:
        errors.append(not_supported(_SPEC.child("scope"), scope, SCOPES))
    if spec.get("preserveUnknownFields"):
        why = "must be false in order to use structural schemas; set x-kubernetes-preserve-unknown-fields instead"
        errors.append(invalid(_SPEC.child("preserveUnknownFields"), True, why))
    versions: list[Obj] = spec.get("versions") or []
    path = _SPEC.child("versions")
    alike = _alike(versions, "schema")
    for i, version in enumerate(versions):
        if at(version, "schema", "openAPIV3Schema") is None:
            errors.append(required(path.index(i).child("schema", "openAPIV3Schema")))
    for i, version in enumerate(versions):
        errors += _version_errors(version, versions, path.index(i))
    found = [v.get("name", "") for v in versions]
    if len(set(found)) != len(found):
        shown = shown_versions(versions, hoisted=alike)
        errors.append(invalid(path, shown, "must contain unique version names"))
    if sum(bool(v.get("storage")) for v in versions) != 1:
        shown = shown_versions(versions, hoisted=alike)
        errors.append(invalid(path, shown, "must have exactly one version marked as storage version"))
    errors += _names_errors(spec.get("names") or {}, _SPEC.child("names"))
    if versions and alike:
        errors += _schema_errors(versions[0], versions, _SPEC.child("validation", "openAPIV3Schema"))
    if versions and _alike(versions, "subresources"):
        errors += _subresource_errors(versions[0].get("subresources"), _SPEC.child("subresources"))
    if versions and _alike(versions, "additionalPrinterColumns"):
        columns = versions[0].get("additionalPrinterColumns")
        errors += _columns_errors(columns, _SPEC.child("additionalPrinterColumns"))
    return errors + _conversion_errors(spec.get("conversion") or {}, _SPEC.child("conversion"))


def _alike(versions: Sequence[Obj], name: str) -> bool:
    """All versions say the same: it is kept, and spoken of, in one place."""
    return all(v.get(name) == versions[0].get(name) for v in versions[1:])


def _group_errors(group: str) -> ErrorList:
    path = _SPEC.child("group")
    if not group:
        return [required(path)]
    wrong = dns1123_subdomain(group)
    if wrong:
        return [invalid(path, group, ",".join(wrong))]
    return [] if "." in group else [invalid(path, group, "should be a domain with at least one dot")]


def _version_errors(version: Obj, versions: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    name = version.get("name", "")
    wrong = dns1035_label(name)
    if wrong:
        errors.append(invalid(path.child("name"), name, ",".join(wrong)))
    warning = version.get("deprecationWarning")
    if warning is not None:
        at_ = path.child("deprecationWarning")
        if not version.get("deprecated"):
            errors.append(invalid(at_, warning, "can only be set for deprecated versions"))
        if not warning:
            errors.append(invalid(at_, warning, "must not be an empty string"))
        if len(warning.encode()) > 256:
            errors.append(invalid(at_, warning, "must be <= 256 characters long"))
    if not _alike(versions, "schema") and at(version, "schema", "openAPIV3Schema") is not None:
        errors += _schema_errors(version, (version,), path.child("schema", "openAPIV3Schema"))
    if not _alike(versions, "subresources"):
        errors += _subresource_errors(version.get("subresources"), path.child("subresources"))
    if not _alike(versions, "additionalPrinterColumns"):
        columns = version.get("additionalPrinterColumns")
        errors += _columns_errors(columns, path.child("additionalPrinterColumns"))
    return errors + _selectable_errors(version, path.child("selectableFields"))


def _schema_errors(version: Obj, versions: Sequence[Obj], path: Path) -> ErrorList:
    schema = at(version, "schema", "openAPIV3Schema")
    if schema is None:
        return []
    errors: ErrorList = []
    if any(at(v, "subresources", "status") is not None for v in versions):
        shown = shown_schema(schema)
        empty = shown_schema({})
        if any(shown[n] != empty[n] and n not in _AT_ROOT for n in shown):
            words = " ".join(_AT_ROOT)
            why = f"only [{words}] fields are allowed at the root of the schema if the status subresource is enabled"
            errors.append(invalid(path, shown, why))
    if schema.get("nullable"):
        errors.append(forbidden(path.child("nullable"), "nullable cannot be true at the root"))
    errors += schema_errors(schema, path)
    errors += rule_errors(schema, path)
    return errors + (structural_errors(schema, path) or default_errors(schema, path))


def _names_errors(names: Obj, path: Path) -> ErrorList:
    errors: ErrorList = [
        required(path.child(name)) for name in ("plural", "singular", "kind", "listKind") if not names.get(name)
    ]
    for name in ("plural", "singular"):
        value = names.get(name, "")
        wrong = dns1035_label(value) if value else []
        if wrong:
            errors.append(invalid(path.child(name), value, ",".join(wrong)))
    for name in ("kind", "listKind"):
        value = names.get(name, "")
        wrong = dns1035_label(value.lower()) if value else []
        if wrong:
            why = "may have mixed case, but should otherwise match: " + ",".join(wrong)
            errors.append(invalid(path.child(name), value, why))
    for name in ("shortNames", "categories"):
        for i, value in enumerate(names.get(name) or ()):
            wrong = dns1035_label(value)
            if wrong:
                errors.append(invalid(path.child(name).index(i), value, ",".join(wrong)))
    if names.get("kind") and names["kind"] == names.get("listKind"):
        why = "kind and listKind may not be the same"
        errors.append(invalid(path.child("listKind"), names["listKind"], why))
    return errors


def _subresource_errors(subresources: Obj | None, path: Path) -> ErrorList:
    scale = (subresources or {}).get("scale")
    if scale is None:
        return []
    errors: ErrorList = []
    at_ = path.child("scale")
    for name, root in (("specReplicasPath", ".spec"), ("statusReplicasPath", ".status")):
        value = scale.get(name, "")
        if not value:
            errors.append(required(at_.child(name)))
            continue
        problem = _path_problem(value)
        if problem:
            errors.append(invalid(at_.child(name), value, problem))
        elif not value.startswith(f"{root}."):
            errors.append(invalid(at_.child(name), value, f"should be a json path under {root}"))
    selector = scale.get("labelSelectorPath")
    if selector:
        problem = _path_problem(selector)
        if problem:
            errors.append(invalid(at_.child("labelSelectorPath"), selector, problem))
        elif not selector.startswith((".spec.", ".status.")):
            why = "should be a json path under either .spec or .status"
            errors.append(invalid(at_.child("labelSelectorPath"), selector, why))
    return errors


def _path_problem(path: str) -> str:
    if not path.startswith("."):
        return "must be a simple json path starting with ."
    return "" if _is_simple_path(path) else "must be a simple json path starting with ."


def _columns_errors(columns: Sequence[Obj] | None, path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, column in enumerate(columns or ()):
        at_ = path.index(i)
        if not column.get("name"):
            errors.append(required(at_.child("name")))
        kind, form = column.get("type", ""), column.get("format", "")
        if not kind:
            errors.append(required(at_.child("type"), f"must be one of {','.join(COLUMN_TYPES)}"))
        elif kind not in COLUMN_TYPES:
            errors.append(invalid(at_.child("type"), kind, f"must be one of {','.join(COLUMN_TYPES)}"))
        if form and form not in COLUMN_FORMATS:
            errors.append(invalid(at_.child("format"), form, f"must be one of {','.join(COLUMN_FORMATS)}"))
        if not column.get("jsonPath"):
            errors.append(required(at_.child("jsonPath")))
        elif not column["jsonPath"].startswith("."):
            errors.append(
                invalid(at_.child("jsonPath"), column["jsonPath"], "must be a simple json path starting with .")
            )
    return errors


def _selectable_errors(version: Obj, path: Path) -> ErrorList:
    fields = version.get("selectableFields") or ()
    errors: ErrorList = []
    if len(fields) > MAX_SELECTABLE:
        errors.append(too_many(path, len(fields), MAX_SELECTABLE))
    schema = at(version, "schema", "openAPIV3Schema") or {}
    seen: set[str] = set()
    for i, each in enumerate(fields):
        where, at_ = each.get("jsonPath", ""), path.index(i).child("jsonPath")
        if not where:
            errors.append(required(at_))
            continue
        found = _field_of(schema, where)
        if where.startswith(".metadata"):
            errors.append(invalid(at_, where, "must not point to fields in metadata"))
        elif found is None:
            errors.append(invalid(at_, where, "is an invalid path: does not refer to a valid field"))
        elif found.get("type") not in ("string", "boolean", "integer"):
            why = (
                "must point to a field of type string, boolean or integer. Enum string fields and strings with formats"
            )
            errors.append(invalid(at_, where, f"{why} are allowed."))
        if where in seen:
            errors.append(duplicate(at_, where))
        seen.add(where)
    return errors


def _field_of(schema: Obj, path: str) -> Obj | None:
    node: Obj | None = schema
    for name in path.removeprefix(".").split("."):
        node = ((node or {}).get("properties") or {}).get(name)
    return node


def _conversion_errors(conversion: Obj, path: Path) -> ErrorList:
    strategy, webhook = conversion.get("strategy", ""), conversion.get("webhook")
    if not strategy:
        return [required(path.child("strategy"))]
    if strategy not in ("None", "Webhook"):
        return [not_supported(path.child("strategy"), strategy, ("None", "Webhook"))]
    if strategy == "None":
        if webhook is None:
            return []
        why = "should not be set when strategy is not set to Webhook"
        return [forbidden(path.child("webhookClientConfig"), why)]
    config = (webhook or {}).get("clientConfig")
    if config is None:
        why = "required when strategy is set to Webhook"
        return [required(path.child("webhookClientConfig"), why)]
    errors: ErrorList = []
    at_ = path.child("webhookClientConfig")
    if (config.get("url") is None) == (config.get("service") is None):
        errors.append(required(at_, "exactly one of url or service is required"))
    if not (webhook or {}).get("conversionReviewVersions"):
        errors.append(required(path.child("conversionReviewVersions")))
    return errors


def _approval_errors(obj: Obj) -> ErrorList:
    group = obj["spec"].get("group", "")
    if not any(group == name or group.endswith(f".{name}") for name in _PROTECTED):
        return []
    path = Path("metadata").child("annotations").key(APPROVED)
    value = (obj["metadata"].get("annotations") or {}).get(APPROVED, "")
    start = f'protected groups must have approval annotation "{APPROVED}"'
    if not value:
        return [required(path, f"{start}, {_SEE}")]
    url = urlsplit(value)
    if value.startswith("unapproved") or (url.scheme and url.netloc):
        return []
    return [invalid(path, value, f'{start} with either a URL or a reason starting with "unapproved", {_SEE}')]
