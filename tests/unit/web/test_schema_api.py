"""What the YAML editor is told of kinds and types: fields, those without effect, and what they are for."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from clusters.models import Cluster
from clusters.resources.catalog import BUILTIN
from clusters.resources.simulated import NOT_SIMULATED
from clusters.web.api.schemas import Slim
from tests.unit.web.conftest import Api

POD_SPEC = "io.k8s.api.core.v1.PodSpec"


@pytest.fixture(scope="module")
def builtin() -> Slim:
    return Slim(list(BUILTIN))


def test_editor_is_told_which_fields_have_no_effect_and_why(demo: Cluster, anybody: Api) -> None:
    status, schema = anybody("GET", "clusters/demo/schema")
    assert status == 200
    fields = schema["types"][POD_SPEC]["p"]
    assert "containers are played" in fields["hostPID"]["x"]
    assert "x" not in fields["nodeName"]
    service = schema["types"]["io.k8s.api.core.v1.ServiceSpec"]["p"]
    assert (service["sessionAffinity"]["d"], "d" in service["externalIPs"]) == ("None", False)
    assert anybody("GET", "clusters/demo/schema", **{"If-None-Match": anybody.last["ETag"]})[0] == 304


def test_descriptions_come_type_by_type(demo: Cluster, anybody: Api) -> None:
    status, told = anybody("GET", f"clusters/demo/schema/{POD_SPEC}")
    assert status == 200
    assert told["description"].startswith("PodSpec is a description")
    assert told["fields"]["nodeSelector"].startswith("NodeSelector is a selector")
    assert anybody("GET", "clusters/demo/schema/io.k8s.api.core.v1.Nothing")[0] == 404


@pytest.mark.parametrize("type_name", NOT_SIMULATED)
def test_fields_without_effect_are_fields(builtin: Slim, type_name: str) -> None:
    assert NOT_SIMULATED[type_name].keys() <= builtin.types[type_name]["p"].keys()


AMBIGUOUS = {"capabilities", "claims", "egress", "ingress", "privileged", "rules", "service", "spec", "tls", "webhooks"}
"""Words that components use for other things, too."""


def test_no_component_reads_a_field_that_is_told_to_have_no_effect() -> None:
    flagged = {field for fields in NOT_SIMULATED.values() for field in fields} - AMBIGUOUS
    read = {
        node.value: path
        for path in Path("clusters/components").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in flagged
    }
    assert read == {}
