"""Tokens that Secrets hold: no end, no audience, but they go with their Secret and their ServiceAccount."""

from __future__ import annotations

from base64 import b64encode

import pytest

from clusters.apiserver.authn import jwt
from clusters.kernel.clock import HOUR, rfc3339
from tests.support.apiclient import Api
from tests.support.apiserver import START

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
SECRETS = "/api/v1/namespaces/default/secrets"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
CLAIM = "kubernetes.io/serviceaccount/"


@pytest.fixture
def token(api):
    account = api.create(ACCOUNTS, {"metadata": {"name": "robot"}})
    claims = {
        "iss": "kubernetes/serviceaccount",
        CLAIM + "namespace": "default",
        CLAIM + "secret.name": "t",
        CLAIM + "service-account.name": "robot",
        CLAIM + "service-account.uid": account["metadata"]["uid"],
        "sub": "system:serviceaccount:default:robot",
    }
    made = jwt.encode(claims, api.server.cluster.keys)
    api.create(
        SECRETS,
        {
            "metadata": {"name": "t", "annotations": {"kubernetes.io/service-account.name": "robot"}},
            "type": "kubernetes.io/service-account-token",
            "data": {"token": b64encode(made.encode()).decode()},
        },
    )
    return made


def who(api, token):
    body = {"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"}
    return Api(api.server, {"authorization": f"Bearer {token}"}).ask("POST", WHO, body)


def test_the_account_is_known(api, token):
    status, body = who(api, token)
    assert status == 201
    info = body["status"]["userInfo"]
    assert info["username"] == "system:serviceaccount:default:robot"
    assert info["groups"] == ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]
    assert "extra" not in info


def test_the_secret_must_hold_it(api, token):
    api.patch("merge", f"{SECRETS}/t", {"data": {"token": "eA=="}})
    assert who(api, token)[0] == 401


def test_it_goes_with_its_secret(api, token):
    api.ask("DELETE", f"{SECRETS}/t")
    assert who(api, token)[0] == 401


def test_it_goes_with_its_account(api, token):
    api.ask("DELETE", f"{ACCOUNTS}/robot")
    assert who(api, token)[0] == 401
    api.create(ACCOUNTS, {"metadata": {"name": "robot"}})
    assert who(api, token)[0] == 401


def test_another_signature_is_nobodys(api, token):
    head, body, signature = token.split(".")
    assert who(api, f"{head}.{body}.{signature[:-8]}AAAAAAAA")[0] == 401


def test_the_secret_tells_when_it_was_last_used(api, token):
    label = "kubernetes.io/legacy-token-last-used"
    assert label not in (api.get(f"{SECRETS}/t")["metadata"].get("labels") or {})
    who(api, token)
    first = api.get(f"{SECRETS}/t")
    assert first["metadata"]["labels"][label] == rfc3339(START)[:10]
    who(api, token)
    assert api.get(f"{SECRETS}/t")["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    api.server.cluster.clock.advance_to(START + 24 * HOUR)
    who(api, token)
    assert api.get(f"{SECRETS}/t")["metadata"]["labels"][label] == rfc3339(START + 24 * HOUR)[:10]
