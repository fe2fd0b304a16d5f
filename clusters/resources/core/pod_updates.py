"""What may change in a Pod, by ordinary updates, `resize`, `ephemeralcontainers` and `status`.

Models: kubernetes, core validation (ValidatePodUpdate, ValidatePodResize, ValidatePodEphemeralContainersUpdate,
ValidatePodStatusUpdate).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, required
from clusters.machinery.types import Obj
from clusters.resources.common.checks import between
from clusters.resources.common.differences import shown_difference
from clusters.resources.common.shown import NODE_SELECTOR_TERM, shown
from clusters.resources.pod_spec.annotations import MIRROR
from clusters.resources.pod_spec.qos import qos_class
from clusters.resources.pod_spec.scheduling import REQUIRED, toleration_errors

_SPEC = Path("spec")
_MAX_INT32 = 2**31 - 1
_UPDATABLE = (
    "`spec.containers[*].image`",
    "`spec.initContainers[*].image`",
    "`spec.activeDeadlineSeconds`",
    "`spec.tolerations` (only additions to existing tolerations)",
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
)
_CONTAINERS = ("containers", "initContainers")


def update_errors(new: Obj, old: Obj) -> ErrorList:
    """Of an ordinary update of the spec."""
    errors: ErrorList = []
    for name in _CONTAINERS:
        before, after = old.get(name) or (), new.get(name) or ()
        if len(before) != len(after):
            text = "pod updates may not add or remove containers"
            return [*errors, forbidden(_SPEC.child(name), text)]
        errors += _image_errors(after, _SPEC.child(name))
    more, stop = _deadline_errors(new.get("activeDeadlineSeconds"), old.get("activeDeadlineSeconds"))
    errors += more
    if stop:
        return errors
    errors += _toleration_errors(new.get("tolerations") or (), old.get("tolerations") or ())
    errors += _gate_errors(new.get("schedulingGates") or (), old.get("schedulingGates") or ())
    if new == old:
        return errors
    allowed = dict(new)
    for name in _CONTAINERS:
        if new.get(name):
            allowed[name] = [
                {**after, "image": before.get("image", "")} for after, before in zip(new[name], old[name], strict=True)
            ]
    for name in ("activeDeadlineSeconds", "schedulingGates", "tolerations"):
        _put(allowed, name, old.get(name))
    if (old.get("terminationGracePeriodSeconds") or 0) < 0 and new.get("terminationGracePeriodSeconds") == 1:
        allowed["terminationGracePeriodSeconds"] = old["terminationGracePeriodSeconds"]
    if old.get("schedulingGates"):
        errors += _gated_errors(allowed, old)
    if allowed != old:
        text = f"pod updates may not change fields other than {','.join(_UPDATABLE)}"
        errors.append(forbidden(_SPEC, f"{text}\n{shown_difference(old, allowed, 'PodSpec')}"))
    return errors


def _put(obj: Obj, name: str, value: Any) -> None:
    if value is None:
        obj.pop(name, None)
    else:
        obj[name] = value


def _image_errors(containers: Sequence[Obj], path: Path) -> ErrorList:
    errors: ErrorList = []
    for i, container in enumerate(containers):
        image = container.get("image", "")
        if not image:
            errors.append(required(path.index(i).child("image")))
        if image != image.strip():
            text = "must not have leading or trailing whitespace"
            errors.append(invalid(path.index(i).child("image"), image, text))
    return errors


def _deadline_errors(new: int | None, old: int | None) -> tuple[ErrorList, bool]:
    """It may appear, and shrink."""
    at = _SPEC.child("activeDeadlineSeconds")
    if new is None:
        text = "must not update from a positive integer to nil value"
        return ([invalid(at, None, text)] if old is not None else []), False
    if not 0 <= new <= _MAX_INT32:
        return [invalid(at, new, between(0, _MAX_INT32))], True
    if old is not None and old < new:
        return [invalid(at, new, "must be less than or equal to previous value")], True
    return [], False


def _toleration_errors(new: Sequence[Obj], old: Sequence[Obj]) -> ErrorList:
    at = _SPEC.child("tolerations")

    def without_seconds(toleration: Obj) -> Obj:
        return {k: v for k, v in toleration.items() if k != "tolerationSeconds"}

    kept = [without_seconds(t) for t in new]
    if any(without_seconds(t) not in kept for t in old):
        return [forbidden(at, "existing toleration can not be modified except its tolerationSeconds")]
    return toleration_errors(new, at)


def _gate_errors(new: Sequence[Obj], old: Sequence[Obj]) -> ErrorList:
    known = {gate.get("name") for gate in old}
    return [
        forbidden(
            _SPEC.child("schedulingGates").index(i).child("name"),
            f"only deletion is allowed, but found new scheduling gate '{gate.get('name', '')}'",
        )
        for i, gate in enumerate(new)
        if gate.get("name") not in known
    ]


def _gated_errors(allowed: Obj, old: Obj) -> ErrorList:
    """A gated Pod's node selector and node affinity may become narrower. Puts both back in `allowed`."""
    errors: ErrorList = []
    before, after = old.get("nodeSelector") or {}, allowed.get("nodeSelector") or {}
    if before != after:
        if any(after.get(key) != value for key, value in before.items()):
            text = "only additions to spec.nodeSelector are allowed (no mutations or deletions)"
            errors.append(invalid(_SPEC.child("nodeSelector"), allowed.get("nodeSelector"), text))
        _put(allowed, "nodeSelector", old.get("nodeSelector"))
    had = (old.get("affinity") or {}).get("nodeAffinity")
    has = (allowed.get("affinity") or {}).get("nodeAffinity")
    if had != has:
        errors += _node_affinity_errors(has, had)
        affinity = dict(allowed.get("affinity") or {})
        _put(affinity, "nodeAffinity", had)
        _put(allowed, "affinity", affinity or old.get("affinity"))
    return errors


