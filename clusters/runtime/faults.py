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
        if new is not None and BY_FAULT in meta.annotations(new):
            self.queue.add(f"{sort}/{key_of(new)}")

    def sync(self, key: str) -> None:
        sort, _, name = key.partition("/")
        if sort == "fault":
            self._enforce(name)
        elif sort == "machine":
            self._heal("machines.playground.dev", self.machines.by_key(name))
        else:
            self._heal("components.playground.dev", self.components.by_key(name))

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
        mark = {"annotations": {BY_FAULT: name}}
        if kind in _MACHINE_EFFECTS:
            field, broken, _ = _MACHINE_EFFECTS[kind]
            machine = self.machines.by_key(target)
            if machine is not None and machine["spec"].get(field) != broken:
                self._patch("machines.playground.dev", target, {"metadata": mark, "spec": {field: broken}})
        elif kind == "component-stop":
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

    def _heal(self, resource: str, obj: Obj | None) -> None:
        """Undo the effect if the fault that made it is gone."""
        if obj is None:
            return
        by = meta.annotations(obj).get(BY_FAULT)
        if not by:
            return
        fault = self.faults.by_key(by)
        if fault is not None:
            return
        name = meta.name(obj)
        remaining = [f for f in self.faults.list() if f["spec"].get("target") == name]
        if resource == "components.playground.dev":
            if not remaining:
                self.env.client.delete(resource, "", name)
            return
        broken = {f["spec"]["kind"] for f in remaining}
        spec: dict[str, Any] = {
            field: healed for kind, (field, _, healed) in _MACHINE_EFFECTS.items() if kind not in broken
        }
        mark = meta.name(remaining[0]) if remaining else None
        self._patch(resource, name, {"metadata": {"annotations": {BY_FAULT: mark}}, "spec": spec})

    def _patch(self, resource: str, name: str, patch: Obj) -> None:
        self.env.client.patch(resource, "", name, patch)
