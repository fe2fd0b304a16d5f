"""FlowSchema: which requests belong together. Models: kubernetes, registry/flowcontrol/flowschema."""

from __future__ import annotations

from collections.abc import Sequence

from clusters.machinery.field import ErrorList, Path, invalid, not_supported, required
from clusters.machinery.names import dns1123_label, dns1123_subdomain
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.columns import AGE, NAME, NONE

MAX_PRECEDENCE = 10_000
DEFAULT_PRECEDENCE = 1000
VERBS = frozenset(
    ["get", "list", "create", "update", "delete", "deletecollection", "patch", "watch", "proxy"],
)
NON_RESOURCE_VERBS = frozenset(["get", "head", "post", "put", "patch", "delete", "options", "connect", "trace"])
_SPEC = Path("spec")


class FlowSchemaStrategy(Strategy):
    has_generation = True
    allow_unconditional_update = False

    def default(self, obj: Obj) -> None:
        spec = obj.setdefault("spec", {})
        if not spec.get("matchingPrecedence"):
            spec["matchingPrecedence"] = DEFAULT_PRECEDENCE
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        errors: ErrorList = []
        precedence, path = spec["matchingPrecedence"], _SPEC.child("matchingPrecedence")
        if precedence <= 0:
            errors.append(invalid(path, precedence, "must be a positive value"))
        if precedence > MAX_PRECEDENCE:
            errors.append(invalid(path, precedence, f"must not be greater than {MAX_PRECEDENCE}"))
        if precedence == 1 and obj["metadata"].get("name") != "exempt":
            errors.append(invalid(path, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
        method = spec.get("distinguisherMethod")
        if method is not None and method.get("type") not in ("ByNamespace", "ByUser"):
            path = _SPEC.child("distinguisherMethod")
            errors.append(not_supported(path, method.get("type", ""), frozenset({"ByNamespace", "ByUser"})))
        level = (spec.get("priorityLevelConfiguration") or {}).get("name", "")
        path = _SPEC.child("priorityLevelConfiguration", "name")
        if level:
            errors += [invalid(path, level, text) for text in dns1123_subdomain(level)]
        else:
            errors.append(required(path, "must reference a priority level"))
        for i, rule in enumerate(spec.get("rules") or ()):
            errors += _rule_errors(rule, _SPEC.child("rules").index(i))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return self.validate_create(new, ctx)


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
        at_ = path.child("nonResourceRules").index(i)
        errors += _verb_errors(each.get("verbs") or (), NON_RESOURCE_VERBS, at_.child("verbs"))
        if not each.get("nonResourceURLs"):
            errors.append(required(at_.child("nonResourceURLs"), "nonResourceURLs must contain at least one value"))
    return errors


def _subject_errors(subject: Obj, path: Path) -> ErrorList:
    kind = subject.get("kind", "")
    if kind not in ("User", "Group", "ServiceAccount"):
        return [not_supported(path.child("kind"), kind, frozenset({"User", "Group", "ServiceAccount"}))]
    errors: ErrorList = []
    field_name = kind[0].lower() + kind[1:]
    chosen = subject.get(field_name)
    if chosen is None:
        why = f"{field_name} is required when subject kind is '{kind}'"
        return [required(path.child(field_name), why)]
    if not chosen.get("name"):
        errors.append(required(path.child(field_name, "name")))
    if kind == "ServiceAccount":
        namespace = chosen.get("namespace", "")
        at_ = path.child(field_name, "namespace")
        if not namespace:
            errors.append(required(at_, "must specify namespace for service account"))
        else:
            errors += [invalid(at_, namespace, text) for text in dns1123_label(namespace)]
    return errors


def _verb_errors(verbs: Sequence[str], known: frozenset[str], path: Path) -> ErrorList:
    if not verbs:
        return [required(path, "verbs must contain at least one value")]
    if "*" in verbs:
        return [invalid(path, list(verbs), "if '*' is present, must not specify other verbs")] if len(verbs) > 1 else []
    return [] if set(verbs) <= known else [not_supported(path, list(verbs), known)]


def _resource_rule_errors(rule: Obj, path: Path) -> ErrorList:
    errors = _verb_errors(rule.get("verbs") or (), VERBS, path.child("verbs"))
    words = {
        "apiGroups": ("resource rules must supply at least one api group", "api groups"),
        "resources": ("resource rules must supply at least one resource", "resources"),
    }
    for name, (missing, plural) in words.items():
        values = rule.get(name) or []
        if not values:
            errors.append(required(path.child(name), missing))
        elif "*" in values and len(values) > 1:
            errors.append(invalid(path.child(name), values, f"if '*' is present, must not specify other {plural}"))
    if not rule.get("namespaces") and not rule.get("clusterScope"):
        errors.append(
            required(
                path.child("namespaces"),
                "resource rules that are not cluster scoped must supply at least one namespace",
            )
        )
    return errors


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
