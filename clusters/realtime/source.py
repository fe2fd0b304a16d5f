"""Where live clusters come from: the process's hub and the cluster's row."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from clusters.kernel.clock import ClockSpec, parse_speed, wall_now
from clusters.models import Cluster
from clusters.realtime.gossip import RedisGossip
from clusters.realtime.live import ClusterState, LiveClusters
from clusters.realtime.messages import ClockFrame
from clusters.registry.cache import WatchCache
from clusters.runtime.hub import hub


def epoch_of(cluster: Cluster) -> str:
    """Names this incarnation of the cluster's name."""
    return f"{cluster.pk:x}-{cluster.created:x}"


def clock_frame(cluster: Cluster, now: int | None = None) -> ClockFrame:
    """The cluster's clock at wall time `now`. `lag` is how many seconds the loops are behind their due time."""
    wall = wall_now() if now is None else now
    spec = ClockSpec(cluster.clock_base, cluster.clock_wall_base, parse_speed(cluster.clock_speed))
    late = wall - cluster.due if cluster.due is not None and not spec.paused else 0
    return {
        "t": "clock",
        "now": max(spec.virtual(wall), cluster.vtime) if spec.is_max else spec.virtual(wall),
        "wall": wall,
        "speed": "max" if spec.is_max else spec.speed,
        "paused": spec.paused,
        "lag": round(late / 1e6, 1) if late > 1_000_000 else 0.0,
    }


class RuntimeSource:
    """`live.Source` by the runtime."""

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
        return ClusterState(epoch=epoch_of(cluster), clock=clock_frame(cluster))


@lru_cache(maxsize=1)
def live_clusters() -> LiveClusters:
    """This process's live clusters."""
    return LiveClusters(RuntimeSource(), RedisGossip(settings.REDIS_URL) if settings.REDIS_URL else None)
