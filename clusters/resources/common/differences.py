"""What changed between two values, for the end of messages such as "pod updates may not change fields ...".

The real server appends the output of a Go library that it declares unstable; ours names the same changes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def shown_difference(old: Any, new: Any) -> str:
    """Unified: two spaces for what both have, `-` for the old value, `+` for the new one."""
    return "\n".join(["  {", *_lines(old, new, "  "), "  }", ""])


def _lines(old: Any, new: Any, indent: str) -> Iterator[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        same = 0
        for key in [*old, *(k for k in new if k not in old)]:
            before, after = old.get(key), new.get(key)
            if before == after:
                same += 1
            elif isinstance(before, dict) and isinstance(after, dict):
                yield f"  {indent}{key}: {{"
                yield from _lines(before, after, indent + "  ")
                yield f"  {indent}}},"
            elif isinstance(before, list) and isinstance(after, list):
                yield f"  {indent}{key}: ["
                yield from _items(before, after, indent + "  ")
                yield f"  {indent}],"
            else:
                if key in old:
                    yield f"- {indent}{key}: {json.dumps(before)},"
                if key in new:
                    yield f"+ {indent}{key}: {json.dumps(after)},"
        if same:
            yield f"  {indent}... // {same} identical fields"
    elif old != new:
        yield f"- {indent}{json.dumps(old)},"
        yield f"+ {indent}{json.dumps(new)},"


def _items(old: list[Any], new: list[Any], indent: str) -> Iterator[str]:
    for i in range(max(len(old), len(new))):
        before, after = old[i] if i < len(old) else None, new[i] if i < len(new) else None
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            yield f"  {indent}{{"
            yield from _lines(before, after, indent + "  ")
            yield f"  {indent}}},"
            continue
        if i < len(old):
            yield f"- {indent}{json.dumps(before)},"
        if i < len(new):
            yield f"+ {indent}{json.dumps(after)},"
