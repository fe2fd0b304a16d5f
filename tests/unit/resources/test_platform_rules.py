"""Kinds other than Pods and workloads: what a real 1.36 server stored and refused, and many rules broken at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects

DATA = Path(__file__).parent / "data"
DRAWN = ("namespace", "uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")


def load(name: str) -> list[Any]:
    cases: list[Any] = json.loads((DATA / name).read_text())
    return cases


def found(case: Obj) -> list[tuple[str, str, str]]:
    objects = Objects()
    if "patch" in case:
        return objects.patch_refused(objects.create(case["object"]), case["patch"])
    return objects.refused(case["object"])


@pytest.mark.parametrize("case", load("platform_refusals.json"), ids=lambda case: case["id"])
def test_refuses_as_recorded(case: Obj) -> None:
    assert [list(cause) for cause in found(case)] == case["causes"]


@pytest.mark.parametrize("case", load("platform_defaults.json"), ids=lambda case: case["id"])
def test_stores_as_recorded(case: Obj) -> None:
    stored = json.loads(json.dumps(Objects().create(case["object"])))
    for name in DRAWN:
        stored["metadata"].pop(name, None)
    assert stored == case["stored"]


@pytest.mark.parametrize("case", load("platform_rules.json"), ids=lambda case: case["id"])
def test_finds_all_that_is_wrong_in_order(case: Obj) -> None:
    assert [[field, message.split("\n")[0]] for _, field, message in found(case)] == case["causes"]
