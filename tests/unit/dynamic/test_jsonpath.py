"""The paths of printer columns."""

from __future__ import annotations

from typing import Any

import pytest

from clusters.resources.dynamic import jsonpath
from clusters.resources.dynamic.columns import columns

OBJECT = {
    "metadata": {"name": "n", "labels": {"a.b/c": "x"}, "creationTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {"ports": [{"name": "http", "port": 80}, {"name": "dns", "port": 53}], "on": True, "ratio": 1.5},
    "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Done", "status": "False"}]},
}


@pytest.mark.parametrize(
    "path,expected",
    [
        (".metadata.name", ["n"]),
        (".spec.nope.deeper", []),
        (".spec.ports[0].name", ["http"]),
        (".spec.ports[-1].port", [53]),
        (".spec.ports[*].port", [80, 53]),
        (".spec.ports[0:1].port", [80]),
        (".spec.ports[5].port", []),
        (".metadata.labels['a.b/c']", ["x"]),
        (".metadata.labels.a\\.b/c", ["x"]),
        ('.status.conditions[?(@.type=="Ready")].status', ["True"]),
        (".status.conditions[?(@.type=='Never')].status", []),
        (".spec.ports[?(@.port > 60)].name", ["http"]),
        ("..port", [80, 53]),
    ],
)
def test_path(path: str, expected: list[Any]) -> None:
    assert jsonpath.parse(path)(OBJECT) == expected


@pytest.mark.parametrize("path", [".a[", ".a[?(@.b=]", ".a['b"])
def test_no_path(path: str) -> None:
    with pytest.raises(jsonpath.BadPath):
        jsonpath.parse(path)


def test_cells_have_the_type_of_their_column() -> None:
    made = columns(
        [
            {"name": "A", "type": "string", "jsonPath": ".spec.ports"},
            {"name": "B", "type": "integer", "jsonPath": ".spec.ratio"},
            {"name": "C", "type": "boolean", "jsonPath": ".spec.on"},
            {"name": "D", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
            {"name": "E", "type": "integer", "jsonPath": ".metadata.name"},
            {"name": "F", "type": "string", "jsonPath": ".spec.absent"},
            {"name": "G", "type": "string", "jsonPath": ".spec.on"},
        ]
    )
    now = 1_767_225_600_000_000 + 65_000_000
    cells = [c.value(OBJECT, now) for c in made]
    ports = '[{"name":"http","port":80},{"name":"dns","port":53}]'
    assert cells == ["n", ports, 1, True, "65s", None, None, "true"]
