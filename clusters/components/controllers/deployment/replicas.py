"""Arithmetic of a rollout: pure functions of a Deployment and its ReplicaSets.

Models: kube-controller-manager, deployment/util/deployment_util.go.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from clusters.components.controllers.shared import percent
from clusters.machinery.types import Obj

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED = "deployment.kubernetes.io/desired-replicas"
MAXIMUM = "deployment.kubernetes.io/max-replicas"
ROLLBACK_TO = "deprecated.deployment.rollback.rollback-to"
HASH_LABEL = "pod-template-hash"
MAX_INT32 = 2147483647

ReplicaSets = Sequence[Obj]


def wanted(obj: Obj) -> int:
    """`spec.replicas`."""
    return int(obj["spec"].get("replicas", 1))


def reported(rs: Obj, field: str) -> int:
    return int((rs.get("status") or {}).get(field, 0))


def total_wanted(sets: Iterable[Obj]) -> int:
    return sum(wanted(rs) for rs in sets)


def total(sets: Iterable[Obj], field: str) -> int:
    return sum(reported(rs, field) for rs in sets)


def active(sets: Iterable[Obj]) -> list[Obj]:
    return [rs for rs in sets if wanted(rs) > 0]


def oldest_first(sets: Iterable[Obj]) -> list[Obj]:
    return sorted(sets, key=lambda rs: (rs["metadata"]["creationTimestamp"], rs["metadata"]["name"]))


def revision(obj: Obj) -> int:
    """The revision annotation; 0 without, or with one that is no number."""
    text = (obj["metadata"].get("annotations") or {}).get(REVISION, "")
    try:
        return int(text or 0)
    except ValueError:
        return 0


def annotation_number(rs: Obj, key: str) -> int | None:
    text = (rs["metadata"].get("annotations") or {}).get(key)
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def is_rolling(deployment: Obj) -> bool:
    return str((deployment["spec"].get("strategy") or {}).get("type", "RollingUpdate")) == "RollingUpdate"


def _fenceposts(deployment: Obj) -> tuple[int, int]:
    """(surge, unavailable) in pods; never both 0."""
    rolling = (deployment["spec"].get("strategy") or {}).get("rollingUpdate") or {}
    desired = wanted(deployment)
    surge = percent.scaled(rolling.get("maxSurge"), desired, round_up=True)
    unavailable = percent.scaled(rolling.get("maxUnavailable"), desired, round_up=False)
    if surge == 0 and unavailable == 0:
        # Rounding both down to nothing would stall the rollout.
        unavailable = 1
    return surge, unavailable


def max_surge(deployment: Obj) -> int:
    return _fenceposts(deployment)[0] if is_rolling(deployment) else 0


def max_unavailable(deployment: Obj) -> int:
    if not is_rolling(deployment) or wanted(deployment) == 0:
        return 0
    return min(_fenceposts(deployment)[1], wanted(deployment))


def new_set_size(deployment: Obj, sets: Iterable[Obj], current: int) -> int:
    """How large the new ReplicaSet (now `current`) may be, given all of the Deployment's sets."""
    desired = wanted(deployment)
    if not is_rolling(deployment):
        return desired
    room = desired + max_surge(deployment) - total_wanted(sets)
    if room <= 0:
        return current
    return current + min(room, desired - current)


def same_template(a: Obj, b: Obj) -> bool:
    """Equal but for the hash label."""
    if a == b:
        return True
    return _without_hash(a) == _without_hash(b)


def _without_hash(template: Obj) -> Obj:
    metadata = {**(template.get("metadata") or {})}
    metadata.pop("creationTimestamp", None)
    labels = {k: v for k, v in (metadata.get("labels") or {}).items() if k != HASH_LABEL}
    metadata["labels"] = labels
    return {**template, "metadata": metadata}


def find_new(deployment: Obj, sets: Iterable[Obj]) -> Obj | None:
    """The set that holds the Deployment's template (the oldest, should there be several)."""
    template = deployment["spec"]["template"]
    return next((rs for rs in oldest_first(sets) if same_template(rs["spec"]["template"], template)), None)


def is_saturated(deployment: Obj, rs: Obj | None) -> bool:
    if rs is None:
        return False
    desired = wanted(deployment)
    return (
        annotation_number(rs, DESIRED) == desired
        and wanted(rs) == desired
        and reported(rs, "availableReplicas") == desired
    )


def proportion(deployment: Obj, rs: Obj, to_add: int, added: int) -> int:
    """What `rs` gets of `to_add` replicas (negative: loses) when `added` of them are given out already."""
    if wanted(rs) == 0 or to_add == 0 or to_add == added:
        return 0
    fraction, allowed = _fraction(deployment, rs), to_add - added
    return min(fraction, allowed) if to_add > 0 else max(fraction, allowed)


def _fraction(deployment: Obj, rs: Obj) -> int:
    if wanted(deployment) == 0:
        return -wanted(rs)
    size_after = wanted(deployment) + max_surge(deployment)
    size_before = annotation_number(rs, MAXIMUM) or reported(deployment, "replicas")
    if not size_before:
        return 0
    share = wanted(rs) * size_after / size_before
    return int(share + 0.5) - wanted(rs)
