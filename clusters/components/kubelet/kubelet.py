"""The kubelets of all machines as one component: registers nodes, keeps them alive, plays their pods.

    machines ─▶ node queue ─▶ register, boot, stop     (closed-form heartbeats, `heartbeat`)
    pods     ─▶ pod queue  ─▶ machine.step ─▶ status, Events, delete, "look again at"

Everything a kubelet decides is in the pure modules beside this one; here it is read, written and timed. Each
write is made as `system:node:NAME`. Models: kubelet 1.36.
"""

from __future__ import annotations

import logging
from typing import ClassVar

from clusters.client.api import ApiClient, EventSink
from clusters.client.component import Env
from clusters.client.informer import key_of
from clusters.client.recorder import Recorder
from clusters.client.workqueue import WorkQueue
from clusters.components.kubelet import admission, errands, machine, needs, pressure
from clusters.components.kubelet import node as nodes
from clusters.components.kubelet.containers import Moment, Told
from clusters.components.kubelet.heartbeat import Heartbeat
from clusters.components.kubelet.network import PodAddresses
from clusters.components.kubelet.reach import SERVICES, SLICES, Reach
from clusters.components.kubelet.registration import Registrar, is_alive
from clusters.components.kubelet.timing import NEVER
from clusters.machinery.errors import ApiError, NotFound
from clusters.machinery.types import Obj, UserInfo

logger = logging.getLogger(__name__)
BY_NODE = "node"
CRASH = "behavior.playground.dev/crash"
"""A new value of this annotation ends the pod's containers at once."""


