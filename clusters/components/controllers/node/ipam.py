"""Pod address ranges: every Node gets the lowest free /24.

The first 256 are 10.244.N.0/24; larger clusters go on through 10.245-10.255 and then 10.128-10.243.
Models: kube-controller-manager, nodeipam/ipam/range_allocator.go.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from clusters.client.component import Controller, controller_user
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj, UserInfo

_SECONDS = (*range(244, 256), *range(128, 244))
COUNT = len(_SECONDS) * 256


def range_at(number: int) -> str:
    """The range with that number, from 0 to COUNT - 1."""
    return f"10.{_SECONDS[number >> 8]}.{number & 255}.0/24"


def ranges() -> Iterator[str]:
    return map(range_at, range(COUNT))


class NodeIpamController(Controller):
    """Keys are node names."""

    name: ClassVar[str] = "node-ipam-controller"
    user: ClassVar[UserInfo] = controller_user("node-controller")

    def setup(self) -> None:
        self.nodes = self.env.informers["nodes"]
        self.events = self.env.events("cidrAllocator", "")
        self._used: set[str] = set()
        self._lowest = 0
        """No range below this number is free."""
        self.nodes.on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if new is None:
            assert old is not None
            self._used.difference_update(old["spec"].get("podCIDRs") or ())
            self._lowest = 0
            return
        cidrs = new["spec"].get("podCIDRs")
        if cidrs:
            self._used.update(cidrs)
        else:
            self.queue.add(new["metadata"]["name"])

    def _free(self) -> str | None:
        while self._lowest < COUNT and range_at(self._lowest) in self._used:
            self._lowest += 1
        return range_at(self._lowest) if self._lowest < COUNT else None

    def sync(self, key: str) -> None:
        node = self.nodes.by_key(key)
        if node is None or node["spec"].get("podCIDR") or "deletionTimestamp" in node["metadata"]:
            return
        free = self._free()
        if free is None:
            self.events.event(node, "Normal", "CIDRNotAvailable", f"Node {key} status is now: CIDRNotAvailable")
            return
        try:
            self.env.client.patch("nodes", "", key, {"spec": {"podCIDR": free, "podCIDRs": [free]}})
        except NotFound:
            return
