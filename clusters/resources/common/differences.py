"""What changed between two values, for the end of messages such as "pod updates may not change fields ...".

A unified diff of the two in JSON, under their Go names. The real server shows every field of the internal
struct, also those that are not set; here are only those that one of the two has.

Models: apimachinery, pkg/util/diff.
"""

from __future__ import annotations

import difflib
import json
from typing import Any

_MAPS = frozenset(
    {"annotations", "attributes", "labels", "limits", "matchLabels", "nodeSelector", "overhead", "requests"}
)
_INITIALISMS = ("csi", "dns", "fs", "grpc", "http", "iscsi", "nfs", "os", "rbd", "tcp", "tls", "tty", "uid")


def shown_difference(old: Any, new: Any) -> str:
    """Hunks with three lines of context, without names of files."""
    before, after = (
        json.dumps(_go(value), indent=1, ensure_ascii=False, sort_keys=True).splitlines() for value in (old, new)
    )
    lines = list(difflib.unified_diff(before, after, n=3, lineterm=""))
    return "".join(f"{line}\n" for line in lines[2:])


def _go(value: Any) -> Any:
    if isinstance(value, dict):
        return {_name(key): item if key in _MAPS else _go(item) for key, item in value.items()}
    return [_go(item) for item in value] if isinstance(value, list) else value


def _name(key: str) -> str:
    """`dnsPolicy` is DNSPolicy, `hostIP` is HostIP."""
    head = next((i for i in range(len(key)) if key[i].isupper()), len(key))
    start = key[:head]
    return (start.upper() if start in _INITIALISMS else start[:1].upper() + start[1:]) + key[head:]
