"""What the server warns of in a PodSpec that it accepts.

Models: kubernetes, pkg/api/pod/warnings.go, pkg/api/node/util.go (deprecated node labels).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from clusters.machinery import quantity
from clusters.machinery.field import Path, go_quote
from clusters.machinery.types import Obj
from clusters.resources.common.net import ip_warnings
from clusters.resources.pod_spec.annotations import (
    APPARMOR_CONTAINER,
    APPARMOR_DEPRECATED,
    SECCOMP_CONTAINER,
    SECCOMP_POD,
)
from clusters.resources.pod_spec.containers import each_container
from clusters.resources.pod_spec.scheduling import PREFERRED, REQUIRED

DEPRECATED_NODE_LABELS = {
    "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
    "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
    "failure-domain.beta.kubernetes.io/region": ('deprecated since v1.17; use "topology.kubernetes.io/region" instead'),
    "failure-domain.beta.kubernetes.io/zone": ('deprecated since v1.17; use "topology.kubernetes.io/zone" instead'),
    "beta.kubernetes.io/instance-type": ('deprecated since v1.17; use "node.kubernetes.io/instance-type" instead'),
}
_DEPRECATED_ANNOTATIONS = {
    "scheduler.alpha.kubernetes.io/critical-pod": (
        'non-functional in v1.16+; use the "priorityClassName" field instead'
    ),
    "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
    "security.alpha.kubernetes.io/unsafe-sysctls": ('non-functional in v1.11+; use the "sysctls" field instead'),
}
_DEPRECATED_VOLUMES = {
    "photonPersistentDisk": "deprecated in v1.11, non-functional in v1.16+",
    "gitRepo": "deprecated in v1.11",
    "scaleIO": "deprecated in v1.16, non-functional in v1.22+",
    "flocker": "deprecated in v1.22, non-functional in v1.25+",
    "storageos": "deprecated in v1.22, non-functional in v1.25+",
    "quobyte": "deprecated in v1.22, non-functional in v1.25+",
    "glusterfs": "deprecated in v1.25, non-functional in v1.26+",
    "cephfs": "deprecated in v1.28, non-functional in v1.31+",
    "rbd": "deprecated in v1.28, non-functional in v1.31+",
}
_AFTER_CLAIM = "cephfs"
"""Of those, the one before which the claim of an ephemeral volume is looked at."""
_SHOWN_VOLUME = {"storageos": "storageOS"}
_NULL_SELECTOR = "a null labelSelector results in matching no pod"
_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead'


def template_warnings(template: Obj | None, path: Path) -> list[str]:
    """Of a PodTemplateSpec at `path` (`spec.template`)."""
    if template is None:
        return []
    return _warnings(template.get("spec") or {}, template.get("metadata") or {}, path, template=True)


def pod_warnings(pod: Obj) -> list[str]:
    """Of a Pod."""
    return _warnings(pod["spec"], pod["metadata"], Path(""), template=False)


def _warnings(spec: Obj, meta: Obj, path: Path, *, template: bool) -> list[str]:
    at = path.child("spec")
    annotations = meta.get("annotations") or {}
    out = [
        f"{at.child('nodeSelector').key(key)}: {DEPRECATED_NODE_LABELS[key]}"
        for key in spec.get("nodeSelector") or ()
        if key in DEPRECATED_NODE_LABELS
    ]
    out += _node_affinity(spec, at)
    for i, constraint in enumerate(spec.get("topologySpreadConstraints") or ()):
        where, key = at.child("topologySpreadConstraints").index(i), constraint.get("topologyKey", "")
        if key in DEPRECATED_NODE_LABELS:
            out.append(f"{where.child('topologyKey')}: {key} is {DEPRECATED_NODE_LABELS[key]}")
        if constraint.get("labelSelector") is None:
            out.append(f"{where.child('labelSelector')}: {_NULL_SELECTOR}")
    out += [
        f"{path.child('metadata', 'annotations').key(key)}: {text}"
        for key, text in _DEPRECATED_ANNOTATIONS.items()
        if key in annotations
    ]
    out += _volumes(spec.get("volumes") or (), at)
    out += _duplicates(spec, at)
    out += fraction_warnings(spec.get("overhead"), at.child("overhead"))
    context = spec.get("securityContext") or {}
    if context.get("seccompProfile") is None and SECCOMP_POD in annotations:
        out.append(f"{path.child('metadata', 'annotations').key(SECCOMP_POD)}: {_SECCOMP}")
    for container, where in each_container(spec, at):
        if annotations:
            out += _annotated(container, annotations, context, path, template=template)
        resources = container.get("resources") or {}
        for kind in ("limits", "requests"):
            out += fraction_warnings(resources.get(kind), where.child("resources", kind), ("memory",))
        for kind in ("limits", "requests"):
            out += fraction_warnings(resources.get(kind), where.child("resources", kind), ("ephemeral-storage",))
        out += _hidden_variables(container.get("env") or (), where.child("env"))
    out += _ports(spec, at)
    if (spec.get("terminationGracePeriodSeconds") or 0) < 0:
        text = "must be >= 0; negative values are invalid and will be treated as 1"
        out.append(f"{at.child('terminationGracePeriodSeconds')}: {text}")
    out += _pod_affinity(spec, at)
    for i, server in enumerate((spec.get("dnsConfig") or {}).get("nameservers") or ()):
        out += ip_warnings(at.child("dnsConfig", "nameservers").index(i), server)
    for i, alias in enumerate(spec.get("hostAliases") or ()):
        out += ip_warnings(at.child("hostAliases").index(i).child("ip"), alias.get("ip", ""))
    return out


def _node_affinity(spec: Obj, at: Path) -> Iterator[str]:
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    where = at.child("affinity", "nodeAffinity")
    terms = (affinity.get(REQUIRED) or {}).get("nodeSelectorTerms") or ()
    for i, term in enumerate(terms):
        yield from node_term_warnings(term, where.child(REQUIRED, "nodeSelectorTerms").index(i))
    for i, preferred in enumerate(affinity.get(PREFERRED) or ()):
        term = preferred.get("preference") or {}
        yield from node_term_warnings(term, where.child(PREFERRED).index(i).child("preference"))


def node_term_warnings(term: Obj, path: Path) -> Iterator[str]:
    for i, requirement in enumerate(term.get("matchExpressions") or ()):
        key = requirement.get("key", "")
        if key in DEPRECATED_NODE_LABELS:
            where = path.child("matchExpressions").index(i).child("key")
            yield f"{where}: {key} is {DEPRECATED_NODE_LABELS[key]}"


def node_label_warnings(selector: Obj, path: Path) -> Iterator[str]:
    """Of a metav1.LabelSelector that selects Nodes."""
    yield from node_term_warnings(selector, path)
    for key in selector.get("matchLabels") or ():
        if key in DEPRECATED_NODE_LABELS:
            yield f"{path.child('matchLabels', key)}: {DEPRECATED_NODE_LABELS[key]}"


def _pod_affinity(spec: Obj, at: Path) -> Iterator[str]:
    affinity = spec.get("affinity") or {}
    for name in ("podAffinity", "podAntiAffinity"):
        terms, where = affinity.get(name) or {}, at.child("affinity", name)
        for i, term in enumerate(terms.get(REQUIRED) or ()):
            if term.get("labelSelector") is None:
                yield f"{where.child(REQUIRED).index(i).child('labelSelector')}: {_NULL_SELECTOR}"
        for i, weighted in enumerate(terms.get(PREFERRED) or ()):
            if (weighted.get("podAffinityTerm") or {}).get("labelSelector") is None:
                here = where.child(PREFERRED).index(i).child("podAffinityTerm", "labelSelector")
                yield f"{here}: {_NULL_SELECTOR}"


def _volumes(volumes: Sequence[Obj], at: Path) -> Iterator[str]:
    for i, volume in enumerate(volumes):
        where = at.child("volumes").index(i)
        for name, text in _DEPRECATED_VOLUMES.items():
            if name == _AFTER_CLAIM:
                claim = (volume.get("ephemeral") or {}).get("volumeClaimTemplate") or {}
                here = where.child("ephemeral", "volumeClaimTemplate", "spec")
                yield from claim_spec_warnings(claim.get("spec") or {}, here)
            if volume.get(name) is not None:
                yield f"{where.child(_SHOWN_VOLUME.get(name, name))}: {text}"
    for volume in volumes:
        yield from _overlaps(volume)


def _overlaps(volume: Obj) -> Iterator[str]:
    """Files of one volume that would lie on or under each other."""
    name = go_quote(volume.get("name", ""))
    for kind, shown, key in (("configMap", "ConfigMap", "name"), ("secret", "Secret", "secretName")):
        source = volume.get(kind) or {}
        if source.get("items"):
            start = f"volume {name} ({shown} {go_quote(source.get(key, ''))}): overlapping paths"
            yield from _overlapping(_paths(source), start)
    downward = volume.get("downwardAPI") or {}
    if downward.get("items"):
        yield from _overlapping(_paths(downward), f"volume {name} (DownwardAPI): overlapping paths")
    taken: set[str] = set()
    for source in (volume.get("projected") or {}).get("sources") or ():
        if not source:
            yield f"volume {name} (Projected) has no sources provided"
            continue
        paths, label = _projected_paths(source)
        if not paths:
            continue
        start = f"volume {name} (Projected {label}): overlapping paths"
        yield from _overlapping(paths, start)
        yield from _overlapping(sorted([*set(paths), *taken]), start)
        taken.update(paths)


def _paths(source: Obj) -> list[str]:
    return [item.get("path", "") for item in source.get("items") or ()]


def _projected_paths(source: Obj) -> tuple[list[str], str]:
    for kind, shown in (("configMap", "ConfigMap"), ("secret", "Secret")):
        given = source.get(kind)
        if given is not None and given.get("items"):
            return _paths(given), f"{shown} {go_quote(given.get('name', ''))}"
    if (source.get("downwardAPI") or {}).get("items"):
        return _paths(source["downwardAPI"]), "DownwardAPI"
    if source.get("serviceAccountToken") is not None:
        return [source["serviceAccountToken"].get("path", "")], "ServiceAccountToken"
    return [], ""


def _overlapping(paths: Iterable[str], start: str) -> Iterator[str]:
    seen: list[str] = []
    for path in paths:
        path = path.rstrip("/")
        for other in seen:
            if not other or not path:
                break
            if f"{other}/".startswith(path) or f"{path}/".startswith(other):
                yield f"{start}: {go_quote(path)} with {go_quote(other)}"
                break
        if path not in seen:
            seen.append(path)


def _duplicates(spec: Obj, at: Path) -> Iterator[str]:
    for field, key, word in (("hostAliases", "ip", "ip"), ("imagePullSecrets", "name", "name")):
        seen: set[str] = set()
        for i, item in enumerate(spec.get(field) or ()):
            value = item.get(key, "")
            if value in seen:
                yield f"{at.child(field).index(i).child(key)}: duplicate {word} {go_quote(value)}"
            seen.add(value)
    for i, item in enumerate(spec.get("imagePullSecrets") or ()):
        if not item.get("name"):
            yield f'{at.child("imagePullSecrets").index(i).child("name")}: invalid empty name ""'


def claim_spec_warnings(spec: Obj, path: Path) -> Iterator[str]:
    """Of a PersistentVolumeClaimSpec: bytes cannot be cut."""
    for kind in ("requests", "limits"):
        amounts = (spec.get("resources") or {}).get(kind)
        yield from fraction_warnings(amounts, path.child("resources", kind), ("storage",))


def fraction_warnings(
    amounts: Mapping[str, str] | None, path: Path, names: Sequence[str] = ("memory", "ephemeral-storage")
) -> Iterator[str]:
    for name in names if amounts else ():
        value = (amounts or {}).get(name)
        if value is not None and quantity.milli(value) % 1000:
            shown = go_quote(quantity.canonical(value))
            yield f"{path.key(name)}: fractional byte value {shown} is invalid, must be an integer"


def _annotated(
    container: Obj, annotations: Mapping[str, str], context: Obj, path: Path, *, template: bool
) -> Iterator[str]:
    own = container.get("securityContext") or {}
    at = path.child("metadata", "annotations")
    key = SECCOMP_CONTAINER + container.get("name", "")
    if own.get("seccompProfile") is None and key in annotations:
        yield f"{at.key(key)}: {_SECCOMP}"
    key = APPARMOR_CONTAINER + container.get("name", "")
    fields = own.get("appArmorProfile") is not None or context.get("appArmorProfile") is not None
    if template and not fields and key in annotations:
        yield f"{at.key(key)}: {APPARMOR_DEPRECATED}"


def _hidden_variables(variables: Sequence[Obj], path: Path) -> Iterator[str]:
    seen: set[str] = set()
    for i, variable in enumerate(variables):
        name = variable.get("name", "")
        if name in seen:
            value, ref = variable.get("value", ""), f"$({name})"
            if variable.get("valueFrom") is not None or value == ref or ref not in value:
                text = f"hides previous definition of {go_quote(name)}, which may be dropped when using apply"
                yield f"{path.index(i)}: {text}"
        seen.add(name)


def _ports(spec: Obj, at: Path) -> Iterator[str]:
    seen: dict[tuple[int, str], list[tuple[Path, Obj]]] = {}
    for container, where in each_container(spec, at):
        for i, port in enumerate(container.get("ports") or ()):
            here = where.child("ports").index(i)
            ip, host = port.get("hostIP", ""), port.get("hostPort", 0)
            if ip and not host:
                yield f"{here}: hostIP set without hostPort: {_go_port(port)}"
            others = seen.setdefault((port.get("containerPort", 0), port.get("protocol", "")), [])
            for there, other in others:
                other_ip, other_host = other.get("hostIP", ""), other.get("hostPort", 0)
                if ip == other_ip and host == other_host:
                    yield f"{here}: duplicate port definition with {there}"
                elif not host or not other_host:
                    yield f"{here}: overlapping port definition with {there}"
                elif host == other_host and (not ip) != (not other_ip):
                    yield f"{here}: dangerously ambiguous port definition with {there}"
            others.append((here, port))


def _go_port(port: Obj) -> str:
    """Go's `%+v` of a ContainerPort."""
    return (
        f"{{Name:{port.get('name', '')} HostPort:{port.get('hostPort', 0)} ContainerPort:{port.get('containerPort', 0)}"
        f" Protocol:{port.get('protocol', '')} HostIP:{port.get('hostIP', '')}}}"
    )
