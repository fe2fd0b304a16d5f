"""May somebody do something: SubjectAccessReview and its relatives.

Models: kubernetes, pkg/registry/authorization and pkg/apis/authorization/validation.
"""

from __future__ import annotations

from typing import Any

from clusters.apiserver.authz.attributes import Attributes, Decision
from clusters.apiserver.authz.node import is_node
from clusters.apiserver.authz.rules import Rule
from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Response
from clusters.apiserver.reviews.common import read_review, review_answer
from clusters.machinery.errors import BadRequest, Invalid, aggregate
from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.selectors import (
    ALL_FIELDS,
    FieldRequirement,
    FieldSelector,
    from_label_selector,
    parse_field_selector,
    parse_label_selector,
)
from clusters.machinery.types import Obj, UserInfo
from clusters.resources.common.labels import operator_errors, requirement_errors

GROUP = "authorization.k8s.io"


def _go_path(spec: Obj) -> dict[str, Any]:
    found = spec.get("nonResourceAttributes") or {}
    return {"Path": found.get("path", ""), "Verb": found.get("verb", "")}


def _which(spec: Obj) -> ErrorList:
    errors: ErrorList = []
    resource, other = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    at = Path("spec")
    if resource is not None and other is not None:
        why = "cannot be specified in combination with resourceAttributes"
        errors.append(invalid(at.child("nonResourceAttributes"), _go_path(spec), why))
    if resource is None and other is None:
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        errors.append(invalid(at.child("resourceAttributes"), None, why))
    return errors


def _subject(spec: Obj) -> ErrorList:
    if spec.get("user") or spec.get("groups"):
        return []
    return [invalid(Path("spec").child("user"), "", "at least one of user or group must be specified")]


def _bare_meta(obj: Obj, why: str, *allowed: str) -> ErrorList:
    meta = {k: v for k, v in obj["metadata"].items() if k not in ("managedFields", "creationTimestamp", *allowed)}
    return [invalid(Path("metadata"), meta, why)] if meta else []


def _selectors(spec: Obj) -> ErrorList:
    """Selectors of resourceAttributes; operators that nobody knows yet may be asked about."""
    found = spec.get("resourceAttributes") or {}
    errors: ErrorList = []
    for name, check in (("fieldSelector", _field_requirement), ("labelSelector", _label_requirement)):
        selector = found.get(name)
        if selector is None:
            continue
        at = Path("spec").child("resourceAttributes", name)
        raw, requirements = selector.get("rawSelector", ""), selector.get("requirements") or ()
        if raw and requirements:
            why = "may not specified at the same time as requirements"
            errors.append(invalid(at.child("rawSelector"), raw, why))
        if not raw and not requirements:
            why = f"when {at} is specified, requirements or rawSelector is required"
            errors.append(required(at.child("requirements"), why))
        for i, each in enumerate(requirements):
            errors += check(each, at.child("requirements").index(i))
    return errors


def _label_requirement(requirement: Obj, path: Path) -> ErrorList:
    return requirement_errors(requirement, path, known=False)


def _field_requirement(requirement: Obj, path: Path) -> ErrorList:
    errors: ErrorList = [] if requirement.get("key") else [required(path.child("key"), "must be specified")]
    return errors + operator_errors(requirement, path, known=False)


def _refuse(errors: ErrorList) -> None:
    if errors:
        # The real server has lost the kind by then.
        raise Invalid.of(GROUP, "", "", errors)


def attributes_of(user: UserInfo, spec: Obj) -> Attributes:
    """The action that a review asks about."""
    found = spec.get("resourceAttributes")
    if found is not None:
        return Attributes(
            user,
            found.get("verb", ""),
            found.get("group", ""),
            found.get("version", "") or "*",
            found.get("resource", ""),
            found.get("subresource", ""),
            found.get("namespace", ""),
            found.get("name", ""),
            fields=_fields(found.get("fieldSelector") or {})[0],
        )
    other = spec.get("nonResourceAttributes") or {}
    return Attributes(user, other.get("verb", ""), path=other.get("path", ""))


def _fields(selector: Obj) -> tuple[FieldSelector, bool]:
    """What a field selector says as far as it can be read, and whether that is all of it."""
    raw = selector.get("rawSelector", "")
    if raw:
        try:
            return parse_field_selector(raw), True
        except BadRequest:
            return ALL_FIELDS, False
    read: list[FieldRequirement] = []
    given = selector.get("requirements") or ()
    for each in given:
        values: list[str] = each.get("values") or []
        operator = _FIELD_OPERATORS.get(each.get("operator", ""))
        if operator is not None and len(values) == 1:
            read.append(FieldRequirement(each.get("key", ""), operator, values[0]))
    return FieldSelector(tuple(read)), len(read) == len(given)


def _labels(selector: Obj) -> tuple[bool, bool]:
    """Whether anything of a label selector can be read, and whether all of it can."""
    raw = selector.get("rawSelector", "")
    if raw:
        try:
            return not parse_label_selector(raw).empty, True
        except BadRequest:
            return False, False
    given = selector.get("requirements") or ()
    good = sum(map(_readable, given))
    return bool(good), good == len(given)


