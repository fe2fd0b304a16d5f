"""What people do to whole clusters: make, delete, export and import them, move their clocks, break them.

The same functions stand behind the commands, the REST views and the admin. They work with the workers up or
down, against the same data; what a person got wrong raises `BadInput` with the field's name.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction

from clusters.kernel.clock import SECOND, ClockSpec, format_speed, parse_speed, rfc3339_micro, wall_now
from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj
from clusters.models import Cluster
from clusters.registry import deletion
from clusters.registry.registry import WriteOptions
from clusters.runtime import bootstrap, notify, snapshots
from clusters.runtime.composition import components
from clusters.runtime.faults import FAULT_KINDS, MACHINE_FAULTS
from clusters.runtime.hub import ClusterHandle, hub
from clusters.runtime.session import Session
from clusters.runtime.settings import MAX_SEED, BadInput, ClusterSettings, check_name, check_settings
from clusters.runtime.signing import client_authority
from clusters.runtime.slices import alone
from clusters.storage.seal import SecretSeal
from clusters.storage.sql import SqlStore

MAX_CLUSTERS = 2000
LEASE_PATIENCE = 10.0
"""Wall seconds that a command waits for a worker to let go of a cluster."""

__all__ = [
    "BadInput",
    "add_machine",
    "create_cluster",
    "delete_cluster",
    "export_snapshot",
    "heal_fault",
    "import_snapshot",
    "inject_fault",
    "remove_machine",
    "run_until_idle",
    "set_clock",
    "set_kubelet",
    "set_power",
    "step_clock",
]


def create_cluster(name: str, *, seed: int | None = None, start: int | None = None, **settings: object) -> Cluster:
    """A new cluster with its system objects and machines; the loops take it from there. `settings` are those of
    `check_settings`; `start` is the virtual time it begins at (default: now). Raises BadInput."""
    checked = check_settings(**settings)
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MAX_SEED):
        raise BadInput("seed", f"must be a whole number from 0 to {MAX_SEED}")
    cluster = _new_row(name, checked, seed, start)
    try:
        session = _bare_session(cluster)
        bootstrap.bootstrap(session.registry, checked, authority=client_ca(cluster))
        session.commit()
    except BaseException:
        cluster.delete()
        raise
    _wake(cluster)
    return cluster


def _new_row(
    name: str, settings: ClusterSettings, seed: int | None, start: int | None, speed: str | None = None
) -> Cluster:
    check_name(name)
    if Cluster.objects.count() >= MAX_CLUSTERS:
        raise BadInput("name", f"this installation has {MAX_CLUSTERS} clusters, its limit: delete one first")
    now = wall_now()
    try:
        with transaction.atomic():
            return Cluster.objects.create(
                name=name,
                seed=secrets.randbits(53) if seed is None else seed,
                settings=settings.as_json(),
                created=now,
                clock_base=now if start is None else start,
                clock_wall_base=now,
                clock_speed=settings.speed if speed is None else speed,
                due=0,
            )
    except IntegrityError:
        raise BadInput("name", f'there is already a cluster named "{name}"') from None


def _bare_session(cluster: Cluster) -> Session:
    """The cluster's API without any loop."""
    from django.conf import settings

    store = SqlStore(cluster.pk, SecretSeal(settings.SECRET_KEY))
    return Session(store, seed=cluster.seed, now=cluster.clock_base, components=())


def client_ca(cluster: Cluster) -> str:
    """PEM of the authority that signs the certificates of the cluster's clients."""
    from django.conf import settings

    return client_authority(settings.SECRET_KEY, cluster.pk, cluster.created).pem


def _wake(cluster: Cluster) -> None:
    notify.notifier.wrote(cluster.pk, 0)


def delete_cluster(cluster: Cluster) -> None:
    """The cluster and its whole history go."""
    from clusters.models import Revision

    hub.forget(cluster.name)
    while True:
        # In parts: one statement over a million rows would hold SQLite's write lock for seconds.
        revs = list(Revision.objects.filter(cluster=cluster).order_by("rev").values_list("rev", flat=True)[:5000])
        if not revs:
            break
        Revision.objects.filter(cluster=cluster, rev__lte=revs[-1])._raw_delete("default")
    cluster.delete()


# snapshots


def export_snapshot(cluster: Cluster, *, revision: int | None = None, history: bool = False) -> dict[str, Any]:
    """The snapshot document (see `snapshots`). Raises BadInput if `revision` cannot be read."""
    return snapshots.export(hub.cluster(cluster.name), cluster, revision=revision, history=history)


