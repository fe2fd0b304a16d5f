"""What changed between two values, for the end of messages such as "pod updates may not change fields ...".

A unified diff of the JSON of the two, as values of their internal types.

Models: apimachinery, pkg/util/diff (without usegocmp).
"""

from __future__ import annotations

import difflib
import json

from clusters.machinery.field import HTML
from clusters.machinery.types import Obj
from clusters.resources.common.internal_types import internal


def shown_difference(old: Obj, new: Obj, struct: str) -> str:
    """Hunks with three lines of context, without names of files. `struct` is the internal type of both."""
    before, after = (
        json.dumps(internal(value, struct), indent=1, ensure_ascii=False).translate(HTML).splitlines()
        for value in (old, new)
    )
    lines = list(difflib.unified_diff(before, after, n=3, lineterm=""))
    return "".join(f"{line}\n" for line in lines[2:])
