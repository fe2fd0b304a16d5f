"""The measurements of metrics-server, worked out when they are asked for.

Nothing is sampled or stored: each node is scraped every 15 s (at a time of its own), and what a scrape finds is a
function of the objects, the seed and the virtual time. A steady cluster has steady figures, so that whoever
computes from them need not look again. Models: kubernetes-sigs/metrics-server, pkg/{api,storage}.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from clusters.kernel.clock import MILLISECOND, MINUTE, SECOND, parse_rfc3339, rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery import quantity
from clusters.machinery.quantity import Quantity
from clusters.machinery.types import Obj
from clusters.resources.base import Lookup
from clusters.resources.metrics import load

RESOLUTION = 15 * SECOND
FRESH = 10 * SECOND
"""A container that is younger at its first scrape is measured at the second."""
_PAGE = 4096
_MACHINES = "machines.playground.dev"


@lru_cache(maxsize=16384)
def _when(text: str) -> int:
    return parse_rfc3339(text)


def last_scrape(rng: Rng, node: str, now: int) -> int:
    """When the node was last scraped."""
    phase = rng.below(RESOLUTION // MILLISECOND, "scrape", node) * MILLISECOND
    return (now - phase) // RESOLUTION * RESOLUTION + phase


def ready_since(pod: Obj) -> int | None:
    """Since when the Pod is ready; None: it is not."""
    for each in (pod.get("status") or {}).get("conditions") or ():
        if each["type"] == "Ready" and each["status"] == "True":
            return _when(each["lastTransitionTime"])
    return None


class Meter:
    """What is measured at `now`."""

    def __init__(self, lookup: Lookup, rng: Rng, now: int) -> None:
        self._lookup = lookup
        self._rng = rng
        self.now = now
        self._traffic: dict[tuple[str, str], float] | None = None
        self._shares: dict[str, dict[str, float]] = {}
        self._alive: dict[str, bool] = {}
        self._by_node: dict[str, list[Obj]] | None = None

    # pods

    def pod(self, pod: Obj) -> Obj | None:
        """PodMetrics; None if there are none (yet)."""
        status, node = pod.get("status") or {}, pod["spec"].get("nodeName", "")
        if status.get("phase") != "Running" or not self.scrapes(node):
            return None
        at = last_scrape(self._rng, node, self.now)
        window = RESOLUTION
        measured: list[Obj] = []
        for container, began in _running(pod):
            age = at - began
            if age < 0:
                continue
            if age < FRESH:
                return None
            window = min(window, age)
            cpu, memory = self.usage(pod, container, age)
            measured.append({"name": container["name"], "usage": _usage(cpu, memory)})
        if not measured:
            return None
        meta = pod["metadata"]
        own = {"name": meta["name"], "namespace": meta["namespace"], "creationTimestamp": rfc3339(self.now)}
        if meta.get("labels"):
            own["labels"] = meta["labels"]
        return {
            "kind": "PodMetrics",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": own,
            "timestamp": rfc3339(at),
            "window": _seconds(window),
            "containers": measured,
        }

    def usage(self, pod: Obj, container: Obj, age: int) -> tuple[int, int]:
        """(nanocores, bytes) of a container that has been running for `age`."""
        acts = load.of(pod, container)
        uid, name = pod["metadata"]["uid"], container["name"]
        cpu, memory = acts.cpu, acts.memory
        if not acts.cpu_said:
            cpu = int(cpu * self._rng.uniform(0.8, 1.2, "cpu", uid, name))
        if not acts.said:
            memory = int(memory * self._rng.uniform(0.9, 1.1, "memory", uid, name)) // _PAGE * _PAGE
        if acts.per_request:
            cpu += int(acts.per_request * self._requests(pod, container))
        memory += acts.leak * max(age, 0) // MINUTE
        limits = (container.get("resources") or {}).get("limits") or {}
        if "cpu" in limits:
            cpu = min(cpu, quantity.of(limits["cpu"]).scaled(-9))
        if "memory" in limits:
            memory = min(memory, quantity.value(limits["memory"]))
        return cpu, memory // _PAGE * _PAGE

    # nodes

    def node(self, node: Obj) -> Obj | None:
        """NodeMetrics; None if the node is not scraped."""
        name = node["metadata"]["name"]
        if not self.scrapes(name):
            return None
        at = last_scrape(self._rng, name, self.now)
        if at - _when(node["metadata"]["creationTimestamp"]) < RESOLUTION:
            return None
        leads = "node-role.kubernetes.io/control-plane" in (node["metadata"].get("labels") or {})
        cpu = int((120 if leads else 35) * load.MILLI * self._rng.uniform(0.8, 1.2, "node-cpu", name))
        memory = int((1100 if leads else 420) * load.MIB * self._rng.uniform(0.9, 1.1, "node-memory", name))
        for pod in self._on(name):
            for container, began in _running(pod):
                if at >= began:
                    used = self.usage(pod, container, at - began)
                    cpu, memory = cpu + used[0], memory + used[1]
        capacity = (node.get("status") or {}).get("capacity") or {}
        if "cpu" in capacity:
            cpu = min(cpu, quantity.of(capacity["cpu"]).scaled(-9))
        if "memory" in capacity:
            memory = min(memory, quantity.value(capacity["memory"]))
        meta = {"name": name, "creationTimestamp": rfc3339(self.now)}
        if node["metadata"].get("labels"):
            meta["labels"] = node["metadata"]["labels"]
        return {
            "kind": "NodeMetrics",
            "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": meta,
            "timestamp": rfc3339(at),
            "window": _seconds(RESOLUTION),
            "usage": _usage(cpu, memory // _PAGE * _PAGE),
        }

    def _on(self, node: str) -> Sequence[Obj]:
        if self._by_node is None:
            self._by_node = {}
            for pod in self._lookup.list("pods"):
                self._by_node.setdefault(pod["spec"].get("nodeName", ""), []).append(pod)
        return self._by_node.get(node, ())

    def scrapes(self, node: str) -> bool:
        """The node's machine and kubelet run, so that it can be asked."""
        found = self._alive.get(node)
        if found is None:
            machine = self._lookup.get(_MACHINES, "", node) if node else None
            spec = (machine or {}).get("spec") or {}
            found = machine is not None and spec.get("power") == "on" and spec.get("kubelet") == "running"
            self._alive[node] = found
        return found

    # requests

    def _requests(self, pod: Obj, container: Obj) -> float:
        """Requests a second that a container answers: its Pod's own, and its share of those to Services."""
        named = load.requests(pod)
        shares = self._shares_of(pod["metadata"]["namespace"])
        rate = named + shares.get(pod["metadata"]["name"], 0.0)
        if not rate:
            return 0.0
        containers = pod["spec"]["containers"]
        serving = [c["name"] for c in containers if c.get("ports")] or [containers[0]["name"]]
        return rate if container["name"] in serving else 0.0

    def _shares_of(self, namespace: str) -> dict[str, float]:
        """Requests a second by Pod name."""
        found = self._shares.get(namespace)
        if found is not None:
            return found
        out: dict[str, float] = {}
        rates = {name: rate for (space, name), rate in self._all_traffic().items() if space == namespace}
        if rates:
            listed = [(p, ready_since(p)) for p in self._lookup.list("pods", namespace) if _stays(p)]
            ready = [(p, since) for p, since in listed if since is not None]
            for name, rate in rates.items():
                service = self._lookup.get("services", namespace, name)
                wanted = ((service or {}).get("spec") or {}).get("selector")
                if not wanted:
                    continue
                all_of = [(p, at) for p, at in ready if wanted.items() <= (p["metadata"].get("labels") or {}).items()]
                # A scrape is about the seconds before it: who has just come took nothing off the others yet.
                behind = [p for p, at in all_of if at <= self.now - RESOLUTION] or [p for p, _ in all_of]
                for pod in behind:
                    key = pod["metadata"]["name"]
                    out[key] = out.get(key, 0.0) + rate / len(behind)
        self._shares[namespace] = out
        return out

    def _all_traffic(self) -> dict[tuple[str, str], float]:
        """Requests a second by Service (namespace, name)."""
        if self._traffic is None:
            self._traffic = {}
            for service in self._lookup.list("services"):
                self._add(service["metadata"]["namespace"], service["metadata"]["name"], load.requests(service))
            for pod in self._lookup.list("pods"):
                for container in pod["spec"]["containers"]:
                    if container.get("command") or container.get("args"):
                        self._ask(pod, container)
        return self._traffic

    def _ask(self, pod: Obj, container: Obj) -> None:
        asked = load.asked_by(container)
        if asked is None or not any(c is container for c, _ in _running(pod)):
            return
        host, rate = asked
        target = self._service(host, pod["metadata"]["namespace"])
        if target is not None:
            self._add(*target, rate)

    def _service(self, host: str, namespace: str) -> tuple[str, str] | None:
        if host.replace(".", "").isdigit():
            for service in self._lookup.list("services"):
                if service["spec"].get("clusterIP") == host:
                    return service["metadata"]["namespace"], service["metadata"]["name"]
            return None
        parts = host.split(".")
        if len(parts) > 2 and parts[2] != "svc":
            return None
        return (parts[1] if len(parts) > 1 else namespace), parts[0]

    def _add(self, namespace: str, name: str, rate: float) -> None:
        assert self._traffic is not None
        if rate > 0:
            self._traffic[namespace, name] = self._traffic.get((namespace, name), 0.0) + rate


def _stays(pod: Obj) -> bool:
    return "deletionTimestamp" not in pod["metadata"]


def _running(pod: Obj) -> Iterator[tuple[Obj, int]]:
    """(container, since when it runs), sidecars included, in the order of the spec."""
    spec, status = pod["spec"], pod.get("status") or {}
    for key, listed in (("initContainers", "initContainerStatuses"), ("containers", "containerStatuses")):
        states = {s["name"]: s.get("state") or {} for s in status.get(listed) or ()}
        for container in spec.get(key) or ():
            runs = (states.get(container["name"]) or {}).get("running")
            if runs and runs.get("startedAt"):
                yield container, _when(runs["startedAt"])


def _seconds(micros: int) -> str:
    return f"{micros / SECOND:g}s"


def _usage(cpu: int, memory: int) -> dict[str, str]:
    return {"cpu": Quantity(cpu, -9).canonical(), "memory": quantity.format_bytes(memory)}
