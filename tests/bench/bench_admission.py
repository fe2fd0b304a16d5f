"""The admission chain: a Pod's creation and a Pod's status write through all plugins, without and with a quota."""

from __future__ import annotations

import time
from typing import Any

from clusters.machinery.types import Obj
from clusters.registry.attributes import Admission, Attributes
from tests.support.admitted import JANE, Admitted, kind
from tests.support.objects import container, pod

COUNT = 2000
RESOURCES = {"requests": {"cpu": "10m", "memory": "10Mi"}}


class _Timed:
    """Another chain's time."""

    def __init__(self, inner: Admission) -> None:
        self._inner, self.seconds = inner, 0.0

    def admit(self, attrs: Attributes) -> None:
        begin = time.perf_counter()
        self._inner.admit(attrs)
        self.seconds += time.perf_counter() - begin

    def validate(self, attrs: Attributes) -> None:
        begin = time.perf_counter()
        self._inner.validate(attrs)
        self.seconds += time.perf_counter() - begin


def run() -> dict[str, Any]:
    plain, counted = _measure(quota=False), _measure(quota=True)
    return {**plain, **{f"quota_{name}": value for name, value in counted.items()}}


def _measure(*, quota: bool) -> dict[str, float]:
    cluster = Admitted(JANE)
    if quota:
        hard = {"pods": "100000", "requests.cpu": "100000"}
        stored = cluster.create(kind("v1", "ResourceQuota", "q", spec={"hard": hard}))
        status = {"hard": hard, "used": dict.fromkeys(hard, "0")}
        cluster.patch(stored, {"status": status}, subresource="status")
    timed = cluster.registry.admission = _Timed(cluster.registry.admission)
    created = [cluster.create(pod(name=f"p{i}", containers=[container(resources=RESOURCES)])) for i in range(COUNT)]
    create, timed.seconds = timed.seconds, 0.0
    running: Obj = {"status": {"phase": "Running"}}
    for obj in created:
        cluster.patch(obj, running, subresource="status")
    return {
        "pod_create_us": round(create / COUNT * 1e6, 1),
        "pod_status_us": round(timed.seconds / COUNT * 1e6, 1),
    }
