"""Manifests that people really apply, with the real kubectl: accepted, ready, unchanged the second time, gone at last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import Kubectl, Stack, eventually

MANIFESTS = Path(__file__).parents[1] / "data" / "manifests"
KINDS = "deployments,statefulsets,daemonsets,replicationcontrollers,jobs,services,pods"
pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(240)]
# A claim template comes back with defaults, and counts as changed each time, as with any server.
NEVER_UNCHANGED = {"cassandra-statefulset.yaml"}
# What a manifest takes for granted.
NEEDS = {"cassandra-statefulset.yaml": ["cassandra-service.yaml"]}


@pytest.fixture(scope="module")
def kubectl(stack: Stack) -> Kubectl:
    stack.manage("cluster", "create", "manifests", "--workers", "3", "--cpu", "16", "--memory", "64Gi", "--speed", "30")
    return stack.kubectl("manifests")


def everything(kubectl: Kubectl) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in kubectl.json("get", KINDS, "-A")["items"]:
        meta = item["metadata"]
        if meta["namespace"] != "kube-system" and (meta["namespace"], meta["name"]) != ("default", "kubernetes"):
            found[f"{item['kind']}/{meta['namespace']}/{meta['name']}"] = item
    return found


def are_ready(objects: dict[str, Any]) -> bool:
    pods = [o for o in objects.values() if o["kind"] == "Pod"]
    wanted = [o for o in objects.values() if "replicas" in o["spec"]]
    ready = all(
        any(c["type"] == "Ready" and c["status"] == "True" for c in p["status"].get("conditions") or ()) for p in pods
    )
    return bool(pods) and ready and all(o["status"].get("readyReplicas", 0) == o["spec"]["replicas"] for o in wanted)


NAMES = sorted(p.name for p in MANIFESTS.glob("*.yaml") if p.name != "cassandra-service.yaml")


@pytest.mark.parametrize(
    ("name", "way"), [*((name, "client") for name in NAMES), ("bookinfo.yaml", "server"), ("guestbook.yaml", "server")]
)
def test_manifest_runs_and_goes(kubectl: Kubectl, stack: Stack, name: str, way: str) -> None:
    files = [f for file in [*NEEDS.get(name, []), name] for f in ("-f", str(MANIFESTS / file))]
    apply = ["apply", *(["--server-side"] if way == "server" else []), *files]
    first = kubectl.run(*apply)
    assert (first.returncode, first.stderr) == (0, "")
    before = {key: o["metadata"]["generation"] for key, o in everything(kubectl).items() if "Pod/" not in key and
              "generation" in o["metadata"]}  # fmt: skip
    again = kubectl.run(*apply)
    assert (again.returncode, again.stderr) == (0, "")
    if way == "client" and name not in NEVER_UNCHANGED:
        assert all(line.endswith(" unchanged") for line in again.stdout.splitlines())
    eventually(lambda: are_ready(everything(kubectl)), timeout=90, what=f"{name} is ready")
    after = {key: o["metadata"].get("generation") for key, o in everything(kubectl).items() if key in before}
    assert after == before
    kubectl("delete", "--ignore-not-found", *files, timeout=120)
    eventually(lambda: not everything(kubectl), timeout=60, what="nothing is left")
    kubectl("delete", "persistentvolumeclaims", "--all")
    for log in (stack.data / "log").glob("*"):
        assert "Traceback" not in log.read_text(errors="replace")
