"""PodSecurity: refuses Pods that violate what their Namespace enforces, and warns where it only wants to know.

Templates (of Deployments and so on) are never refused, only warned about; so is a Namespace whose new labels the
Pods in it violate. Models: pod-security-admission, admission/admission.go.
"""

from __future__ import annotations

from clusters.admission.plugin import CREATE, UPDATE, Plugin, forbidden, obj_of
from clusters.admission.pod_security.policy import (
    NOTHING,
    PREFIX,
    PRIVILEGED,
    LevelVersion,
    Policy,
    details,
    policy_of,
    reasons,
    stricter,
    violations,
)
from clusters.machinery.errors import Invalid
from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.resources.base import Resource

MAX_PODS = 3000
_IGNORED = frozenset({"exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"})
_TEMPLATED = frozenset(
    {
        ("", "replicationcontrollers"),
        ("", "podtemplates"),
        ("apps", "replicasets"),
        ("apps", "deployments"),
        ("apps", "statefulsets"),
        ("apps", "daemonsets"),
        ("batch", "jobs"),
        ("batch", "cronjobs"),
    }
)
ENFORCED = "pod-security.kubernetes.io/enforce-policy"
VIOLATIONS = "pod-security.kubernetes.io/audit-violations"
_SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod"
_SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/"


class PodSecurity(Plugin):
    name = "PodSecurity"

    def handles(self, operation: str, resource: Resource, subresource: str) -> bool:
        if operation not in (CREATE, UPDATE):
            return False
        kind = (resource.group, resource.name)
        if kind == ("", "pods"):
            return subresource not in _IGNORED
        return not subresource and (kind == ("", "namespaces") or kind in _TEMPLATED)

    def validate(self, attrs: Attributes) -> None:
        if attrs.resource.name == "namespaces":
            _check_namespace(attrs)
            return
        policy = _policy(attrs)
        if policy is NOTHING:
            if attrs.resource.name == "pods":
                attrs.ctx.annotations[ENFORCED] = str(NOTHING.enforce)
            return
        obj = obj_of(attrs)
        if attrs.resource.name == "pods":
            if attrs.operation == UPDATE and attrs.old is not None and not _significant(obj, attrs.old):
                return
            _evaluate(attrs, policy, obj["metadata"], obj["spec"], enforce=True)
            return
        template = _template(obj, attrs.resource.name)
        if template is not None:
            _evaluate(attrs, policy, template.get("metadata") or {}, template.get("spec") or {}, enforce=False)


def _policy(attrs: Attributes) -> Policy:
    namespace = attrs.lookup.get("namespaces", "", attrs.namespace)
    return NOTHING if namespace is None else policy_of(namespace["metadata"].get("labels"))[0]


def _evaluate(attrs: Attributes, policy: Policy, meta: Obj, spec: Obj, *, enforce: bool) -> None:
    if enforce:
        attrs.ctx.annotations[ENFORCED] = str(policy.enforce)
    if policy.audit.level != PRIVILEGED:
        found = violations(policy.audit, meta, spec)
        if found:
            text = f'would violate PodSecurity "{policy.audit}": {details(found)}'
            attrs.ctx.annotations[VIOLATIONS] = text
    if enforce and policy.enforce.level != PRIVILEGED:
        found = violations(policy.enforce, meta, spec)
        if found:
            raise forbidden(attrs, f'violates PodSecurity "{policy.enforce}": {details(found)}')
    if policy.warn.level != PRIVILEGED:
        found = violations(policy.warn, meta, spec)
        if found:
            attrs.ctx.warnings.append(f'would violate PodSecurity "{policy.warn}": {details(found)}')


def _template(obj: Obj, resource: str) -> Obj | None:
    holder: Obj = obj
    if resource != "podtemplates":
        holder = obj.get("spec") or {}
    if resource == "cronjobs":
        holder = (holder.get("jobTemplate") or {}).get("spec") or {}
    return holder.get("template")


def _significant(new: Obj, old: Obj) -> bool:
    """Whether an update changes anything that the checks look at: the rest of a Pod's spec is immutable."""
    after, before = new["metadata"].get("annotations") or {}, old["metadata"].get("annotations") or {}
    if after.get(_SECCOMP_POD) != before.get(_SECCOMP_POD):
        return True
    for field in ("containers", "initContainers", "ephemeralContainers"):
        known = {c["name"]: c for c in old["spec"].get(field) or ()}
        listed = new["spec"].get(field) or ()
        if field != "ephemeralContainers" and len(listed) != len(known):
            return True
        for container in listed:
            name = container["name"]
            if name not in known or container.get("image") != known[name].get("image"):
                return True
            key = _SECCOMP_CONTAINER + name
            if after.get(key) != before.get(key):
                return True
    return False


def _check_namespace(attrs: Attributes) -> None:
    namespace = obj_of(attrs)
    labels = namespace["metadata"].get("labels") or {}
    old_labels = (attrs.old["metadata"].get("labels") or {}) if attrs.old is not None else {}
    if not any(key.startswith(PREFIX) for key in labels):
        return
    policy, errors = policy_of(labels)
    old_policy, old_errors = policy_of(old_labels)
    name = namespace["metadata"].get("name", "")
    if errors and (attrs.operation == CREATE or errors != old_errors):
        raise Invalid.of("", "Namespace", name, errors)
    if attrs.operation == CREATE:
        return
    new, old = policy.enforce, old_policy.enforce
    if new == old or new.level == PRIVILEGED:
        return
    if new.version == old.version and not stricter(new.level, old.level):
        return
    attrs.ctx.warnings.extend(_warnings_for_pods(attrs, name, new))


def _warnings_for_pods(attrs: Attributes, namespace: str, enforce: LevelVersion) -> list[str]:
    """One line for each set of violations, with the first Pod that has it and how many more do."""
    pods = attrs.lookup.list("pods", namespace)
    groups: dict[str, list[str]] = {}
    for pod in pods[:MAX_PODS]:
        found = violations(enforce, pod["metadata"], pod["spec"])
        if found:
            groups.setdefault(reasons(found), []).append(pod["metadata"]["name"])
    warnings = []
    if len(pods) > MAX_PODS:
        warnings.append(
            f"new PodSecurity enforce level only checked against the first {MAX_PODS} of {len(pods)} existing pods"
        )
    if groups:
        warnings.append(
            f'existing pods in namespace "{namespace}" violate the new PodSecurity enforce level "{enforce}"'
        )
    lines = []
    for reason, names in groups.items():
        others = len(names) - 1
        more = "" if not others else f" (and {others} other pod{'s' if others > 1 else ''})"
        lines.append(f"{min(names)}{more}: {reason}")
    return warnings + sorted(lines)
