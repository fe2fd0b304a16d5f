"""Snapshots between running clusters: export, import, the past, and a List of `kubectl get`."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import Kubectl, Stack, eventually

pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(120)]

Doc = dict[str, Any]


@pytest.fixture(scope="module")
def source(stack: Stack) -> Kubectl:
    """A cluster with a past, standing still."""
    stack.manage("cluster", "create", "source", "--workers", "2", "--control-planes", "0", "--addons", "none")
    kubectl = stack.kubectl("source")
    kubectl("create", "configmap", "early", "--from-literal=a=1")
    kubectl("create", "deployment", "web", "--image=nginx", "--replicas=2")
    kubectl("rollout", "status", "deployment/web", "--timeout=40s")
    kubectl("delete", "configmap", "early")
    stack.manage("cluster", "clock", "source", "--pause")
    return kubectl


@pytest.fixture(scope="module")
def exported(stack: Stack, source: Kubectl) -> Doc:
    return export(stack, "source", "--history")


def export(stack: Stack, name: str, *options: str) -> Doc:
    doc: Doc = json.loads(stack.manage("cluster", "export", name, *options).stdout)
    return doc


def load(stack: Stack, doc: Doc, name: str, tmp_path: Path) -> str:
    file = tmp_path / f"{name}.json"
    file.write_text(json.dumps(doc))
    done = stack.manage("cluster", "import", str(file), "--name", name, check=False)
    return done.stdout + done.stderr


def test_import_with_history_is_the_same_cluster_and_goes_on(
    stack: Stack, source: Kubectl, exported: Doc, tmp_path: Path
) -> None:
    doc = exported
    assert "created at revision" in load(stack, doc, "same", tmp_path)
    again = export(stack, "same", "--history")
    for name in ("revision", "items", "history"):
        assert again[name] == doc[name], name
    stack.manage("cluster", "clock", "same", "--speed", "10")
    same = stack.kubectl("same")
    assert same("get", "pods", "-o", "name") == source("get", "pods", "-o", "name")
    same("scale", "deployment/web", "--replicas=4")
    same("rollout", "status", "deployment/web", "--timeout=40s")


def test_past_revision_is_a_cluster_of_its_own(stack: Stack, source: Kubectl, exported: Doc, tmp_path: Path) -> None:
    gone = next(e["revision"] for e in exported["history"] if e["deleted"] and e["key"].endswith("/early"))
    assert "created at revision" in load(stack, export(stack, "source", "--revision", str(gone - 1)), "past", tmp_path)
    assert stack.kubectl("past").json("get", "configmap", "early")["data"] == {"a": "1"}
    assert source.run("get", "configmap", "early").returncode != 0


def test_list_of_kubectl_becomes_a_living_cluster(stack: Stack, source: Kubectl, tmp_path: Path) -> None:
    listed = source.json("get", "nodes,deployments,replicasets,pods,services,configmaps,secrets,serviceaccounts", "-A")
    assert "created at revision" in load(stack, listed, "listed", tmp_path)
    stack.manage("cluster", "clock", "listed", "--speed", "20")
    kubectl = stack.kubectl("listed")
    kubectl("scale", "deployment/web", "--replicas=3")
    kubectl("rollout", "status", "deployment/web", "--timeout=40s")
    eventually(lambda: len(kubectl.json("get", "nodes")["items"]) == 2)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda doc: doc.pop("items"), "kind: this is no ClusterSnapshot"),
        (lambda doc: doc["items"].append(7), "must be an object"),
        (lambda doc: doc["items"][0].update(kind="Potato"), "items[0].kind: "),
        (lambda doc: doc["spec"].update(clock={"now": "yesterday"}), "spec.clock.now: 'yesterday' is not a time"),
        (lambda doc: doc["items"].append(doc["items"][0]), "is there twice"),
    ],
)
def test_spoiled_snapshot_says_where_and_makes_nothing(
    stack: Stack, exported: Doc, tmp_path: Path, spoil: Any, words: str
) -> None:
    doc = copy.deepcopy(exported)
    spoil(doc)
    said = load(stack, doc, "spoiled", tmp_path)
    assert words in said
    assert "Traceback" not in said


def test_spoiled_snapshots_left_no_cluster(stack: Stack, exported: Doc) -> None:
    names = {c["name"] for c in json.loads(stack.manage("cluster", "list", "-o", "json").stdout)}
    assert "source" in names
    assert "spoiled" not in names
