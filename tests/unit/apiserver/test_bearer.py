"""Where a bearer token stands, and what is none."""

from __future__ import annotations

import base64

import pytest

from clusters.apiserver.authn.bearer import EXTRA_SPACE, PROTOCOL, Malformed, ignored, others, token_of
from clusters.apiserver.http import Request
from tests.support.apiclient import Api
from tests.support.apiserver import new_server


def request(**headers: str) -> Request:
    return Request(method="GET", path="/", headers=[(k.replace("_", "-"), v) for k, v in headers.items()])


def protocol(token: str) -> str:
    return PROTOCOL + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("Bearer abc", "abc"),
        ("bearer abc", "abc"),
        ("  BEARER abc  ", "abc"),
        ("Bearer abc and more", "abc"),
        ("Bearer", ""),
        ("Bearer ", ""),
        ("Bearer  abc", ""),
        ("Basic YTpi", ""),
        ("abc", ""),
    ],
)
def test_header_holds_a_token(header: str, token: str) -> None:
    assert token_of(request(authorization=header)) == token


def test_extra_space_is_warned_of_and_the_token_ignored() -> None:
    assert ignored(request(authorization="Bearer  abc")) == EXTRA_SPACE
    for header in ("Bearer abc", "Bearer ", "Basic  abc"):
        assert ignored(request(authorization=header)) == ""
    answer = Api(new_server(), {"authorization": "Bearer  admin"}).raw("GET", "/version")
    assert f'299 - "{EXTRA_SPACE}"' in [v for k, v in answer.headers if k == "Warning"]


def test_subprotocol_holds_a_token() -> None:
    assert token_of(request(sec_websocket_protocol=f"v5.channel.k8s.io, {protocol('a~ü')}")) == "a~ü"
    assert token_of(request(sec_websocket_protocol="v5.channel.k8s.io")) == ""


@pytest.mark.parametrize(
    "header",
    [protocol("abc"), f"a, {protocol('abc')}, {protocol('abc')}", f"a, {PROTOCOL}%%%", f"a, {PROTOCOL}_w"],
    ids=["alone", "twice", "no base64", "no text"],
)
def test_subprotocol_must_be_right(header: str) -> None:
    with pytest.raises(Malformed):
        token_of(request(sec_websocket_protocol=header))


def test_token_is_no_protocol_to_speak() -> None:
    assert others([protocol("abc"), "v5.channel.k8s.io", "v4.channel.k8s.io"]) == [
        "v5.channel.k8s.io",
        "v4.channel.k8s.io",
    ]
