"""A kopf operator from outside manages its own resource on one of our clusters, as it would on a real one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.stack import ROOT, Kubectl, Stack, eventually

OPERATOR = ROOT / "tests" / "data" / "operators" / "widgets.py"
CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "kind": "Widget"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {
                                "type": "object",
                                "required": ["text"],
                                "properties": {"text": {"type": "string", "maxLength": 20}},
                            },
                            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                        },
                    }
                },
            }
        ],
    },
}
pytestmark = [pytest.mark.kubectl, pytest.mark.timeout(240)]


def apply(kubectl: Kubectl, path: Path, body: dict[str, Any]) -> str:
    path.write_text(json.dumps(body))
    return kubectl("apply", "-f", str(path))


def widget(text: str) -> dict[str, Any]:
    return {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "one"}, "spec": {"text": text}}


@pytest.fixture
def kubectl(stack: Stack, tmp_path: Path) -> Iterator[Kubectl]:
    stack.manage("cluster", "create", "operated", "--workers", "1", "--control-planes", "0", "--addons", "none")
    kubectl = stack.kubectl("operated")
    apply(kubectl, tmp_path / "crd.json", CRD)
    kubectl("wait", "--for=condition=Established", "crd/widgets.example.com", "--timeout=20s")
    log = (tmp_path / "operator.log").open("w")
    command = [sys.executable, "-m", "kopf", "run", str(OPERATOR), "--namespace", "default", "--verbose"]
    operator = subprocess.Popen(command, env=kubectl.environment(), stdout=log, stderr=subprocess.STDOUT)
    try:
        yield kubectl
    finally:
        operator.terminate()
        operator.wait(20)
        log.close()
        print((tmp_path / "operator.log").read_text()[-6000:])


def test_an_operator_manages_its_resource(kubectl: Kubectl, tmp_path: Path) -> None:
    def field(what: str, path: str) -> str:
        return kubectl("get", what, "-o", f"jsonpath={{{path}}}", check=False)

    apply(kubectl, tmp_path / "widget.json", widget("hello"))
    eventually(lambda: field("configmap/one", ".data.text") == "hello", what="the operator makes the ConfigMap")
    eventually(lambda: field("widget/one", ".status.phase") == "Made", what="the operator writes the status")
    assert "kopf" in field("widget/one", ".metadata.finalizers")

    apply(kubectl, tmp_path / "widget.json", widget("goodbye"))
    eventually(lambda: field("configmap/one", ".data.text") == "goodbye", what="the operator follows the change")

    kubectl("delete", "widget", "one", "--timeout=60s")
    assert field("configmap/one-was-here", ".metadata.name") == "one-was-here"
    eventually(lambda: not field("configmap/one", ".metadata.name"), what="the ConfigMap goes with its owner")
