"""RollingUpdate: new pods up within the surge, old ones down within what may be unavailable.

Models: kube-controller-manager, deployment/rolling.go.
"""

from __future__ import annotations

from collections.abc import Sequence

from clusters.components.controllers.deployment import replicas
from clusters.components.controllers.deployment.scaling import Scaler
from clusters.machinery.types import Obj


def step(scaler: Scaler, deployment: Obj, new: Obj, old: Sequence[Obj]) -> bool:
    """One move of the rollout; False if there is none to make now."""
    if _grow(scaler, deployment, new, old):
        return True
    return _shrink(scaler, deployment, new, replicas.active(old), [*old, new])


def _grow(scaler: Scaler, deployment: Obj, new: Obj, old: Sequence[Obj]) -> bool:
    current, desired = replicas.wanted(new), replicas.wanted(deployment)
    if current == desired:
        return False
    if current > desired:
        return scaler.resize(new, desired, deployment)[0]
    size = replicas.new_set_size(deployment, [*old, new], current)
    return scaler.resize(new, size, deployment)[0]


def _shrink(scaler: Scaler, deployment: Obj, new: Obj, old: Sequence[Obj], everything: Sequence[Obj]) -> bool:
    if not replicas.total_wanted(old):
        return False
    least = replicas.wanted(deployment) - replicas.max_unavailable(deployment)
    new_unavailable = replicas.wanted(new) - replicas.reported(new, "availableReplicas")
    most_down = replicas.total_wanted(everything) - least - new_unavailable
    if most_down <= 0:
        return False
    if any(replicas.reported(rs, "availableReplicas") > replicas.wanted(rs) > 0 for rs in old):
        # A set that was just made smaller still reports pods that are going: they must not be counted on.
        return False
    ordered, cleaned = _drop_unhealthy(scaler, deployment, replicas.oldest_first(old), most_down)
    down = _drop_healthy(scaler, deployment, [*ordered, new], ordered, least)
    return cleaned + down > 0


def _drop_unhealthy(scaler: Scaler, deployment: Obj, old: list[Obj], most: int) -> tuple[list[Obj], int]:
    """Replicas that are not available cost nothing to give up, so they go first."""
    out, dropped = list(old), 0
    for i, rs in enumerate(old):
        if dropped >= most:
            break
        size, available = replicas.wanted(rs), replicas.reported(rs, "availableReplicas")
        if size == 0 or size == available:
            continue
        down = min(most - dropped, size - available)
        if down <= 0:
            continue
        out[i] = scaler.resize(rs, size - down, deployment)[1]
        dropped += down
    return out, dropped


def _drop_healthy(scaler: Scaler, deployment: Obj, everything: Sequence[Obj], old: Sequence[Obj], least: int) -> int:
    spare = replicas.total(everything, "availableReplicas") - least
    dropped = 0
    for rs in old:
        if dropped >= spare:
            break
        down = min(replicas.wanted(rs), spare - dropped)
        if down > 0:
            scaler.resize(rs, replicas.wanted(rs) - down, deployment)
            dropped += down
    return dropped
