"""Rules of CustomResourceDefinitions.

What all versions have in common is checked once, under `spec`, as the real server keeps it there.
Models: apiextensions-apiserver, pkg/apis/apiextensions/validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from clusters.resources.common.webhooks import client_errors
from clusters.resources.dynamic.definition import RuleCompiler, default_errors
from clusters.resources.dynamic.field_paths import resolve
from clusters.resources.dynamic.values import has_defaults

APPROVED = "api-approved.kubernetes.io"
_PROTECTED = ("k8s.io", "kubernetes.io")
_SEE = "see https://github.com/kubernetes/enhancements/pull/1111"
SCOPES = ("Cluster", "Namespaced")
COLUMN_TYPES = ("boolean", "date", "integer", "number", "string")
COLUMN_FORMATS = ("byte", "date", "date-time", "double", "float", "int32", "int64", "password")
MAX_SELECTABLE = 8
MAX_WARNING = 256
REVIEW_VERSIONS = ("v1", "v1beta1")
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
_SCHEMA = ("schema", "openAPIV3Schema")
_PER_VERSION = ("schema", "subresources", "additionalPrinterColumns", "selectableFields")


def definition_errors(obj: Obj) -> ErrorList:
    """A new definition."""
    spec, names = obj["spec"], obj["spec"].get("names") or {}
    errors: ErrorList = []
    name = obj["metadata"].get("name", "")
    if name != f"{names.get('plural', '')}.{spec.get('group', '')}":
        why = 'must be spec.names.plural+"."+spec.group'
        errors.append(invalid(Path("metadata").child("name"), name, why))
    return errors + _spec_errors(spec) + _rest_errors(obj, None)


def update_errors(new: Obj, old: Obj) -> ErrorList:
    spec, before = new["spec"], old["spec"]
    errors = _spec_errors(spec, before)
    established = any(
        c.get("type") == "Established" and c.get("status") == "True" for c in at(old, "status", "conditions") or ()
    )
    fixed = [("scope",), ("names", "kind")] if established else []
    for names in (*fixed, ("group",), ("names", "plural")):
        errors += immutable_errors(at(spec, *names), at(before, *names), _SPEC.child(*names))
    return errors + _rest_errors(new, old)


def _rest_errors(new: Obj, old: Obj | None) -> ErrorList:
    errors = status_errors(new) + _stored_errors(new) + _approval_errors(new, old)
    if new["spec"].get("preserveUnknownFields") and not (old is not None and old["spec"].get("preserveUnknownFields")):
        why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        errors.append(invalid(_SPEC.child("preserveUnknownFields"), True, why))
    return errors


def status_errors(obj: Obj) -> ErrorList:
    """The names that were accepted."""
    return _form_errors(at(obj, "status", "acceptedNames") or {}, Path("status").child("acceptedNames"))


def _stored_errors(obj: Obj) -> ErrorList:
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


def _spec_errors(spec: Obj, before: Obj | None = None) -> ErrorList:
    errors = _group_errors(spec.get("group", ""))
    scope = spec.get("scope", "")
    if not scope:
        errors.append(required(_SPEC.child("scope")))
    elif scope not in SCOPES:
        errors.append(not_supported(_SPEC.child("scope"), scope, SCOPES))
    versions: list[Obj] = spec.get("versions") or []
    path = _SPEC.child("versions")
    common = {name: _alike(versions, name) for name in _PER_VERSION}
    common["selectableFields"] &= common["schema"]
    for i, version in enumerate(versions):
        if at(version, "schema", "openAPIV3Schema") is None:
            errors.append(required(path.index(i).child("schema", "openAPIV3Schema")))
    if spec.get("preserveUnknownFields") and any(has_defaults(at(v, *_SCHEMA) or {}) for v in versions):
        why = "must be false in order to use defaults in the schema"
        errors.append(invalid(_SPEC.child("preserveUnknownFields"), True, why))
    known = {v.get("name"): at(v, *_SCHEMA) for v in (before or {}).get("versions") or ()}
    for i, version in enumerate(versions):
        errors += _version_errors(version, path.index(i), common, known)
    found = [v.get("name", "") for v in versions]
    if len(set(found)) != len(found):
        errors.append(invalid(path, shown_versions(versions, common), "must contain unique version names"))
    if sum(bool(v.get("storage")) for v in versions) != 1:
        why = "must have exactly one version marked as storage version"
        errors.append(invalid(path, shown_versions(versions, common), why))
    if versions and (wrong := dns1035_label(found[0])):
        # The first version is also the one of old that has no list of versions.
        errors.append(invalid(_SPEC.child("version"), found[0], ",".join(wrong)))
    errors += _names_errors(spec.get("names") or {}, _SPEC.child("names"))
    if versions:
        errors += _common_errors(versions, common, known)
    return errors + _conversion_errors(spec.get("conversion") or {}, _SPEC.child("conversion"))


def _common_errors(versions: Sequence[Obj], common: Mapping[str, bool], known: Mapping[str, Obj]) -> ErrorList:
    """What all versions say alike."""
    errors: ErrorList = []
    first = versions[0]
    if common["schema"]:
        status = any(at(v, "subresources", "status") is not None for v in versions)
        path = _SPEC.child("validation", "openAPIV3Schema")
        errors += _schema_errors(first, path, status=status, known=known.get(first.get("name", "")))
    if common["subresources"]:
        errors += _subresource_errors(first.get("subresources"), _SPEC.child("subresources"))
    if common["additionalPrinterColumns"]:
        errors += _columns_errors(first.get("additionalPrinterColumns"), _SPEC.child("additionalPrinterColumns"))
    if common["selectableFields"]:
        errors += _selectable_errors(first, _SPEC.child("selectableFields"))
    return errors


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


def _version_errors(version: Obj, path: Path, common: Mapping[str, bool], known: Mapping[str, Obj]) -> ErrorList:
    errors: ErrorList = []
    name = version.get("name", "")
    wrong = dns1035_label(name)
    if wrong:
        errors.append(invalid(path.child("name"), name, ",".join(wrong)))
    warning = version.get("deprecationWarning")
    if warning is not None:
        at_ = path.child("deprecationWarning")
        errors += [invalid(at_, warning, why) for why in _warning_problems(warning, bool(version.get("deprecated")))]
    if not common["schema"] and at(version, *_SCHEMA) is not None:
        status = at(version, "subresources", "status") is not None
        errors += _schema_errors(version, path.child(*_SCHEMA), status=status, known=known.get(name))
    if not common["subresources"]:
        errors += _subresource_errors(version.get("subresources"), path.child("subresources"))
    if not common["additionalPrinterColumns"]:
        columns = version.get("additionalPrinterColumns")
        errors += _columns_errors(columns, path.child("additionalPrinterColumns"))
    if not common["selectableFields"]:
        errors += _selectable_errors(version, path.child("selectableFields"))
    return errors


def _warning_problems(warning: str, deprecated: bool) -> list[str]:
    if not deprecated:
        return ["can only be set for deprecated versions"]
    out: list[str] = []
    if len(warning.encode()) > MAX_WARNING:
        out.append(f"must be <= {MAX_WARNING} characters long")
    if not warning:
        out.append("must not be an empty string")
    bad = next((i for i, c in enumerate(warning) if not c.isprintable()), None)
    if bad is not None:
        where = len(warning[:bad].encode())
        why = "must only contain printable UTF-8 characters; non-printable character found at index"
        out.append(f"{why} {where}")
    return out


def _schema_errors(version: Obj, path: Path, *, status: bool, known: Obj | None) -> ErrorList:
    """`status`: there is such a subresource; `known`: the version's schema until now."""
    schema = at(version, *_SCHEMA)
    if schema is None:
        return []
    errors = _root_errors(schema, path) if status else []
    if schema.get("nullable"):
        errors.append(forbidden(path.child("nullable"), "nullable cannot be true at the root"))
    broken = structural_errors(schema, path) or default_errors(schema, path)
    rules = RuleCompiler(known=known == schema)
    errors += broken + schema_errors(schema, path, None if broken else rules)
    return errors + rules.total_errors(path)