class Kubelet:
    """One kubelet a machine."""

    name: ClassVar[str] = "kubelet"
    process: ClassVar[str] = "kubelet"
    user: ClassVar[UserInfo] = UserInfo(
        name="kubernetes-admin", groups=("kubeadm:cluster-admins", "system:masters", "system:authenticated")
    )
    """Registers what kubelets may not: roles. Everything else is written as the node's own user."""

    def __init__(self, env: Env) -> None:
        self.env = env
        self.nodes, self.machines = env.informers["nodes"], env.informers["machines.playground.dev"]
        self.pods = env.informers["pods"]
        self.node_queue, self.pod_queue = WorkQueue(env.timers), WorkQueue(env.timers)
        self._clients: dict[str, ApiClient] = {}
        self._sinks: dict[str, EventSink] = {}
        self.heartbeat = Heartbeat(env, self.client_of)
        self.registrar = Registrar(env, self.client_of, self.sink_of, self.heartbeat)
        self._use: dict[str, admission.NodeUse] = {}
        self._addresses: dict[str, PodAddresses] = {}
        self._announced: dict[str, set[str]] = {}
        self._looked: dict[str, int] = {}
        self._crashed: set[str] = set()
        self._started = False
        self._waiting: dict[tuple[str, str, str], set[str]] = {}
        self._admitting = ""
        self._asking: set[str] = set()
        self.reach = Reach(env.informers)
        self.pods.add_index(BY_NODE, lambda pod: (pod["spec"]["nodeName"],) if pod["spec"].get("nodeName") else ())
        self.pods.on_change(self._pod_changed)
        self.machines.on_change(self._machine_changed)
        self.nodes.on_change(self._node_changed)
        for resource in (needs.CONFIG_MAPS, needs.SECRETS, needs.CLAIMS):
            env.informers[resource].on_change(lambda old, new, r=resource: self._needed_changed(r, new))  # type: ignore[misc]
        for resource in (SERVICES, SLICES):
            env.informers[resource].on_change(self._network_changed)
        self._started = True

    def client_of(self, node: str) -> ApiClient:
        client = self._clients.get(node)
        if client is None:
            client = self._clients[node] = self.env.client.as_user(nodes.node_user(node))
        return client

    def sink_of(self, node: str) -> EventSink:
        sink = self._sinks.get(node)
        if sink is None:
            env, stored = self.env, self.env.informers["events"]
            sink = Recorder(self.client_of(node), env.clock, env.rng, "kubelet", node, stored=stored)
            self._sinks[node] = sink
        return sink

    # what changes concern which key

    def _machine_changed(self, old: Obj | None, new: Obj | None) -> None:
        changed = new or old
        assert changed is not None
        self.node_queue.add(changed["metadata"]["name"])

    def _node_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            assert old is not None
            name = old["metadata"]["name"]
            self._addresses.pop(name, None)
            return
        name = new["metadata"]["name"]
        if old is None or old["spec"].get("podCIDR") != new["spec"].get("podCIDR"):
            self.node_queue.add(name)
            for pod in self.pods.by_index(BY_NODE, name):
                self.pod_queue.add(key_of(pod))
        elif self._was_declared_dead(old, new):
            self.node_queue.add(name)

    @staticmethod
    def _was_declared_dead(old: Obj, new: Obj) -> bool:
        """Somebody else wrote the node's conditions: a kubelet that lives says otherwise."""
        before, after = ((o.get("status") or {}).get("conditions") for o in (old, new))
        return before is not after and before != after

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        pod = new or old
        assert pod is not None
        node = pod["spec"].get("nodeName")
        if not node:
            return
        uid = pod["metadata"]["uid"]
        phase = (pod.get("status") or {}).get("phase")
        if new is None or phase in ("Succeeded", "Failed"):
            self._let_go(node, uid)
            if new is None:
                self._looked.pop(uid, None)
                self._announced.pop(uid, None)
                self._asking.discard(key_of(pod))
                return
        else:
            if old is None or not old["spec"].get("nodeName") or old["spec"] is not new["spec"]:
                self._use.setdefault(node, admission.NodeUse()).add(uid, admission.requests_of(new))
            if old is None and not self._started:
                self._remember(new, uid)
        if old is not None and _annotation(old, CRASH) != _annotation(pod, CRASH) and _annotation(pod, CRASH):
            self._crashed.add(key_of(pod))
        key = key_of(pod)
        if key != self._admitting:
            self.pod_queue.add(key)

    def _remember(self, pod: Obj, uid: str) -> None:
        """A kubelet that starts anew: what was told of is not told again."""
        if not (pod.get("status") or {}).get("startTime"):
            return
        said = machine.begun(pod)
        if needs.missing_volume(self.env.informers, pod):
            said.add("volumes")
        if "deletionTimestamp" in pod["metadata"]:
            said.add("killing")
        self._announced[uid] = said
        self._looked[uid] = self.env.clock.now()

    def _needed_changed(self, resource: str, new: Obj | None) -> None:
        if new is None or not self._waiting:
            return
        meta = new["metadata"]
        for key in sorted(self._waiting.pop((resource, meta.get("namespace", ""), meta["name"]), ())):
            self.pod_queue.add(key)

    def _network_changed(self, old: Obj | None, new: Obj | None) -> None:
        for key in sorted(self._asking):
            self.pod_queue.add(key)

    def _let_go(self, node: str, uid: str) -> None:
        use = self._use.get(node)
        if use is not None:
            use.remove(uid)
        addresses = self._addresses.get(node)
        if addresses is not None:
            addresses.release(uid)

    # work

    def step(self) -> bool:
        name = self.node_queue.pop()
        if name is not None:
            self._guard(self.node_queue, name, self._sync_node)
            return True
        key = self.pod_queue.pop()
        if key is None:
            return False
        self._guard(self.pod_queue, key, self._sync_pod)
        return True

    def stop(self) -> None:
        """The process ends: its nodes' last heartbeats are noted."""
        for each in self.machines.list():
            name = each["metadata"]["name"]
            try:
                self.heartbeat.end(name, why="kubelet")
            except ApiError as error:
                logger.debug("kubelet: last heartbeat of %s: %s", name, error)

    def _guard(self, queue: WorkQueue, key: str, work: object) -> None:
        assert callable(work)
        try:
            work(key)
        except ApiError as error:
            logger.debug("kubelet: %s: %s", key, error)
            queue.add_rate_limited(key)
        except Exception:
            logger.exception("kubelet: sync of %s failed", key)
            queue.add_rate_limited(key)
        else:
            queue.forget(key)

    def _sync_node(self, name: str) -> None:
        if self.registrar.sync(name):
            for pod in self.pods.by_index(BY_NODE, name):
                self.pod_queue.add(key_of(pod))
        node = self.nodes.by_key(name)
        if node is not None and self.heartbeat.beats(name):
            self._relieve(name, node)

    def _relieve(self, name: str, node: Obj) -> None:
        """A node that is low on memory or disk gets rid of one pod at a time."""
        now = self.env.clock.now()
        wants = pressure.evicts_now(node, now)
        pod = pressure.victim(self.pods.by_index(BY_NODE, name), wants) if wants is not None else None
        if pod is not None and wants is not None:
            self._write(pod, name, machine.evicted(pod, pressure.eviction_message(pod, wants), now))
        following = pressure.next_look(node, now)
        if following is not None:
            self.node_queue.add_at(name, following, background=pod is None)

    def _sync_pod(self, key: str) -> None:
        pod = self.pods.by_key(key)
        if pod is None:
            return
        name = pod["spec"].get("nodeName", "")
        node, hardware = self.nodes.by_key(name), self.machines.by_key(name)
        if node is None or hardware is None or not is_alive(hardware) or not self.heartbeat.beats(name):
            return
        uid, now = pod["metadata"]["uid"], self.env.clock.now()
        if key in self._crashed:
            self._crashed.discard(key)
            outcome = machine.step(machine.crashed(pod, now), self._view(pod, node, now))
        else:
            outcome = machine.step(pod, self._view(pod, node, now))
        self._looked[uid] = now
        (self._asking.add if outcome.asks else self._asking.discard)(key)
        if outcome.announce:
            self._announced.setdefault(uid, set()).update(outcome.announce)
        if "volumes" in outcome.announce or (outcome.wake == NEVER and outcome.status is None):
            self._wait_for_needs(pod, key)
        self._write(pod, name, outcome)
        if outcome.wake < NEVER and not outcome.delete:
            self.pod_queue.add_at(key, outcome.wake, background=outcome.background)

    def _view(self, pod: Obj, node: Obj, now: int) -> machine.View:
        name, uid = node["metadata"]["name"], pod["metadata"]["uid"]
        hardware = self.machines.by_key(name)
        moment = Moment(
            now=now,
            rng=self.env.rng,
            node=name,
            images=self.registrar.images(name, node),
            registry=hardware is None or hardware["spec"].get("registry") != "unreachable",
            booted=nodes.booted_at(node),
            looked=self._looked.get(uid, 0),
        )

        def admit(candidate: Obj) -> machine.Rejection | None:
            use = self._use.setdefault(name, admission.NodeUse())
            asked = use.pods.get(uid)
            use.remove(uid)
            refused = admission.admit(candidate, node, use)
            if refused is None:
                use.add(uid, asked if asked is not None else admission.requests_of(candidate))
            return refused

        return machine.View(
            moment=moment,
            host_ip=nodes.internal_ip(node),
            admit=admit,
            allocate_ip=lambda candidate: self._address(node, candidate),
            can_address=lambda candidate: self._can_address(node, candidate),
            problem=lambda candidate, container: needs.config_problem(self.env.informers, candidate, container),
            missing_volume=lambda candidate: needs.missing_volume(self.env.informers, candidate),
            reach=self.reach.since,
            announced=self._announced.get(uid, frozenset()),
        )

    def _address(self, node: Obj, pod: Obj) -> str:
        addresses = self._range(node)
        return addresses.allocate(pod["metadata"]["uid"]) if addresses is not None else ""

    def _can_address(self, node: Obj, pod: Obj) -> bool:
        addresses = self._range(node)
        return addresses is not None and addresses.free(pod["metadata"]["uid"])

    def _range(self, node: Obj) -> PodAddresses | None:
        name = node["metadata"]["name"]
        addresses = self._addresses.get(name)
        if addresses is None:
            cidr = node["spec"].get("podCIDR")
            if not cidr:
                return None
            addresses = self._addresses[name] = PodAddresses(cidr)
            for other in self.pods.by_index(BY_NODE, name):
                status = other.get("status") or {}
                if status.get("podIP") and status.get("phase") not in ("Succeeded", "Failed"):
                    if not other["spec"].get("hostNetwork"):
                        addresses.take(other["metadata"]["uid"], status["podIP"])
        return addresses

    def _wait_for_needs(self, pod: Obj, key: str) -> None:
        namespace = pod["metadata"]["namespace"]
        for resource, name in needs.referenced(pod):
            self._waiting.setdefault((resource, namespace, name), set()).add(key)

    def _write(self, pod: Obj, node: str, outcome: machine.Outcome) -> None:
        client, own = self.client_of(node), pod["metadata"]
        try:
            if outcome.status is not None:
                if outcome.wake < NEVER and not (pod.get("status") or {}).get("startTime"):
                    # A first status comes back as a change, but when to look again is known already.
                    self._admitting = key_of(pod)
                pod = client.update_status("pods", {**pod, "metadata": dict(own), "status": outcome.status})
                errands.run(pod, client, self.env.rng, self.env.clock.now())
            for image in outcome.pulled:
                if self.registrar.pulled(node, image):
                    self._wake_starting(node)
            self._tell(pod, node, outcome.events)
            if outcome.delete:
                client.delete("pods", own["namespace"], own["name"], grace_seconds=0, uid=own["uid"])
        except NotFound:
            return
        finally:
            self._admitting = ""

    def _wake_starting(self, node: str) -> None:
        """An image has come: others of the node may have waited for the same one."""
        for pod in self.pods.by_index(BY_NODE, node):
            if (pod.get("status") or {}).get("phase") == "Pending":
                self.pod_queue.add(key_of(pod))

    def _tell(self, pod: Obj, node: str, events: list[Told]) -> None:
        sink = self.sink_of(node)
        for told in events:
            extra = None
            if told.container:
                inits = {c["name"] for c in pod["spec"].get("initContainers") or ()}
                debugging = {c["name"] for c in pod["spec"].get("ephemeralContainers") or ()}
                path = (
                    "initContainers"
                    if told.container in inits
                    else "ephemeralContainers"
                    if told.container in debugging
                    else "containers"
                )
                extra = {"fieldPath": f"spec.{path}{{{told.container}}}"}
            sink.event(pod, told.kind, told.reason, told.message, extra=extra)


def _annotation(obj: Obj, key: str) -> str | None:
    found: str | None = (obj["metadata"].get("annotations") or {}).get(key)
    return found
