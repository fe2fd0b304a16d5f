"""Addresses: of nodes on the host network, of pods in their node's range.

Allocation keeps no memory of its own: what is in use is read from the stored Nodes and Pods.
"""

from __future__ import annotations

from collections.abc import Container
from ipaddress import IPv4Address, IPv4Network

HOST_NETWORK = IPv4Network("192.168.0.0/16")
FIRST_CONTROL_PLANE = 2
FIRST_WORKER = 3
"""192.168.0.2 is where the API is, with or without a control-plane node."""


def node_address(used: Container[str], *, control_plane: bool) -> str:
    """The lowest host address that is not in use. Raises ValueError if there is none."""
    first = FIRST_CONTROL_PLANE if control_plane else FIRST_WORKER
    base = int(HOST_NETWORK.network_address)
    for offset in range(first, HOST_NETWORK.num_addresses - 1):
        address = f"192.168.{(base + offset) >> 8 & 255}.{(base + offset) & 255}"
        if address not in used:
            return address
    raise ValueError("the host network is full")


class PodAddresses:
    """The pod addresses of one node, as a bit mask of what is in use. Bit 0 is the network, 1 the gateway."""

    __slots__ = ("_base", "_holders", "_size", "_used")

    def __init__(self, cidr: str) -> None:
        network = IPv4Network(cidr)
        self._base = int(network.network_address)
        self._size = network.num_addresses
        self._used = 0b11
        self._holders: dict[str, int] = {}

    def take(self, uid: str, address: str) -> None:
        """Note that a stored pod holds that address."""
        offset = int(IPv4Address(address)) - self._base
        if 0 <= offset < self._size:
            self._used |= 1 << offset
            self._holders[uid] = offset

    def allocate(self, uid: str) -> str:
        """The lowest free address (the same again for a pod that has one); "" if there is none."""
        offset = self._holders.get(uid)
        if offset is None:
            offset = self._lowest()
            if offset >= self._size - 1:
                return ""
            self._used |= 1 << offset
            self._holders[uid] = offset
        return str(IPv4Address(self._base + offset))

    def free(self, uid: str) -> bool:
        """`allocate` would give an address."""
        return uid in self._holders or self._lowest() < self._size - 1

    def _lowest(self) -> int:
        return (~self._used & (self._used + 1)).bit_length() - 1

    def release(self, uid: str) -> None:
        offset = self._holders.pop(uid, None)
        if offset is not None:
            self._used &= ~(1 << offset)
