"""What is broken on purpose: turns Fault objects into their effects, and heals them when they go.

An effect carries the fault's name as an annotation, so that what a fault did can be told from what a person
did, and is undone when the fault is deleted or its time is over, whoever was running then.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, ClassVar

from clusters.client.component import Controller
from clusters.client.informer import key_of
from clusters.kernel.clock import parse_rfc3339
from clusters.machinery import meta
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

BY_FAULT = "playground.dev/fault"
"""On a Component the fault that stopped it; on a Machine, with `-power` or `-kubelet`, the fault behind that field."""
CRASH = "behavior.playground.dev/crash"
_MACHINE_EFFECTS: dict[str, tuple[str, str, str]] = {
    "node-power": ("power", "off", "on"),
    "kubelet-stop": ("kubelet", "stopped", "running"),
}
"""Fault kind → (field of a Machine's spec, broken, healed)."""


class FaultController(Controller):
    """Keys are `fault/NAME`, `machine/NAME`, `component/NAME`."""

    name: ClassVar[str] = "fault-controller"
    process: ClassVar[str] = "playground"
    user: ClassVar[UserInfo] = UserInfo(name="system:playground", groups=("system:masters", "system:authenticated"))

    def setup(self) -> None:
        self.faults = self.env.informers["faults.playground.dev"]
        self.machines = self.env.informers["machines.playground.dev"]
        self.components = self.env.informers["components.playground.dev"]
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
            elif kind == "component-stop":
                self.queue.add(f"component/{target}")

    def _effect_changed(self, sort: str, new: Obj | None) -> None:
        if new is not None and any(name.startswith(BY_FAULT) for name in meta.annotations(new)):
            self.queue.add(f"{sort}/{key_of(new)}")

    def sync(self, key: str) -> None:
        sort, _, name = key.partition("/")
        if sort == "fault":
            self._enforce(name)
        elif sort == "machine":
            self._heal_machine(name)
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
            namespace, _, pod = target.rpartition("/")
            with suppress(NotFound):
                self.env.client.patch("pods", namespace or "default", pod, {"metadata": {"annotations": {CRASH: name}}})
            self.env.client.delete("faults.playground.dev", "", name)

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