def _root_errors(schema: Obj, path: Path) -> ErrorList:
    """With a status of its own, only some fields may stand at the root."""
    shown, empty = shown_schema(schema), shown_schema({})
    for name, value in shown.items():
        if value == empty[name]:
            continue
        if name == "Type":
            if value == "object":
                continue
            why = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
            return [invalid(path.child("type"), value, why)]
        if name not in _AT_ROOT:
            words = " ".join(_AT_ROOT)
            why = f"only [{words}] fields are allowed at the root of the schema if the status subresource is enabled"
            return [invalid(path, shown, why)]
    return []


def _names_errors(names: Obj, path: Path) -> ErrorList:
    errors: ErrorList = [
        required(path.child(name)) for name in ("plural", "singular", "kind", "listKind") if not names.get(name)
    ]
    return errors + _form_errors(names, path)


def _form_errors(names: Obj, path: Path) -> ErrorList:
    """Names that are given are well formed."""
    errors: ErrorList = []
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
    errors += _label_errors(names.get("shortNames"), path.child("shortNames"))
    if names.get("kind") and names["kind"] == names.get("listKind"):
        why = "kind and listKind may not be the same"
        errors.append(invalid(path.child("listKind"), names["listKind"], why))
    return errors + _label_errors(names.get("categories"), path.child("categories"))


