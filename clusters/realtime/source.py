"""Where live clusters come from: the process's hub and the cluster's row."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from clusters.kernel.clock import SECOND, ClockSpec, parse_speed, wall_now
from clusters.models import Cluster
from clusters.realtime.gossip import RedisGossip
from clusters.realtime.live import ClusterState, LiveClusters
from clusters.realtime.messages import ClockFrame
from clusters.registry.cache import WatchCache
from clusters.runtime.hub import hub

LATE = SECOND
"""Wall time by which loops may be late without anybody being told."""
BUSY_AFTER = 3 * SECOND


def epoch_of(cluster: Cluster) -> str:
    """Names this incarnation of the cluster's name."""
    return f"{cluster.pk:x}-{cluster.created:x}"


def clock_frame(cluster: Cluster, now: int | None = None, *, busy: bool = False) -> ClockFrame:
    """The cluster's clock at wall time `now`. `lag`: virtual seconds by which the loops are behind. A due time
    of 0 says "at once", but not since when: only if the loops are known to be `busy` all the time, the log's
    last time tells how far they are."""
    wall = wall_now() if now is None else now
    spec = ClockSpec(cluster.clock_base, cluster.clock_wall_base, parse_speed(cluster.clock_speed))
    virtual, late = spec.virtual(wall), 0.0
    if not spec.is_max and not spec.paused:
        if cluster.due:
            late = (wall - cluster.due) * spec.speed
        elif busy and cluster.due == 0:
            late = virtual - cluster.vtime
    return {
        "t": "clock",
        "now": max(virtual, cluster.vtime) if spec.is_max else virtual,
        "wall": wall,
        "speed": "max" if spec.is_max else spec.speed,
        "paused": spec.paused,
        "lag": round(late / SECOND, 1) if late > LATE * max(spec.speed, 1.0) else 0.0,
    }


class RuntimeSource:
    """`live.Source` by the runtime."""

    def __init__(self) -> None:
        self._at_once: dict[int, int] = {}
        """Since when (wall) a cluster's loops have had something to do at once, by id."""

    def open(self, name: str) -> WatchCache:
        handle = hub.cluster(name)
        if not Cluster.objects.filter(pk=handle.id).exists():
            # Another process deleted it, and perhaps made another of the same name.
            hub.forget(name)
            handle = hub.cluster(name)
        handle.refresh()
        return handle.cache

    def state(self, name: str) -> ClusterState | None:
        cluster = Cluster.objects.filter(name=name).first()
        if cluster is None:
            return None
        now = wall_now()
        if cluster.due == 0:
            since = self._at_once.setdefault(cluster.pk, now)
        else:
            self._at_once.pop(cluster.pk, None)
            since = now
        clock = clock_frame(cluster, now, busy=now - since > BUSY_AFTER)
        return ClusterState(epoch=epoch_of(cluster), clock=clock)


@lru_cache(maxsize=1)
def live_clusters() -> LiveClusters:
    """This process's live clusters."""
    return LiveClusters(RuntimeSource(), RedisGossip(settings.REDIS_URL) if settings.REDIS_URL else None)
