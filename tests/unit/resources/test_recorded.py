"""What a real 1.36 API server stored, and what it refused with which words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusters.machinery.types import Obj
from tests.support.objects import Objects

DATA = Path(__file__).parent / "data"
UIDS = "<uuid>"


def load(name: str) -> list[Any]:
    cases: list[Any] = json.loads((DATA / name).read_text())
    return cases


@pytest.mark.parametrize("case", load("refusals.json"), ids=lambda case: case["id"])
def test_refuses_with_the_same_causes(case: Obj) -> None:
    objects = Objects()
    if "patch" in case:
        stored = objects.create(case["object"])
        found = objects.patch_refused(stored, case["patch"])
        # Some messages end in a difference of structs, which is not the same for us.
        found = [(reason, field, message.split("\n")[0]) for reason, field, message in found]
    else:
        found = objects.refused(case["object"])
    assert [list(cause) for cause in found] == case["causes"]


@pytest.mark.parametrize("case", load("defaults.json"), ids=lambda case: case["id"])
def test_stores_the_same_object(case: Obj) -> None:
    stored = Objects().create(case["object"])
    uid = stored["metadata"]["uid"]
    seen = json.loads(json.dumps(stored).replace(uid, UIDS))
    for name in ("namespace", "uid", "resourceVersion", "creationTimestamp"):
        seen["metadata"].pop(name)
    seen["metadata"].pop("managedFields", None)
    wanted = case["stored"]
    if wanted["kind"] == "Pod":
        _without_admission(wanted)
    if "generateName" in wanted["metadata"]:
        assert seen["metadata"].pop("name").startswith(wanted["metadata"]["generateName"])
        wanted["metadata"].pop("name")
    assert seen == wanted


def _without_admission(pod: Obj) -> None:
    """Take out what admission plugins had added: token volume, tolerations, priority."""
    spec = pod["spec"]
    for name in ("priority", "preemptionPolicy"):
        spec.pop(name, None)
    kept = [t for t in spec.pop("tolerations", ()) if t.get("tolerationSeconds") != 300]
    if kept:
        spec["tolerations"] = kept
    _drop(spec, "volumes")
    for field in ("containers", "initContainers"):
        for container in spec.get(field) or ():
            _drop(container, "volumeMounts")


def _drop(obj: Obj, field: str) -> None:
    kept = [entry for entry in obj.pop(field, ()) if not entry["name"].startswith("kube-api-access-")]
    if kept:
        obj[field] = kept