def _node_affinity_errors(new: Obj | None, old: Obj | None) -> ErrorList:
    before = ((old or {}).get(REQUIRED) or {}).get("nodeSelectorTerms") or []
    if not before:
        return []
    after = ((new or {}).get(REQUIRED) or {}).get("nodeSelectorTerms")
    where = _SPEC.child("affinity", "nodeAffinity", REQUIRED, "nodeSelectorTerms")
    if len(before) != len(after or ()):
        text = "no additions/deletions to non-empty NodeSelectorTerms list are allowed"
        all_shown = after if after is None else [shown(term, NODE_SELECTOR_TERM) for term in after]
        return [invalid(where, all_shown, text)]
    text = "only additions are allowed (no mutations or deletions)"
    return [
        invalid(where.index(i), shown(term, NODE_SELECTOR_TERM), text)
        for i, (term, was) in enumerate(zip(after or (), before, strict=True))
        if not _only_adds(term, was)
    ]


def _only_adds(term: Obj, was: Obj) -> bool:
    lists = [(term.get(name) or [], was.get(name) or []) for name in ("matchExpressions", "matchFields")]
    if not any(before for _, before in lists):
        return not any(after for after, _ in lists)
    return all(after[: len(before)] == before for after, before in lists)


def static_errors(old: Obj, subresource: str) -> ErrorList:
    """What refuses a subresource for the Pod as a whole: nothing else is said then."""
    at = Path("")
    static = MIRROR in (old["metadata"].get("annotations") or {})
    if subresource == "ephemeralcontainers":
        return [forbidden(at, "static pods do not support ephemeral containers")] if static else []
    if static:
        return [forbidden(at, "static pods cannot be resized")]
    if (old["spec"].get("os") or {}).get("name") == "windows":
        return [forbidden(at, "windows pods cannot be resized")]
    return []


def ephemeral_errors(new: Obj, old: Obj) -> ErrorList:
    """Ephemeral containers are added, and stay as they are."""
    at = _SPEC.child("ephemeralContainers")
    errors: ErrorList = []
    found = {c.get("name"): c for c in new["spec"].get("ephemeralContainers") or ()}
    for was in old["spec"].get("ephemeralContainers") or ():
        name = was.get("name", "")
        start = f'existing ephemeral containers "{name}" may not be'
        if name not in found:
            errors.append(forbidden(at, f"{start} removed\n"))
        elif found[name] != was:
            errors.append(forbidden(at, f"{start} changed\n{shown_difference(was, found[name], 'EphemeralContainer')}"))
    return errors