def _readable(requirement: Obj) -> bool:
    try:
        from_label_selector({"matchExpressions": [requirement]})
    except ValueError:
        return False
    return True


_FIELD_OPERATORS = {"In": "=", "NotIn": "!="}


def _evaluation_error(spec: Obj) -> str:
    found = spec.get("resourceAttributes") or {}
    out = []
    fields, read = _fields(found.get("fieldSelector") or {})
    labels = _labels(found.get("labelSelector") or {})
    for name, some, everything in (("fieldSelector", not fields.empty, read), ("labelSelector", labels[0], labels[1])):
        if not everything:
            partially = "partially ignored" if some else "ignored"
            out.append(f"spec.resourceAttributes.{name} {partially} due to parse error")
    return "; ".join(out)


def _user_of(spec: Obj) -> UserInfo:
    return UserInfo(
        spec.get("user", ""),
        tuple(spec.get("groups") or ()),
        spec.get("uid", ""),
        dict(spec.get("extra") or {}),
    )


def _status(decision: Decision) -> Obj:
    status: Obj = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return status


def _decide(call: Call, endpoint: Endpoint, obj: Obj, user: UserInfo) -> Response:
    decision = call.server.authorizer.authorize(attributes_of(user, obj["spec"]))
    obj["status"] = _status(decision)
    if problem := _evaluation_error(obj["spec"]):
        obj["status"]["evaluationError"] = problem
    return review_answer(call, endpoint, obj)


def subject_review(call: Call, endpoint: Endpoint) -> Response:
    """SubjectAccessReview."""
    obj = read_review(call, endpoint)
    spec = obj.setdefault("spec", {})
    _refuse(_which(spec) + _subject(spec) + _selectors(spec) + _bare_meta(obj, "must be empty"))
    return _decide(call, endpoint, obj, _user_of(spec))


def self_review(call: Call, endpoint: Endpoint) -> Response:
    """SelfSubjectAccessReview."""
    obj = read_review(call, endpoint)
    spec = obj.setdefault("spec", {})
    _refuse(_which(spec) + _selectors(spec) + _bare_meta(obj, "must be empty"))
    return _decide(call, endpoint, obj, call.user)


def local_review(call: Call, endpoint: Endpoint) -> Response:
    """LocalSubjectAccessReview."""
    namespace = call.info.namespace
    obj = read_review(call, endpoint)
    spec = obj.setdefault("spec", {})
    sent = obj["metadata"].get("namespace")
    if sent and sent != namespace:
        raise BadRequest("the namespace of the provided object does not match the namespace sent on the request")
    obj["metadata"]["namespace"] = namespace
    errors = _which(spec) + _subject(spec) + _selectors(spec)
    errors += _bare_meta(obj, "must be empty except for namespace", "namespace")
    resource = spec.get("resourceAttributes")
    at = Path("spec")
    if resource is not None and resource.get("namespace", "") != namespace:
        where = at.child("resourceAttributes", "namespace")
        errors.append(invalid(where, resource.get("namespace", ""), "must match metadata.namespace"))
    if spec.get("nonResourceAttributes") is not None:
        where = at.child("nonResourceAttributes")
        errors.append(invalid(where, _go_path(spec), "disallowed on this kind of request"))
    _refuse(errors)
    return _decide(call, endpoint, obj, _user_of(spec))


def rules_review(call: Call, endpoint: Endpoint) -> Response:
    """SelfSubjectRulesReview: everything that the user may do in a namespace."""
    obj = read_review(call, endpoint)
    namespace = (obj.get("spec") or {}).get("namespace", "")
    if not namespace:
        raise BadRequest("no namespace on request")
    rules, problems = call.server.authorizer.rbac.rules_for(call.user, namespace)
    status: Obj = {
        "resourceRules": [_resource_rule(r) for r in rules if not r.get("nonResourceURLs")],
        "nonResourceRules": [
            {"verbs": list(r.get("verbs") or []), "nonResourceURLs": list(r["nonResourceURLs"])}
            for r in rules
            if r.get("nonResourceURLs")
        ],
        "incomplete": is_node(call.user),
    }
    if is_node(call.user):
        problems.insert(0, "node authorizer does not support user rule resolution")
    if problems:
        status["evaluationError"] = aggregate(problems)
    out = {
        "kind": endpoint.kind,
        "apiVersion": endpoint.api_version,
        "metadata": {},
        "spec": {},
        "status": status,
    }
    return review_answer(call, endpoint, out)


def _resource_rule(rule: Rule) -> Obj:
    out: Obj = {
        "verbs": list(rule.get("verbs") or []),
        "apiGroups": list(rule.get("apiGroups") or []),
        "resources": list(rule.get("resources") or []),
    }
    if rule.get("resourceNames"):
        out["resourceNames"] = list(rule["resourceNames"])
    return out
