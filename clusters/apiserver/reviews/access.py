"""May somebody do something: SubjectAccessReview and its relatives.

Models: kubernetes, pkg/registry/authorization and pkg/apis/authorization/validation.
"""

from __future__ import annotations

from typing import Any

from clusters.apiserver.authz.attributes import Attributes, Decision
from clusters.apiserver.authz.rules import Rule
from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Response
from clusters.apiserver.reviews.common import read_review, review_answer
from clusters.machinery.errors import BadRequest, Invalid
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.types import Obj, UserInfo

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
        )
    other = spec.get("nonResourceAttributes") or {}
    return Attributes(user, other.get("verb", ""), path=other.get("path", ""))


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
    return review_answer(call, endpoint, obj)


def subject_review(call: Call, endpoint: Endpoint) -> Response:
    """SubjectAccessReview."""
    obj = read_review(call, endpoint)
    spec = obj.setdefault("spec", {})
    _refuse(_which(spec) + _subject(spec) + _bare_meta(obj, "must be empty"))
    return _decide(call, endpoint, obj, _user_of(spec))


def self_review(call: Call, endpoint: Endpoint) -> Response:
    """SelfSubjectAccessReview."""
    obj = read_review(call, endpoint)
    spec = obj.setdefault("spec", {})
    _refuse(_which(spec) + _bare_meta(obj, "must be empty"))
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
    errors = _which(spec) + _subject(spec)
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
        "incomplete": bool(problems),
    }
    if problems:
        problems = list(dict.fromkeys(problems))
        status["evaluationError"] = problems[0] if len(problems) == 1 else "[" + ", ".join(problems) + "]"
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
