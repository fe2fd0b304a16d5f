"""Why is this Pod pending, and where could it go? The scheduler's own cycle, run beside it on what we know now."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any

from clusters.components.scheduler.explain import Explainer
from clusters.runtime.hub import ClusterHandle, hub
from clusters.web.api import shapes
from clusters.web.api.fields import Param, Text
from clusters.web.api.problems import Problem
from clusters.web.api.route import Call, route
from clusters.web.moment import informers_of

_KEPT = 4
_POD = Text(max=320, min=3, pattern=r"[^/]+/[^/]+", hint="NAMESPACE/NAME")


class _Explainers:
    """The latest few: a drag asks several times about one revision. An explainer answers one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[ClusterHandle, tuple[int, Explainer, threading.Lock]] = OrderedDict()

    def get(self, name: str) -> tuple[Explainer, threading.Lock]:
        handle = hub.cluster(name)
        handle.refresh()
        with self._lock:
            known = self._known.get(handle)
        if known is None or known[0] != handle.cache.rev:
            rev, informers = informers_of(handle)
            known = (rev, Explainer(informers), threading.Lock())
            with self._lock:
                self._known[handle] = known
                self._known.move_to_end(handle)
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return known[1], known[2]


_explainers = _Explainers()


@route(
    "GET",
    "clusters/{name}/explain/pods/{namespace}/{pod}",
    "Why a Pod is where it is, or nowhere",
    need="read",
    returns=shapes.obj(
        summary={"type": "string"},
        state={"enum": ["pending", "bound", "gated", "unmanaged", "ended"]},
        nodes=shapes.array(shapes.VERDICT),
        preFilter={"type": ["object", "null"]},
        condition={"type": ["object", "null"]},
    ),
)
def explain_pod(call: Call) -> Any:
    explainer, lock = _explainers.get(call.cluster.name)
    with lock:
        found = explainer.pod(call.path["namespace"], call.path["pod"])
    return _found(found, f"{call.path['namespace']}/{call.path['pod']}")


@route(
    "POST",
    "clusters/{name}/explain/move",
    "Where a Pod that is being dragged could go",
    need="read",
    body=(Param("pod", _POD, "NAMESPACE/NAME", required=True),),
    returns=shapes.obj(nodes=shapes.array(shapes.VERDICT), refused={"type": ["string", "null"]}),
)
def explain_move(call: Call) -> Any:
    namespace, _, name = call.body["pod"].partition("/")
    explainer, lock = _explainers.get(call.cluster.name)
    with lock:
        found = explainer.move(namespace, name)
    return _found(found, call.body["pod"])


def _found(answer: dict[str, Any] | None, pod: str) -> dict[str, Any]:
    if answer is None:
        raise Problem(404, f"There is no Pod {pod!r} (any more).")
    return answer