def import_snapshot(doc: object, name: str) -> Cluster:
    """A new cluster from a snapshot, or from a `kubectl get -o json` List of a real one. Raises BadInput."""
    parsed = snapshots.parse(doc)
    cluster = _new_row(name, parsed.settings, parsed.seed, parsed.start, parsed.speed)
    try:
        session = _bare_session(cluster)
        snapshots.restore(session, parsed, client_ca(cluster))
        session.commit()
    except BaseException:
        cluster.delete()
        raise
    _wake(cluster)
    return cluster


# time


def clock(cluster: Cluster) -> dict[str, Any]:
    """`{"now", "wall", "speed", "paused"}`: virtual and wall microseconds."""
    cluster.refresh_from_db(fields=["clock_base", "clock_wall_base", "clock_speed"])
    spec = _spec(cluster)
    wall = wall_now()
    return {"now": spec.virtual(wall), "wall": wall, "speed": format_speed(spec.speed), "paused": spec.paused}


def _spec(cluster: Cluster) -> ClockSpec:
    return ClockSpec(cluster.clock_base, cluster.clock_wall_base, parse_speed(cluster.clock_speed))


def set_clock(cluster: Cluster, *, speed: str) -> None:
    """Change the speed from now on (`"0"` pauses). Raises BadInput."""
    try:
        wanted = parse_speed(str(speed))
    except ValueError as error:
        raise BadInput("speed", str(error)) from None
    with transaction.atomic():
        row = Cluster.objects.select_for_update().get(pk=cluster.pk)
        spec = _spec(row).at_speed(wanted, wall_now())
        Cluster.objects.filter(pk=cluster.pk).update(
            clock_base=max(spec.base, row.vtime),
            clock_wall_base=spec.wall_base,
            clock_speed=format_speed(wanted),
            due=0,
        )
    _wake(cluster)


def step_clock(cluster: Cluster) -> int | None:
    """Jump to the next thing that happens and let it happen; the virtual time reached, None if nothing is due."""
    reached: list[int | None] = []
    alone(cluster, lambda session: reached.append(session.step()), wait=_patience())
    _wake(cluster)
    return reached[0]


def run_until_idle(cluster: Cluster, *, on_progress: Callable[[Session], None] = lambda session: None) -> int:
    """Drive the loops in this process until only background timers are left; the number of revisions written."""
    written: list[int] = []

    def drive(session: Session) -> None:
        outcome = session.run(None)
        on_progress(session)
        written.append(outcome.writes)

    alone(cluster, drive, wait=_patience())
    _wake(cluster)
    return written[0]


def _patience() -> Callable[[], None]:
    end = time.monotonic() + LEASE_PATIENCE

    def wait() -> None:
        if time.monotonic() > end:
            raise BadInput("", "a worker holds this cluster and does not let go: try again")
        time.sleep(0.02)

    return wait


# machines and faults


def _opts() -> WriteOptions:
    return WriteOptions(user=bootstrap.MASTER, manager="playground")


def _handle(cluster: Cluster) -> ClusterHandle:
    return hub.cluster(cluster.name)


def add_machine(cluster: Cluster, *, name: str = "", zone: str = "", cpu: str = "", memory: str = "") -> str:
    """Put another machine beside the others; its kubelet registers the Node. Returns its name. Raises BadInput."""
    handle = _handle(cluster)
    settings = ClusterSettings.from_json(cluster.settings)
    checked = check_settings(cpu=cpu or settings.cpu, memory=memory or settings.memory, zones=settings.zones)
    existing = {o["metadata"]["name"]: o for o in handle.registry.lookup.list("machines.playground.dev")}
    handle.refresh()
    if not name:
        number = 1
        while f"node-{number}" in existing:
            number += 1
        name = f"node-{number}"
    if not zone:
        counts = {z: sum(o["spec"].get("zone") == z for o in existing.values()) for z in settings.zones}
        zone = min(settings.zones, key=lambda z: (counts[z], z))
    machine = bootstrap.machine(name, checked, zone=zone)
    machine["spec"]["pods"] = settings.pods
    try:
        handle.registry.create(handle.resources["machines.playground.dev"], "", machine, _opts())
    except ApiError as error:
        raise BadInput("name", error.message) from None
    return name


def set_power(cluster: Cluster, name: str, power: str) -> None:
    """Switch a machine `on` or `off`. Raises BadInput."""
    if power not in ("on", "off"):
        raise BadInput("power", "must be 'on' or 'off'")
    _patch_spec(_handle(cluster), "machines.playground.dev", name, {"power": power})