def _label_errors(values: Sequence[str] | None, path: Path) -> ErrorList:
    return [
        invalid(path.index(i), value, ",".join(wrong))
        for i, value in enumerate(values or ())
        if (wrong := dns1035_label(value))
    ]


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
    return "" if path.startswith(".") else "must be a simple json path starting with ."


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
        found, path_at = column.get("jsonPath", ""), at_.child("JSONPath")
        if not found:
            errors.append(required(path_at))
        elif problem := _path_problem(found):
            errors.append(invalid(path_at, found, problem))
    return errors


def _selectable_errors(version: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    schema = at(version, *_SCHEMA)
    fields = version.get("selectableFields") or ()
    if schema is None:
        return errors
    seen: set[tuple[tuple[str, bool], ...]] = set()
    for i, each in enumerate(fields):
        where, at_ = each.get("jsonPath", ""), path.index(i).child("jsonPath")
        if not where:
            errors.append(required(at_))
            continue
        try:
            found = resolve(where, schema, brackets=False)
        except ValueError as error:
            errors.append(invalid(at_, where, f"is an invalid path: {error}"))
            continue
        if found.parts[0][0] == "metadata":
            errors.append(invalid(at_, where, "must not point to fields in metadata"))
        if found.schema.get("type") not in ("string", "boolean", "integer"):
            why = (
                "must point to a field of type string, boolean or integer. Enum string fields and strings with formats"
            )
            errors.append(invalid(at_, where, f"{why} are allowed."))
        if found.parts in seen:
            errors.append(duplicate(at_, where))
        seen.add(found.parts)
    if len(seen) > MAX_SELECTABLE:
        errors.append(too_many(path, len(seen), MAX_SELECTABLE))
    return errors


def _conversion_errors(conversion: Obj, path: Path) -> ErrorList:
    strategy, webhook = conversion.get("strategy", ""), conversion.get("webhook") or {}
    errors: ErrorList = []
    if not strategy:
        errors.append(required(path.child("strategy")))
    elif strategy not in ("None", "Webhook"):
        errors.append(not_supported(path.child("strategy"), strategy, ("None", "Webhook")))
    config, reviews = webhook.get("clientConfig"), webhook.get("conversionReviewVersions") or ()
    config_at, reviews_at = path.child("webhookClientConfig"), path.child("conversionReviewVersions")
    if strategy == "Webhook":
        if config is None:
            errors.append(required(config_at, "required when strategy is set to Webhook"))
        else:
            errors += client_errors(config, config_at)
        return errors + _review_errors(reviews, reviews_at)
    why = "should not be set when strategy is not set to Webhook"
    return errors + [forbidden(where, why) for value, where in ((config, config_at), (reviews, reviews_at)) if value]


def _review_errors(versions: Sequence[str], path: Path) -> ErrorList:
    if not versions:
        return [required(path)]
    errors: ErrorList = []
    for i, version in enumerate(versions):
        if version in versions[:i]:
            errors.append(invalid(path.index(i), version, "duplicate version"))
            continue
        errors += [invalid(path.index(i), version, why) for why in dns1035_label(version)]
    if not set(versions) & set(REVIEW_VERSIONS):
        why = f"must include at least one of {', '.join(REVIEW_VERSIONS)}"
        errors.append(invalid(path, list(versions), why))
    return errors


def _approval_errors(new: Obj, old: Obj | None) -> ErrorList:
    """Groups of Kubernetes' own are for those who were allowed; who was not stays so until it changes."""
    group = new["spec"].get("group", "")
    if not any(group == name or group.endswith(f".{name}") for name in _PROTECTED):
        return []
    state = _approval(new)
    if old is not None and _approval(old) == state:
        return []
    path = Path("metadata").child("annotations").key(APPROVED)
    start = f'protected groups must have approval annotation "{APPROVED}"'
    if state == "missing":
        return [required(path, f"{start}, {_SEE}")]
    if state == "invalid":
        value = new["metadata"]["annotations"][APPROVED]
        return [invalid(path, value, f'{start} with either a URL or a reason starting with "unapproved", {_SEE}')]
    return []


def _approval(obj: Obj) -> str:
    value = (obj["metadata"].get("annotations") or {}).get(APPROVED, "")
    if not value:
        return "missing"
    if value.startswith("unapproved"):
        return "bypassed"
    url = urlsplit(value)
    return "approved" if url.scheme and url.netloc else "invalid"
