"""Scenarios as text: commands for a cluster in virtual time, each followed by what is then to be seen.

    # What the scenario is about.
    run 30s
    ----

    pods app=web
    ----
    3 x Running 1/1

Blocks are separated by empty lines; a block is a command, lines of input if it takes any, `----`, and the
output. `REWRITE_SCENARIOS=1` writes the outputs that are seen into the files, to be read before they are
committed. Names that the cluster makes up are masked, so a scenario does not depend on chance.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from clusters.components.kubelet.logs import container_logs
from clusters.machinery.selectors import parse_label_selector
from clusters.resources.core.pod_columns import summary
from tests.support.cluster import Cluster

SEPARATOR = "----"
RESOURCES = {
    "Deployment": "deployments.apps",
    "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
    "StatefulSet": "statefulsets.apps",
    "DaemonSet": "daemonsets.apps",
    "Job": "jobs.batch",
    "CronJob": "cronjobs.batch",
    "Pod": "pods",
    "Service": "services",
    "Node": "nodes",
    "Namespace": "namespaces",
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "Endpoints": "endpoints",
    "EndpointSlice": "endpointslices.discovery.k8s.io",
    "PodDisruptionBudget": "poddisruptionbudgets.policy",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers.autoscaling",
    "PersistentVolume": "persistentvolumes",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "StorageClass": "storageclasses.storage.k8s.io",
    "ResourceQuota": "resourcequotas",
    "Lease": "leases.coordination.k8s.io",
    "Machine": "machines.playground.dev",
    "Component": "components.playground.dev",
}
_CLUSTER_SCOPED = {"Node", "Namespace", "PersistentVolume", "StorageClass", "Machine", "Component"}
_SUFFIX = "[bcdfghjklmnpqrstvwxz2456789]"
_MASKS = (
    (re.compile(rf"-{_SUFFIX}{{8,10}}-{_SUFFIX}{{5}}\b"), "-<hash>-<rand>"),
    (re.compile(rf"-{_SUFFIX}{{8,10}}\b"), "-<hash>"),
    (re.compile(rf"-(?=[a-z]*[0-9]|{_SUFFIX}{{5}}\b){_SUFFIX}{{5}}\b"), "-<rand>"),
    (re.compile(r"(Successfully assigned \S+ to) \S+"), r"\1 <node>"),
    (re.compile(r"(Successfully pulled image \S+ in) \S+ \(\S+ "), r"\1 <time> (<time> "),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uid>"),
)


@dataclass(slots=True)
class Block:
    comment: list[str]
    command: str
    body: list[str]
    output: list[str]


def parse(text: str) -> list[Block]:
    blocks: list[Block] = []
    for chunk in re.split(r"\n\s*\n", text.strip()):
        lines = chunk.split("\n")
        comment = [line for line in lines if line.startswith("#")]
        rest = [line for line in lines if not line.startswith("#")]
        if not rest:
            blocks.append(Block(comment, "", [], []))
            continue
        at = rest.index(SEPARATOR) if SEPARATOR in rest else len(rest)
        blocks.append(Block(comment, rest[0], rest[1:at], rest[at + 1 :]))
    return blocks


def render(blocks: list[Block]) -> str:
    chunks = []
    for block in blocks:
        lines = [*block.comment]
        if block.command:
            lines += [block.command, *block.body, SEPARATOR, *block.output]
        chunks.append("\n".join(lines))
    return "\n\n".join(chunks) + "\n"


def mask(text: str) -> str:
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text


def seconds(text: str) -> float:
    units = {"s": 1, "m": 60, "h": 3600}
    return float(text[:-1]) * units[text[-1]]


@dataclass(slots=True)
class Scenario:
    """One cluster and the verbs that drive it."""

    cluster: Cluster = field(init=False)
    settings: dict[str, Any] = field(default_factory=lambda: {"workers": 3, "control_planes": 0})
    started: bool = False
    faults: int = 0

    def play(self, block: Block) -> list[str]:
        """The output of a command, masked."""
        verb, *args = block.command.split()
        body = "\n".join(block.body)
        if verb != "cluster" and not self.started:
            self.do_cluster([], "")
        method: Callable[[list[str], str], list[str] | None] = getattr(self, f"do_{verb}")
        return [mask(line) for line in method(args, body) or []]

    # the world

    def do_cluster(self, args: list[str], body: str) -> None:
        """cluster workers=3 ..."""
        for arg in args:
            name, _, value = arg.partition("=")
            self.settings[name] = int(value) if value.isdigit() else value
        self.cluster = Cluster(**self.settings)
        self.started = True

    def do_run(self, args: list[str], body: str) -> None:
        """run 30s | run idle"""
        if args[0] == "idle":
            self.cluster.run_until_idle()
        else:
            self.cluster.run_for(seconds(args[0]))

    def do_worker(self, args: list[str], body: str) -> None:
        """worker crash: all that is not committed is lost, and another worker goes on."""
        assert args == ["crash"]
        self.cluster.crash()

    def do_power(self, args: list[str], body: str) -> None:
        """power NODE on|off"""
        self.cluster.patch("machines.playground.dev", "", args[0], {"spec": {"power": args[1]}})

    def do_kubelet(self, args: list[str], body: str) -> None:
        """kubelet NODE running|stopped"""
        self.cluster.patch("machines.playground.dev", "", args[0], {"spec": {"kubelet": args[1]}})

    def do_component(self, args: list[str], body: str) -> None:
        """component NAME running|stopped"""
        if self.cluster.find("components.playground.dev", "", args[0]) is None:
            component = {"apiVersion": "playground.dev/v1", "kind": "Component", "metadata": {"name": args[0]}}
            self.cluster.create("components.playground.dev", {**component, "spec": {"state": args[1]}})
        else:
            self.cluster.patch("components.playground.dev", "", args[0], {"spec": {"state": args[1]}})

    def do_fault(self, args: list[str], body: str) -> None:
        """fault KIND TARGET: something breaks."""
        self.faults += 1
        fault = {"apiVersion": "playground.dev/v1", "kind": "Fault", "metadata": {"name": f"fault-{self.faults}"}}
        self.cluster.create("faults.playground.dev", {**fault, "spec": {"kind": args[0], "target": args[1]}})

    # objects

    def do_apply(self, args: list[str], body: str) -> list[str]:
        """Create each object of a YAML stream."""
        out = []
        for obj in yaml.safe_load_all(body):
            namespace = obj["metadata"].get("namespace", "default")
            made = self.cluster.create(RESOURCES[obj["kind"]], obj, namespace)
            out.append(f"{obj['kind']} {made['metadata']['name']} created")
        return out

    def do_patch(self, args: list[str], body: str) -> None:
        """patch KIND NAME: a merge patch in YAML."""
        self.cluster.patch(RESOURCES[args[0]], self._namespace(args[0]), args[1], yaml.safe_load(body))

    def do_scale(self, args: list[str], body: str) -> None:
        """scale KIND NAME N"""
        self.cluster.patch(RESOURCES[args[0]], "default", args[1], {"spec": {"replicas": int(args[2])}})

    def do_delete(self, args: list[str], body: str) -> None:
        """delete KIND NAME [propagation]"""
        options: dict[str, Any] = {"propagation": args[2]} if len(args) > 2 else {}
        self.cluster.delete(RESOURCES[args[0]], self._namespace(args[0]), args[1], **options)

    def do_evict(self, args: list[str], body: str) -> list[str]:
        """evict SELECTOR N: delete the first N pods of a selector, as a drain does."""
        pods = self._pods(args[0])[: int(args[1])]
        for pod in pods:
            self.cluster.session.client(pod_admin(), "test").evict("default", pod["metadata"]["name"])
        self.cluster.session.commit()
        return [f"{len(pods)} evicted"]

    # what is to be seen

    def do_pods(self, args: list[str], body: str) -> list[str]:
        """pods [SELECTOR] [by node | by name]: how many are in which state."""
        selector = args[0] if args and "=" in args[0] else ""
        by_node, by_name = "node" in args, "name" in args
        lines = []
        for pod in self._pods(selector):
            ready, word, restarts = summary(pod, self.cluster.now)
            line = f"{word} {ready}" + (f" restarts={restarts.split()[0]}" if restarts != "0" else "")
            if by_node:
                line += f" on {pod['spec'].get('nodeName') or '<none>'}"
            if by_name:
                line = f"{mask(pod['metadata']['name'])} {line}"
            lines.append(line)
        if by_name:
            return sorted(lines)
        return [f"{count} x {line}" for line, count in sorted(Counter(lines).items())] or ["none"]

    def do_get(self, args: list[str], body: str) -> list[str]:
        """get KIND NAME PATH...: the values at dotted paths, one line each."""
        obj = self.cluster.find(RESOURCES[args[0]], self._namespace(args[0]), args[1])
        if obj is None:
            return ["not found"]
        return [f"{path}: {_show(_at(obj, path))}" for path in args[2:]]

    def do_list(self, args: list[str], body: str) -> list[str]:
        """list KIND [NAMESPACE]: names."""
        namespace = args[1] if len(args) > 1 else None if args[0] in _CLUSTER_SCOPED else "default"
        return sorted(mask(o["metadata"]["name"]) for o in self.cluster.list(RESOURCES[args[0]], namespace)) or ["none"]

    def do_conditions(self, args: list[str], body: str) -> list[str]:
        """conditions KIND NAME: type, status, reason, message."""
        obj = self.cluster.find(RESOURCES[args[0]], self._namespace(args[0]), args[1])
        found = ((obj or {}).get("status") or {}).get("conditions") or []
        return [" ".join(filter(None, (c["type"], c["status"], c.get("reason"), c.get("message")))) for c in found] or [
            "none"
        ]

    def do_replicasets(self, args: list[str], body: str) -> list[str]:
        """replicasets DEPLOYMENT: revision, wanted, ready."""
        out = []
        for rs in self.cluster.list("replicasets.apps", "default"):
            owners = [r["name"] for r in rs["metadata"].get("ownerReferences") or ()]
            if args[0] in owners:
                revision = (rs["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision", "")
                status = rs.get("status") or {}
                out.append(
                    f"revision {revision}: {rs['spec']['replicas']} wanted, {status.get('readyReplicas', 0)} ready"
                )
        return sorted(out)

    def do_events(self, args: list[str], body: str) -> list[str]:
        """events KIND [NAME]: what was told about objects of a kind (equal lines are counted)."""
        out: list[tuple[str, str]] = []
        for event in self.cluster.list("events"):
            about = event["involvedObject"]
            if about["kind"] != args[0] or (len(args) > 1 and mask(about["name"]) != args[1]):
                continue
            times = f" (x{event['count']})" if event.get("count", 1) > 1 else ""
            line = f"{event['type']} {event['reason']} {event['message']}{times}"
            out.append((event["firstTimestamp"], mask(line)))
        counts = Counter(line for _, line in out)
        ordered = sorted(counts, key=lambda line: min(t for t, seen in out if seen == line) + line)
        return [f"{counts[line]} x {line}" for line in ordered] or ["none"]

    def do_made(self, args: list[str], body: str) -> list[str]:
        """made KIND NAMESPACE: how many objects of the kind were ever created there."""
        prefix = self.cluster.session.resources[RESOURCES[args[0]]].prefix + f"{args[1]}/"
        records = self.cluster.store.changes(0)
        return [str(sum(r.key.startswith(prefix) and r.rev == r.create_rev for r in records))]

    def do_logs(self, args: list[str], body: str) -> list[str]:
        """logs POD CONTAINER"""
        pod = self.cluster.find("pods", "default", args[0])
        return container_logs(pod, args[1], self.cluster.now) if pod else ["not found"]

    def do_endpoints(self, args: list[str], body: str) -> list[str]:
        """endpoints SERVICE: how many endpoints of its slices are in which state."""
        lines = []
        for each in self.cluster.list("endpointslices.discovery.k8s.io", "default"):
            if (each["metadata"].get("labels") or {}).get("kubernetes.io/service-name") != args[0]:
                continue
            for endpoint in each.get("endpoints") or ():
                lines.append(" ".join(f"{k}={str(v).lower()}" for k, v in endpoint["conditions"].items()))
        return [f"{count} x {line}" for line, count in sorted(Counter(lines).items())] or ["none"]

    def _namespace(self, kind: str) -> str:
        return "" if kind in _CLUSTER_SCOPED else "default"

    def _pods(self, selector: str) -> list[Any]:
        found = [p for p in self.cluster.list("pods") if p["metadata"]["namespace"] != "kube-system"]
        if selector:
            matcher = parse_label_selector(selector)
            found = [p for p in found if matcher.matches(p["metadata"].get("labels") or {})]
        return found


def pod_admin() -> Any:
    from clusters.runtime.bootstrap import MASTER

    return MASTER


def _at(obj: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(obj, list):
            obj = obj[int(part)] if part.isdigit() and int(part) < len(obj) else None
        elif isinstance(obj, dict):
            obj = obj.get(part.replace("~", "."))
        else:
            return None
    return obj


def _show(value: Any) -> str:
    if value is None:
        return "<none>"
    if isinstance(value, list) and all(isinstance(v, dict) and "effect" in v for v in value):
        return ", ".join(f"{t['key']}:{t['effect']}" for t in value)
    if isinstance(value, (dict, list)):
        return yaml.safe_dump(value, default_flow_style=True, width=1000).strip()
    return str(value).lower() if isinstance(value, bool) else str(value)


def load(path: Path) -> list[Block]:
    return parse(path.read_text())
