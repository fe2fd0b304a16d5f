"""OpenAPI v2 in the forms that clients ask for."""

from __future__ import annotations

import pytest

PROTOBUF = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


@pytest.mark.parametrize("asked", [PROTOBUF, PROTOBUF.replace("v2.v1", "v2@v1"), f"{PROTOBUF}, application/json"])
def test_kubectl_is_given_protobuf(api, asked):
    answer = api.raw("GET", "/openapi/v2", headers={"accept": asked})
    assert (answer.status, answer.content_type) == (200, PROTOBUF)
    assert answer.body.startswith(b"\x0a\x032.0")
    assert b"io.k8s.api.core.v1.Pod" in answer.body
    tag = dict(answer.headers)["Etag"]
    assert api.raw("GET", "/openapi/v2", headers={"accept": asked, "if-none-match": tag}).status == 304
    assert api.raw("GET", "/openapi/v2", headers={"if-none-match": tag}).status == 200


@pytest.mark.parametrize("asked", ["application/json", "*/*", "text/html, application/*"])
def test_everybody_else_is_given_json(api, asked):
    answer = api.raw("GET", "/openapi/v2", headers={"accept": asked})
    assert (answer.content_type, answer.body[:1]) == ("application/json", b"{")


def test_what_is_not_there_is_not_acceptable(api):
    assert api.raw("GET", "/openapi/v2", headers={"accept": "text/html"}).status == 406