def resize_errors(new: Obj, old: Obj) -> ErrorList:
    """CPU and memory of containers that stay, in the same class of service."""
    spec, before = new["spec"], old["spec"]
    errors: ErrorList = []
    status = new.get("status") or {}
    if ((old.get("status") or {}).get("qosClass") or qos_class(before)) != qos_class(spec):
        text = "Pod QOS Class may not change as a result of resizing"
        errors.append(invalid(_SPEC, status.get("qosClass", ""), text))
    running = next(
        (
            c
            for c in (old.get("status") or {}).get("containerStatuses") or ()
            if (c.get("state") or {}).get("running") is not None
        ),
        None,
    )
    if running is not None and running.get("resources") is None:
        errors.append(forbidden(_SPEC, "Pod running on node without support for resize"))
    allowed = dict(spec)
    errors += _pod_level_errors(allowed, before)
    order = _order_errors(spec, before)
    if order:
        return errors + order
    for name in ("initContainers", "containers"):
        for i, (after, was) in enumerate(zip(spec.get(name) or (), before.get(name) or (), strict=True)):
            at = _SPEC.child(name).index(i).child("resources")
            errors += _removed_errors(after.get("resources") or {}, was.get("resources") or {}, at)
    for name in _CONTAINERS:
        more, put_back = _other_changes(name, spec.get(name) or (), before.get(name) or ())
        errors += more
        if put_back:
            allowed[name] = put_back
    if not errors and allowed != before:
        errors.append(forbidden(_SPEC, "only cpu and memory resources are mutable"))
    return errors


def _pod_level_errors(allowed: Obj, old: Obj) -> ErrorList:
    new, was = allowed.get("resources"), old.get("resources")
    if not any((r or {}).get(kind) for r in (new, was) for kind in ("requests", "limits")):
        return []
    at = _SPEC.child("resources")
    if was is not None and new is None:
        return [forbidden(at, "pod-level resources cannot be removed")]
    errors: ErrorList = []
    for kind in ("requests", "limits"):
        if was is not None and set(was.get(kind) or {}) - set((new or {}).get(kind) or {}):
            errors.append(forbidden(at.child(kind), f"pod-level resource {kind} cannot be removed"))
    kept = _without_compute(new or {}, was or {})
    _put(allowed, "resources", kept if kept or was is not None else None)
    if allowed.get("resources") != was:
        errors.append(forbidden(_SPEC, "only cpu and memory resources are mutable at pod-level"))
    return errors


def _order_errors(new: Obj, old: Obj) -> ErrorList:
    errors: ErrorList = []
    for name in _CONTAINERS:
        after, before = new.get(name) or (), old.get(name) or ()
        if len(after) != len(before):
            text = f"{name} may not be added or removed on resize"
            errors.append(forbidden(_SPEC.child(name), text))
            continue
        for i, (one, other) in enumerate(zip(after, before, strict=True)):
            if one.get("name") != other.get("name"):
                text = f"{name} may not be renamed or reordered on resize"
                errors.append(forbidden(_SPEC.child(name).index(i).child("name"), text))
    return errors


def _removed_errors(new: Obj, old: Obj, path: Path) -> ErrorList:
    return [
        forbidden(path.child(kind), f"resource {kind} cannot be removed")
        for kind in ("requests", "limits")
        if set(old.get(kind) or {}) - set(new.get(kind) or {})
    ]


def _other_changes(name: str, new: Sequence[Obj], old: Sequence[Obj]) -> tuple[ErrorList, list[Obj]]:
    """Errors for what else than CPU and memory changed, and the containers with those two put back."""
    errors: ErrorList = []
    out: list[Obj] = []
    for i, (after, before) in enumerate(zip(new, old, strict=True)):
        masked = dict(after)
        resources = _without_compute(after.get("resources") or {}, before.get("resources") or {})
        # The real server loses the claims on the way: a container that has some is never resized.
        resources.pop("claims", None)
        masked["resources"] = resources
        if masked != before:
            if name == "containers":
                errors.append(forbidden(_SPEC, "only cpu and memory resources are mutable"))
            else:
                text = "only cpu and memory resources for init or sidecar containers are mutable"
                errors.append(forbidden(_SPEC.child(name).index(i), text))
        if name == "initContainers" and after != before and after.get("restartPolicy") != "Always":
            text = "non-sidecar init containers with a resize policy of RestartContainer cannot be resized"
            errors += [
                forbidden(_SPEC.child(name).index(i), text)
                for policy in after.get("resizePolicy") or ()
                if policy.get("restartPolicy") == "RestartContainer"
            ]
        out.append(masked)
    return errors, out


def _without_compute(new: Obj, old: Obj) -> Obj:
    out = {k: v for k, v in new.items() if k not in ("requests", "limits")}
    for kind in ("requests", "limits"):
        kept = {k: v for k, v in (new.get(kind) or {}).items() if k not in ("cpu", "memory")}
        kept |= {k: v for k, v in (old.get(kind) or {}).items() if k in ("cpu", "memory")}
        if kept:
            out[kind] = kept
    return out
