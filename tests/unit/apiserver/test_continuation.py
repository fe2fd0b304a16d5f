"""Continue tokens."""

from __future__ import annotations

import base64

import pytest

from clusters.apiserver.continuation import Continuation, next_token
from clusters.machinery.errors import BadRequest


def test_a_token_round_trips():
    found = Continuation.parse(next_token(17, "default/web"), "")
    assert (found.rev, found.start) == (17, "default/web")


def token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        ("nonsense", r"invalid character '\x9e' looking for beginning of value"),
        ("a*b", "illegal base64 data at input byte 1"),
        (token('{"v":"meta.k8s.io/v1","rv":1}'), "encoded start key empty (version meta.k8s.io/v1)"),
        (
            token('{"v":"meta.k8s.io/v1","start":"a"}'),
            "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
        ),
        (token('{"v":"v9","rv":1,"start":"a"}'), 'server does not recognize this encoded version "v9"'),
        (token('{"v":"meta.k8s.io/v1","rv":1,"start":"../x"}'), "../x"),
        (
            token('{"v":"meta.k8s.io/v1","rv":"1","start":"a"}'),
            "json: cannot unmarshal string into Go struct field continueToken.rv of type int64",
        ),
        (
            token('{"v":"meta.k8s.io/v1","rv":1,"start":5}'),
            "json: cannot unmarshal number into Go struct field continueToken.start of type string",
        ),
        (token("null"), 'server does not recognize this encoded version ""'),
        (token("[]"), "json: cannot unmarshal array into Go value of type storage.continueToken"),
    ],
)
def test_broken_tokens_are_refused(sent, why):
    with pytest.raises(BadRequest) as refusal:
        Continuation.parse(sent, "")
    assert refusal.value.message == f"invalid continue token: continue key is not valid: {why}"


def test_a_token_and_a_revision_exclude_each_other():
    with pytest.raises(BadRequest, match="specifying resource version is not allowed when using continue"):
        Continuation.parse(next_token(17, "x"), "5")
