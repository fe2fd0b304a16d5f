"""What is broken on purpose: turns Fault objects into their effects, and heals them when they go.

An effect carries the fault's name as an annotation, so that what a fault did can be told from what a person
did, and is undone when the fault is deleted or its time is over, whoever was running then.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

from clusters.client.component import Controller
from clusters.client.informer import key_of
from clusters.kernel.clock import parse_rfc3339, rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

BY_FAULT = "playground.dev/fault"
"""On a Component the fault that stopped it; on a Machine, with `-power` or `-kubelet`, the fault behind that field."""
CRASH = "behavior.playground.dev/crash"
_MACHINE_EFFECTS: dict[str, tuple[str, str | bool, str | bool]] = {
    "node-power": ("power", "off", "on"),
    "kubelet-stop": ("kubelet", "stopped", "running"),
    "memory-pressure": ("memoryPressure", True, False),
    "disk-pressure": ("diskPressure", True, False),
    "registry-down": ("registry", "unreachable", "reachable"),
}
"""Fault kind → (field of a Machine's spec, broken, healed)."""
BEHAVIOR = "behavior.playground.dev/"
_POD_EFFECTS: dict[str, tuple[str, str]] = {
    "pod-oom": ("oom-after", "10s"),
    "readiness-fail": ("ready-until", "@{since}"),
    "liveness-fail": ("live-until", "@{since}"),
}
"""Fault kind → (behaviour of a Pod's containers, how they behave while it lasts)."""
MACHINE_FAULTS, POD_FAULTS = tuple(_MACHINE_EFFECTS), (*_POD_EFFECTS, "pod-crash")
FAULT_KINDS = (*MACHINE_FAULTS, "component-stop", *POD_FAULTS)


class FaultController(Controller):
    """Keys are `fault/NAME`, `machine/NAME`, `component/NAME`, `pod/NAMESPACE/NAME`."""

    name: ClassVar[str] = "fault-controller"
    process: ClassVar[str] = "playground"
    user: ClassVar[UserInfo] = UserInfo(name="system:playground", groups=("system:masters", "system:authenticated"))

    def setup(self) -> None:
        self.faults = self.env.informers["faults.playground.dev"]
        self.machines = self.env.informers["machines.playground.dev"]
        self.components = self.env.informers["components.playground.dev"]
        self.pods = self.env.informers["pods"]
        self.pods.on_change(self._pod_changed)
        self.faults.on_change(self._fault_changed)
        # A session that starts looks at every effect: its fault may have gone while nobody ran.
        self.machines.on_change(lambda old, new: self._effect_changed("machine", new))
        self.components.on_change(lambda old, new: self._effect_changed("component", new))

    def _fault_changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is not None:
            self.queue.add(f"fault/{key_of(new)}")
        elif old is not None:
            kind, target = old["spec"].get("kind"), old["spec"].get("target", "")
            if kind in _MACHINE_EFFECTS:
                self.queue.add(f"machine/{target}")
            elif kind in _POD_EFFECTS:
                self.queue.add(f"pod/{_pod_key(target)}")
            elif kind == "component-stop":
                self.queue.add(f"component/{target}")

    def _pod_changed(self, old: Obj | None, new: Obj | None) -> None:
        pod = new or old
        assert pod is not None
        for mark, fault in meta.annotations(pod).items():
            if mark.startswith(BY_FAULT):
                # A fault of a Pod that is gone is over.
                self.queue.add(f"pod/{key_of(pod)}" if new is not None else f"fault/{fault}")

    def _effect_changed(self, sort: str, new: Obj | None) -> None:
        if new is not None and any(name.startswith(BY_FAULT) for name in meta.annotations(new)):
            self.queue.add(f"{sort}/{key_of(new)}")

    def sync(self, key: str) -> None:
        sort, _, name = key.partition("/")
        if sort == "fault":
            self._enforce(name)
        elif sort == "machine":
            self._heal_machine(name)
        elif sort == "pod":
            self._heal_pod(name)
        else:
            self._heal_component(name)

    def _enforce(self, name: str) -> None:
        fault = self.faults.by_key(name)
        if fault is None:
            return
        spec = fault["spec"]
        if spec.get("until"):
            until = parse_rfc3339(spec["until"])
            if until <= self.env.clock.now():
                self.env.client.delete("faults.playground.dev", "", name)
                return
            self.queue.add_at(f"fault/{name}", until)
        kind, target = spec["kind"], spec["target"]
        if kind in _MACHINE_EFFECTS:
            field, broken, _ = _MACHINE_EFFECTS[kind]
            machine = self.machines.by_key(target)
            if machine is not None and machine["spec"].get(field) != broken:
                mark = {"annotations": {f"{BY_FAULT}-{field}": name}}
                self._patch("machines.playground.dev", target, {"metadata": mark, "spec": {field: broken}})
        elif kind in _POD_EFFECTS:
            self._misbehave(fault)
        elif kind == "component-stop":
            mark = {"annotations": {BY_FAULT: name}}
            component = self.components.by_key(target)
            if component is None:
                stopped: Obj = {
                    "apiVersion": "playground.dev/v1",
                    "kind": "Component",
                    "metadata": {"name": target, **mark},
                    "spec": {"state": "stopped"},
                }
                self.env.client.create("components.playground.dev", "", stopped)
            elif component["spec"].get("state") != "stopped":
                self._patch("components.playground.dev", target, {"metadata": mark, "spec": {"state": "stopped"}})
        elif kind == "pod-crash":
            # A crash is an instant, not a state: the fault is over once it has struck.
            namespace, _, pod = _pod_key(target).partition("/")
            with suppress(NotFound):
                self.env.client.patch("pods", namespace, pod, {"metadata": {"annotations": {CRASH: name}}})
            self.env.client.delete("faults.playground.dev", "", name)

    def _misbehave(self, fault: Obj) -> None:
        name, spec = meta.name(fault), fault["spec"]
        what, how = _POD_EFFECTS[spec["kind"]]
        key = _pod_key(spec["target"])
        pod = self.pods.by_key(key)
        if pod is None:
            self.env.client.delete("faults.playground.dev", "", name)
        elif f"{BY_FAULT}-{what}" not in meta.annotations(pod):
            since = spec.get("since") or rfc3339(self.env.clock.now())
            marks = {BEHAVIOR + what: how.format(since=since), f"{BY_FAULT}-{what}": name}
            namespace, _, own = key.partition("/")
            self.env.client.patch("pods", namespace, own, {"metadata": {"annotations": marks}})

    def _heal_pod(self, key: str) -> None:
        pod = self.pods.by_key(key)
        if pod is None:
            return
        healed: dict[str, str | None] = {}
        for what, _ in _POD_EFFECTS.values():
            by = meta.annotations(pod).get(f"{BY_FAULT}-{what}")
            if by and self.faults.by_key(by) is None:
                healed |= {BEHAVIOR + what: None, f"{BY_FAULT}-{what}": None}
        if healed:
            namespace, _, own = key.partition("/")
            self.env.client.patch("pods", namespace, own, {"metadata": {"annotations": healed}})

    def _heal_machine(self, name: str) -> None:
        """Undo what faults did that are gone, unless another of their kind holds on to it."""
        machine = self.machines.by_key(name)
        if machine is None:
            return
        annotations: dict[str, str | None] = {}
        spec: dict[str, Any] = {}
        for kind, (field, _, healed) in _MACHINE_EFFECTS.items():
            mark = f"{BY_FAULT}-{field}"
            by = meta.annotations(machine).get(mark)
            if not by or self.faults.by_key(by) is not None:
                continue
            other = self._another(kind, name)
            annotations[mark] = other
            if other is None:
                spec[field] = healed
        if annotations:
            self._patch("machines.playground.dev", name, {"metadata": {"annotations": annotations}, "spec": spec})

    def _heal_component(self, name: str) -> None:
        component = self.components.by_key(name)
        by = meta.annotations(component).get(BY_FAULT) if component is not None else None
        if not by or self.faults.by_key(by) is not None:
            return
        other = self._another("component-stop", name)
        if other is None:
            self.env.client.delete("components.playground.dev", "", name)
        else:
            self._patch("components.playground.dev", name, {"metadata": {"annotations": {BY_FAULT: other}}})

    def _another(self, kind: str, target: str) -> str | None:
        """A fault in force that does the same."""
        names = (meta.name(f) for f in self.faults.list() if (f["spec"]["kind"], f["spec"]["target"]) == (kind, target))
        return min(names, default=None)

    def _patch(self, resource: str, name: str, patch: Obj) -> None:
        self.env.client.patch(resource, "", name, patch)


def _pod_key(target: str) -> str:
    """NAMESPACE/NAME; without a namespace it is `default`."""
    namespace, _, name = target.rpartition("/")
    return f"{namespace or 'default'}/{name}"
