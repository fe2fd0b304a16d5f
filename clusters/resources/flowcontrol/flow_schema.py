"""FlowSchema: which requests belong together. Models: kubernetes, registry/flowcontrol/flowschema."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required
from clusters.machinery.names import dns1123_label
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.checks import label, needed, subdomain
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.conditions import typed_errors
from clusters.resources.common.shown import FLOW_SCHEMA_SPEC, Shape, shown
from clusters.resources.flowcontrol.bootstrap import MANDATORY, schema_specs

MAX_PRECEDENCE = 10_000
DEFAULT_PRECEDENCE = 1000
VERBS = frozenset(
    ["get", "list", "create", "update", "delete", "deletecollection", "patch", "watch", "proxy"],
)
METHODS = frozenset({"ByNamespace", "ByUser"})
_SUBJECTS = {"ServiceAccount": "serviceAccount", "User": "user", "Group": "group"}
_SPEC = Path("spec")
_LEVEL = "priorityLevelConfiguration"
_METHOD: Shape = (("Type", "type", ""),)
_NO_NAMESPACE = "resource rules that are not cluster scoped must supply at least one namespace"
_BAD_NAMESPACE = "each member of this list must be '*' or a DNS-1123 label; "


class FlowSchemaStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False
    status_keeps_metadata = True

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        if not spec.get("matchingPrecedence"):
            spec["matchingPrecedence"] = DEFAULT_PRECEDENCE
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec, name = obj["spec"], obj["metadata"].get("name", "")
        errors: ErrorList = []
        precedence, path = spec["matchingPrecedence"], _SPEC.child("matchingPrecedence")
        if precedence <= 0:
            errors.append(invalid(path, precedence, "must be a positive value"))
        if precedence > MAX_PRECEDENCE:
            errors.append(invalid(path, precedence, f"must not be greater than {MAX_PRECEDENCE}"))
        if precedence == 1 and name != "exempt":
            errors.append(invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
        method = spec.get("distinguisherMethod")
        if method is not None and method.get("type") not in METHODS:
            errors.append(not_supported(_SPEC.child("distinguisherMethod", "type"), shown(method, _METHOD), METHODS))
        level, path = (spec.get("priorityLevelConfiguration") or {}).get("name", ""), _SPEC.child(_LEVEL, "name")
        errors += subdomain(level, path) if level else [required(path, "must reference a priority level")]
        for i, rule in enumerate(spec.get("rules") or ()):
            errors += _rule_errors(rule, _SPEC.child("rules").index(i))
        if name in MANDATORY and spec != schema_specs()[name]:
            errors.append(invalid(_SPEC, shown(spec, FLOW_SCHEMA_SPEC), f"spec of '{name}' must equal the fixed value"))
        return errors + self.validate_status(obj, obj, ctx)

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return typed_errors(at(new, "status", "conditions"), Path("status").child("conditions"))


def _rule_errors(rule: Obj, path: Path) -> ErrorList:
    errors: ErrorList = []
    subjects = rule.get("subjects") or ()
    if not subjects:
        errors.append(required(path.child("subjects"), "subjects must contain at least one value"))
    for i, subject in enumerate(subjects):
        errors += _subject_errors(subject, path.child("subjects").index(i))
    resources, others = rule.get("resourceRules") or (), rule.get("nonResourceRules") or ()
    if not resources and not others:
        errors.append(required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"))
    for i, each in enumerate(resources):
        errors += _resource_rule_errors(each, path.child("resourceRules").index(i))
    for i, each in enumerate(others):
        errors += _url_rule_errors(each, path.child("nonResourceRules").index(i))
    return errors


def _subject_errors(subject: Obj, path: Path) -> ErrorList:
    kind = subject.get("kind", "")
    if kind not in _SUBJECTS:
        return [not_supported(path.child("kind"), kind, frozenset(_SUBJECTS))]
    name, chosen = _SUBJECTS[kind], subject.get(_SUBJECTS[kind])
    if chosen is None:
        errors = [required(path.child(name), f"{name} is required when subject kind is '{kind}'")]
    else:
        errors = needed(chosen, "name", path.child(name))
        if kind == "ServiceAccount":
            errors += _account_errors(chosen, path.child(name))
    for other, unwanted in _SUBJECTS.items():
        if other != kind and subject.get(unwanted) is not None:
            why = f"{unwanted} is forbidden when subject kind is not '{other}'"
            errors.append(forbidden(path.child(unwanted), why))
    return errors


def _account_errors(account: Obj, path: Path) -> ErrorList:
    name, namespace = account.get("name", ""), account.get("namespace", "")
    errors = subdomain(name, path.child("name")) if name not in ("", "*") else []
    if namespace:
        return errors + label(namespace, path.child("namespace"))
    return [*errors, required(path.child("namespace"), "must specify namespace for service account")]


def _alone_errors(values: Sequence[str], path: Path, plural: str) -> ErrorList:
    """A star stands by itself."""
    if "*" not in values or len(values) == 1:
        return []
    return [invalid(path, list(values), f"if '*' is present, must not specify other {plural}")]


def _verb_errors(verbs: Sequence[str], path: Path) -> ErrorList:
    if not verbs:
        return [required(path, "verbs must contain at least one value")]
    if "*" in verbs:
        return _alone_errors(verbs, path, "verbs")
    return [] if set(verbs) <= VERBS else [not_supported(path, list(verbs), VERBS)]


def _resource_rule_errors(rule: Obj, path: Path) -> ErrorList:
    errors = _verb_errors(rule.get("verbs") or (), path.child("verbs"))
    for name, one, plural in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        values, at_ = rule.get(name) or (), path.child(name)
        if not values:
            errors.append(required(at_, f"resource rules must supply at least one {one}"))
        errors += _alone_errors(values, at_, plural)
    namespaces, at_ = rule.get("namespaces") or (), path.child("namespaces")
    if not namespaces and not rule.get("clusterScope"):
        errors.append(required(at_, _NO_NAMESPACE))
    elif "*" in namespaces:
        errors += _alone_errors(namespaces, at_, "namespaces")
    else:
        errors += [
            invalid(at_.index(i), namespace, _BAD_NAMESPACE + text)
            for i, namespace in enumerate(namespaces)
            for text in dns1123_label(namespace)
        ]
    return errors


def _url_rule_errors(rule: Obj, path: Path) -> ErrorList:
    errors = _verb_errors(rule.get("verbs") or (), path.child("verbs"))
    urls, at_ = rule.get("nonResourceURLs") or (), path.child("nonResourceURLs")
    if not urls:
        return [*errors, required(at_, "nonResourceURLs must contain at least one value")]
    if "*" in urls:
        return errors + _alone_errors(urls, at_, "non-resource URLs")
    problems = ((i, url, _url_problem(url)) for i, url in enumerate(urls))
    return errors + [invalid(at_.index(i), url, why) for i, url, why in problems if why]


def _url_problem(url: str) -> str:
    if not url:
        return "must not be empty"
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    stars = url.count("*")
    return "wildcard can only do suffix matching" if stars > 1 or (stars and not url.endswith("/*")) else ""


def _dangling(obj: Obj, now: int) -> str:
    for condition in at(obj, "status", "conditions") or ():
        if condition.get("type") == "Dangling":
            return str(condition.get("status", ""))
    return "?"


RESOURCE = Resource(
    group="flowcontrol.apiserver.k8s.io",
    name="flowschemas",
    kind="FlowSchema",
    singular="flowschema",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.flowcontrol.v1.FlowSchema"),),
    subresources=(Subresource(name="status"),),
    strategy=FlowSchemaStrategy(),
    columns=(
        NAME,
        Column(
            name="PriorityLevel",
            description="`name` is the name of the priority level configuration being referenced Required.",
            value=field("spec", "priorityLevelConfiguration", "name"),
        ),
        Column(
            name="MatchingPrecedence",
            description="`matchingPrecedence` is used to choose among the FlowSchemas that match a given request.",
            value=field("spec", "matchingPrecedence", default=0),
        ),
        Column(
            name="DistinguisherMethod",
            description="`distinguisherMethod` defines how to compute the flow distinguisher for requests that match"
            " this schema.",
            value=field("spec", "distinguisherMethod", "type", default=NONE),
        ),
        AGE,
        Column(
            name="MissingPL",
            description="references a broken or non-existent PriorityLevelConfiguration",
            value=_dangling,
        ),
    ),
)
