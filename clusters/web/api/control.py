"""What people do to a cluster from outside of it: its clock, its machines, its faults."""

from __future__ import annotations

from typing import Any

from clusters.machinery.types import Obj
from clusters.models import Cluster
from clusters.realtime.source import live_clusters
from clusters.runtime import service
from clusters.runtime.faults import FAULT_KINDS
from clusters.runtime.hub import hub
from clusters.web.api import shapes
from clusters.web.api.fields import Duration, Flag, Param, Quantity, Speed, Text
from clusters.web.api.problems import Problem
from clusters.web.api.route import Answer, Call, route

_NODE = Text(max=63, min=1, pattern=r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", hint="a node's name")
_RESUME = "resumeSpeed"
_ZONE = Text(max=63, pattern=r"([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?", hint="a label value")


@route("GET", "clusters/{name}/clock", "The cluster's clock", need="read", returns=shapes.CLOCK)
def get_clock(call: Call) -> Any:
    return shapes.clock_of(call.cluster)


@route(
    "PATCH",
    "clusters/{name}/clock",
    "Set its speed, pause it, let it run on",
    need="write",
    body=(Param("speed", Speed()), Param("paused", Flag())),
    returns=shapes.CLOCK,
)
def set_clock(call: Call) -> Any:
    speed, paused = call.body["speed"], call.body["paused"]
    if speed is None and paused is None:
        raise Problem.invalid("speed", "give speed, paused or both")
    before = shapes.clock_of(call.cluster)
    if paused:
        if not before["paused"]:
            _remember_speed(call.cluster)
        speed = "0"
    elif paused is False and speed in (None, "0"):
        speed = (call.cluster.settings or {}).get(_RESUME, "1") if before["paused"] else None
    if speed is not None:
        service.set_clock(call.cluster, speed=speed)
        _clock_moved(call)
    return shapes.clock_of(call.cluster)


def _remember_speed(cluster: Cluster) -> None:
    """So that letting a paused clock run on gives it back its speed."""
    Cluster.objects.filter(pk=cluster.pk).update(settings={**(cluster.settings or {}), _RESUME: cluster.clock_speed})


@route("POST", "clusters/{name}/clock/step", "Run to the next timer", need="write", body=(), returns=shapes.CLOCK)
def step_clock(call: Call) -> Any:
    service.step_clock(call.cluster)
    _clock_moved(call)
    return shapes.clock_of(call.cluster)


def _clock_moved(call: Call) -> None:
    call.cluster.refresh_from_db()
    live_clusters().nudge(call.cluster.name)


def _stored(call: Call, resource: str) -> list[Obj]:
    cache = hub.cluster(call.cluster.name).cache
    cache.refresh()
    prefix = f"playground.dev/{resource}/"
    with cache.lock:
        return [item.obj for item in cache.bucket(prefix).range(prefix)]


def _one(call: Call, resource: str, name: str) -> Obj:
    for found in _stored(call, resource):
        if found["metadata"]["name"] == name:
            return found
    raise Problem(404, f"There is no {resource.removesuffix('s')} {name!r} (any more).")


@route(
    "GET",
    "clusters/{name}/faults",
    "What is broken on purpose",
    need="read",
    returns=shapes.obj(faults=shapes.array(shapes.FAULT)),
)
def list_faults(call: Call) -> Any:
    return {"faults": [shapes.fault_of(f) for f in _stored(call, "faults")]}


@route(
    "POST",
    "clusters/{name}/faults",
    "Break something",
    need="write",
    body=(
        Param("kind", Text(max=63, min=1, choices=FAULT_KINDS), required=True),
        Param("target", Text(max=320, min=1), "A node, a component, or NAMESPACE/POD.", required=True),
        Param("duration", Duration(), "Virtual time after which it heals by itself; default: never."),
    ),
    returns=shapes.FAULT,
    status=201,
)
def inject_fault(call: Call) -> Any:
    body = call.body
    fault = service.inject_fault(call.cluster, body["kind"], body["target"], duration_us=body["duration"])
    return Answer(shapes.fault_of(_one(call, "faults", fault)), status=201)


@route("DELETE", "clusters/{name}/faults/{fault}", "Heal a fault", need="write", status=204)
def heal_fault(call: Call) -> Any:
    _one(call, "faults", call.path["fault"])
    service.heal_fault(call.cluster, call.path["fault"])
    return Answer(status=204)


@route(
    "GET",
    "clusters/{name}/machines",
    "The hardware",
    need="read",
    returns=shapes.obj(machines=shapes.array(shapes.MACHINE)),
)
def list_machines(call: Call) -> Any:
    return {"machines": [shapes.machine_of(m) for m in _stored(call, "machines")]}


@route(
    "POST",
    "clusters/{name}/machines",
    "Add a machine; its kubelet registers the node",
    need="write",
    body=(
        Param("name", _NODE, "Default: the next free node-N."),
        Param("zone", _ZONE, "Default: the zone with the fewest machines."),
        Param("cpu", Quantity()),
        Param("memory", Quantity(whole=True)),
    ),
    returns=shapes.MACHINE,
    status=201,
)
def add_machine(call: Call) -> Any:
    given = {k: v for k, v in call.body.items() if v is not None}
    name = service.add_machine(call.cluster, **given)
    return Answer(shapes.machine_of(_one(call, "machines", name)), status=201)


@route(
    "PATCH",
    "clusters/{name}/machines/{machine}",
    "Switch a machine or its kubelet on or off",
    need="write",
    body=(
        Param("power", Text(max=3, choices=("on", "off"))),
        Param("kubelet", Text(max=7, choices=("running", "stopped"))),
    ),
    returns=shapes.MACHINE,
)
def patch_machine(call: Call) -> Any:
    machine, power, kubelet = call.path["machine"], call.body["power"], call.body["kubelet"]
    if power is None and kubelet is None:
        raise Problem.invalid("power", "give power, kubelet or both")
    _one(call, "machines", machine)
    if power is not None:
        service.set_power(call.cluster, machine, power)
    if kubelet is not None:
        service.set_kubelet(call.cluster, machine, kubelet)
    return shapes.machine_of(_one(call, "machines", machine))


@route("DELETE", "clusters/{name}/machines/{machine}", "Take a machine away", need="write", status=204)
def remove_machine(call: Call) -> Any:
    _one(call, "machines", call.path["machine"])
    service.remove_machine(call.cluster, call.path["machine"])
    return Answer(status=204)