def set_kubelet(cluster: Cluster, name: str, state: str) -> None:
    """Have a machine's kubelet `running` or `stopped`. Raises BadInput."""
    if state not in ("running", "stopped"):
        raise BadInput("kubelet", "must be 'running' or 'stopped'")
    _patch_spec(_handle(cluster), "machines.playground.dev", name, {"kubelet": state})


def _patch_spec(handle: ClusterHandle, resource: str, name: str, changes: dict[str, Any]) -> None:
    def transform(current: Obj) -> Obj:
        changed = {**current, "metadata": dict(current["metadata"]), "spec": {**current["spec"], **changes}}
        changed["metadata"].pop("resourceVersion", None)
        return changed

    try:
        handle.registry.update(handle.resources[resource], "", name, transform, _opts())
    except ApiError as error:
        raise BadInput("target", error.message) from None


def remove_machine(cluster: Cluster, name: str) -> None:
    """Take a machine away, and its Node with it. Raises BadInput."""
    handle = _handle(cluster)
    try:
        for resource in ("machines.playground.dev", "nodes"):
            deletion.delete(handle.registry, handle.resources[resource], "", name, deletion.DeleteOptions(), _opts())
    except ApiError as error:
        if error.code != 404 or resource != "nodes":
            raise BadInput("name", error.message) from None


def inject_fault(cluster: Cluster, kind: str, target: str, duration_us: int | None = None) -> str:
    """Break something; the fault's id. The fault controller does the breaking, and the healing when its time is
    over. Raises BadInput."""
    handle = _handle(cluster)
    handle.refresh()
    _check_target(handle, kind, target)
    if duration_us is not None and not SECOND <= duration_us <= 24 * 3600 * SECOND:
        raise BadInput("duration", "must be from 1s to 24h")
    now = handle.clock.now()
    spec: dict[str, Any] = {"kind": kind, "target": target, "since": rfc3339_micro(now)}
    if duration_us is not None:
        spec["until"] = rfc3339_micro(now + duration_us)
    fault: Obj = {
        "apiVersion": "playground.dev/v1",
        "kind": "Fault",
        "metadata": {"generateName": f"{kind}-"},
        "spec": spec,
    }
    existing = handle.registry.lookup.list("faults.playground.dev")
    if any(f["spec"].get("kind") == kind and f["spec"].get("target") == target for f in existing):
        raise BadInput("target", f"{kind} of {target} is already in force")
    if len(existing) >= 200:
        raise BadInput("kind", "200 faults are in force, the limit: heal some first")
    try:
        item = handle.registry.create(handle.resources["faults.playground.dev"], "", fault, _opts())
    except ApiError as error:
        raise BadInput("kind", error.message) from None
    return str(item.obj["metadata"]["name"])


def _check_target(handle: ClusterHandle, kind: str, target: str) -> None:
    if kind not in FAULT_KINDS:
        raise BadInput("kind", f"must be one of {', '.join(FAULT_KINDS)}")
    lookup = handle.registry.lookup
    if kind in MACHINE_FAULTS:
        if lookup.get("machines.playground.dev", "", target) is None:
            raise BadInput("target", f'no machine is named "{target}"')
    elif kind == "component-stop":
        parts = [c for c in components() if c.process != "playground"]
        known = sorted({c.name for c in parts} | {c.process for c in parts})
        if target not in known:
            raise BadInput("target", f'no component is named "{target}": it is one of {", ".join(known)}')
    else:
        namespace, _, name = target.rpartition("/")
        pod = lookup.get("pods", namespace or "default", name)
        if pod is None:
            raise BadInput("target", f'no pod is named "{target}": give namespace/name')
        probe = {"readiness-fail": "readinessProbe", "liveness-fail": "livenessProbe"}.get(kind)
        if probe and not any(container.get(probe) for container in pod["spec"]["containers"]):
            raise BadInput("target", f"{name} has no {probe} that could fail")


def heal_fault(cluster: Cluster, fault: str = "") -> list[str]:
    """Heal one fault by its id, or all; the ids healed. Raises BadInput."""
    handle = _handle(cluster)
    handle.refresh()
    names = [fault] if fault else [f["metadata"]["name"] for f in handle.registry.lookup.list("faults.playground.dev")]
    for name in names:
        try:
            deletion.delete(
                handle.registry, handle.resources["faults.playground.dev"], "", name, deletion.DeleteOptions(), _opts()
            )
        except ApiError as error:
            raise BadInput("fault", error.message) from None
    return names
