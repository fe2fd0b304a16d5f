"""TokenRequest, what the tokens say, and TokenReview's word on them."""

from __future__ import annotations

import base64

import orjson
import pytest

from clusters.admission.chain import default_chain
from clusters.apiserver.authn import jwt
from clusters.apiserver.authn.keys import RsaKeys
from clusters.kernel.clock import SECOND
from tests.support.apiclient import Api
from tests.support.apiserver import START, keys, new_server

ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"
TOKEN = f"{ACCOUNTS}/robot/token"
PODS = "/api/v1/namespaces/default/pods"
REVIEWS = "/apis/authentication.k8s.io/v1/tokenreviews"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
OWN = "https://kubernetes.default.svc.cluster.local"


@pytest.fixture
def account(api):
    return api.create(ACCOUNTS, {"metadata": {"name": "robot"}})


@pytest.fixture
def pod(api, account):
    spec = {"serviceAccountName": "robot", "nodeName": "n", "containers": [{"name": "c", "image": "i"}]}
    return api.create(PODS, {"metadata": {"name": "p"}, "spec": spec})


def bound(kind, obj, **more):
    return {"boundObjectRef": {"apiVersion": "v1", "kind": kind, "name": obj["metadata"]["name"], **more}}


def ask(api, **spec):
    return api.create(TOKEN, {"spec": spec})["status"]["token"]


def review(api, token, *audiences):
    spec = {"token": token, "audiences": list(audiences)} if audiences else {"token": token}
    return api.create(REVIEWS, {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec})[
        "status"
    ]


def refused(api, token, *audiences):
    status = review(api, token, *audiences)
    assert not status.get("authenticated")
    assert status["user"] == {}
    return status["error"]


def who(api, token):
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    return Api(api.server, {"authorization": f"Bearer {token}"}).ask("POST", WHO, body)


def pass_time(api, seconds):
    api.server.cluster.clock.advance_to(api.server.cluster.clock.now() + seconds * SECOND)


def test_token_says_whose_it_is_and_nothing_of_other_clusters(api, account):
    token = ask(api)
    head, payload, _ = token.split(".")
    assert orjson.loads(base64.urlsafe_b64decode(head + "==")) == {"alg": "RS256", "kid": keys().key_id}
    text = base64.urlsafe_b64decode(payload + "==")
    claims = orjson.loads(text)
    now = START // SECOND
    assert claims.pop("jti")
    assert claims == {
        "aud": [OWN],
        "exp": now + 3600,
        "iat": now,
        "iss": OWN,
        "kubernetes.io": {
            "namespace": "default",
            "serviceaccount": {"name": "robot", "uid": account["metadata"]["uid"]},
        },
        "nbf": now,
        "sub": "system:serviceaccount:default:robot",
    }
    assert text == orjson.dumps(orjson.loads(text), option=orjson.OPT_SORT_KEYS)


def test_token_of_a_pod_tells_pod_and_node_also_if_there_is_no_such_node(api, pod):
    token = ask(api, **bound("Pod", pod))
    assert jwt.claims_of(token)["kubernetes.io"]["node"] == {"name": "n"}
    status, body = who(api, token)
    extra = body["status"]["userInfo"]["extra"]
    assert status == 201
    assert extra["authentication.kubernetes.io/pod-name"] == ["p"]
    assert extra["authentication.kubernetes.io/pod-uid"] == [pod["metadata"]["uid"]]
    assert extra["authentication.kubernetes.io/node-name"] == ["n"]
    assert "authentication.kubernetes.io/node-uid" not in extra
    assert extra["authentication.kubernetes.io/credential-id"][0].startswith("JTI=")


def test_token_of_a_pod_outlives_its_node(api, account):
    node = api.create("/api/v1/nodes", {"metadata": {"name": "n"}})
    spec = {"serviceAccountName": "robot", "nodeName": "n", "containers": [{"name": "c", "image": "i"}]}
    pod = api.create(PODS, {"metadata": {"name": "p"}, "spec": spec})
    token = ask(api, **bound("Pod", pod))
    api.ask("DELETE", "/api/v1/nodes/n")
    extra = who(api, token)[1]["status"]["userInfo"]["extra"]
    assert extra["authentication.kubernetes.io/node-uid"] == [node["metadata"]["uid"]]


def test_token_of_a_node_goes_with_it(api, account):
    node = api.create("/api/v1/nodes", {"metadata": {"name": "n"}})
    token = ask(api, **bound("Node", node))
    assert who(api, token)[0] == 201
    api.ask("DELETE", "/api/v1/nodes/n")
    assert who(api, token)[0] == 401
    assert refused(api, token) == "[invalid bearer token, service account token has been invalidated]"


def test_token_of_a_secret_goes_with_it_also_if_another_takes_its_name(api, account):
    path = "/api/v1/namespaces/default/secrets"
    secret = api.create(path, {"metadata": {"name": "s"}})
    token = ask(api, **bound("Secret", secret))
    assert who(api, token)[0] == 201
    api.ask("DELETE", f"{path}/s")
    assert "has been invalidated" in refused(api, token)
    again = api.create(path, {"metadata": {"name": "s"}})
    old, new = secret["metadata"]["uid"], again["metadata"]["uid"]
    why = f"secret UID ({new}) does not match service account secret ref claim ({old})"
    assert refused(api, token) == f"[invalid bearer token, {why}]"


def test_token_goes_with_its_account(api, account):
    token = ask(api)
    api.ask("DELETE", f"{ACCOUNTS}/robot")
    assert refused(api, token) == '[invalid bearer token, serviceaccounts "robot" not found]'
    again = api.create(ACCOUNTS, {"metadata": {"name": "robot"}})
    old, new = account["metadata"]["uid"], again["metadata"]["uid"]
    assert refused(api, token) == f"[invalid bearer token, service account UID ({new}) does not match claim ({old})]"


def test_token_ends_on_the_clusters_clock_a_minute_late(api, account):
    token = ask(api, expirationSeconds=600)
    pass_time(api, 660)
    assert who(api, token)[0] == 201
    pass_time(api, 1)
    assert who(api, token)[0] == 401
    assert refused(api, token) == "[invalid bearer token, service account token has expired]"


def test_token_in_a_pods_own_volume_is_extended_and_says_when_to_warn(api, pod):
    """It asks for the duration that only the admission plugin asks for."""
    answer = api.create(TOKEN, {"spec": {"expirationSeconds": 3607, **bound("Pod", pod)}})
    now = START // SECOND
    claims = jwt.claims_of(answer["status"]["token"])
    assert claims["exp"] == now + 365 * 24 * 3600
    assert claims["kubernetes.io"]["warnafter"] == now + 3607
    assert answer["spec"]["expirationSeconds"] == 3607
    assert answer["status"]["expirationTimestamp"] == "2026-05-28T21:26:47Z"


@pytest.mark.parametrize("spec", [{"expirationSeconds": 3600}, {"expirationSeconds": 3607, "audiences": ["vault"]}])
def test_other_tokens_are_not_extended(api, pod, spec):
    claims = jwt.claims_of(ask(api, **spec, **bound("Pod", pod)))
    assert claims["exp"] == START // SECOND + spec["expirationSeconds"]
    assert "warnafter" not in claims["kubernetes.io"]


def test_uid_of_what_it_is_to_be_bound_to_must_be_right(api, pod):
    status, body = api.ask("POST", TOKEN, {"spec": bound("Pod", pod, uid="other")})
    assert status == 409
    assert body["message"] == (
        'Operation cannot be fulfilled on Pod "p": the UID in the bound object reference (other) does not match the '
        "UID in record. The object might have been deleted and then recreated"
    )


def test_pod_must_be_the_accounts_own(api, pod):
    api.create(ACCOUNTS, {"metadata": {"name": "other"}})
    status, body = api.ask("POST", f"{ACCOUNTS}/other/token", {"spec": bound("Pod", pod)})
    assert (status, body["message"]) == (
        400,
        'cannot bind token for serviceaccount "other" to pod running with different serviceaccount name.',
    )


def test_review_names_the_audiences_that_both_have(api, account):
    token = ask(api, audiences=["vault", "db", OWN])
    assert review(api, token)["audiences"] == [OWN]
    assert review(api, token, "db", "vault", "x")["audiences"] == ["vault", "db"]
    assert refused(api, token, "x", "y") == (
        f'[invalid bearer token, token audiences ["vault" "db" "{OWN}"] is invalid for the target audiences ["x" "y"]]'
    )


def test_token_for_others_does_not_open_the_api(api, account):
    assert who(api, ask(api, audiences=["vault"]))[0] == 401


def test_playground_tokens_are_for_the_api_server_only(api):
    assert review(api, "admin")["audiences"] == [OWN]
    assert refused(api, "admin", "vault") == "invalid bearer token"


def forged(token, *, kid=None, alg="RS256", cut=False):
    head, payload, signature = token.split(".")
    wanted = {"alg": alg} if kid is None else {"alg": alg, "kid": kid}
    head = base64.urlsafe_b64encode(orjson.dumps(wanted)).decode().rstrip("=")
    return f"{head}.{payload}.{'' if cut else signature}"


def test_token_must_be_signed_by_the_clusters_own_key(api, account):
    token = ask(api)
    claims = jwt.claims_of(token)
    twin = RsaKeys(keys_pem(), "another cluster")
    assert refused(api, jwt.encode(claims, twin)) == "[invalid bearer token, invalid signature, no keys found]"
    assert who(api, jwt.encode(claims, RsaKeys.generate()))[0] == 401
    for made in (
        forged(token, kid=keys().key_id, alg="none", cut=True),
        forged(token, alg="none", cut=True),
        forged(token, kid=keys().key_id, alg="HS256"),
        token[:-4] + "AAAA",
    ):
        assert who(api, made)[0] == 401, made
        assert refused(api, made).endswith("error in cryptographic primitive]")


def keys_pem():
    """The key of the tests' clusters itself: only its id is to be another one."""
    from cryptography.hazmat.primitives import serialization

    return keys()._key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


@pytest.mark.parametrize("token", ["a.b.c", "..", "{}", "x" * 5000, "é.é.é", "eyJ.eyJ.eyJ"])
def test_nonsense_is_no_token(api, token):
    assert refused(api, token) == "invalid bearer token"


def test_legacy_token_can_be_marked_invalid(api, account):
    path = "/api/v1/namespaces/default/secrets"
    claim = "kubernetes.io/serviceaccount/"
    said = {
        "iss": "kubernetes/serviceaccount",
        claim + "namespace": "default",
        claim + "secret.name": "t",
        claim + "service-account.name": "robot",
        claim + "service-account.uid": account["metadata"]["uid"],
        "sub": "system:serviceaccount:default:robot",
    }
    token = jwt.encode(said, keys())
    data = {"token": base64.b64encode(token.encode()).decode()}
    meta = {"name": "t", "annotations": {"kubernetes.io/service-account.name": "robot"}}
    api.create(path, {"metadata": meta, "type": "kubernetes.io/service-account-token", "data": data})
    assert review(api, token)["audiences"] == [OWN]
    assert "is invalid for the target audiences" in refused(api, token, "vault")
    label = {"metadata": {"labels": {"kubernetes.io/legacy-token-invalid-since": "2026-01-01"}}}
    api.patch("merge", f"{path}/t", label)
    assert "the token in secret default/t for service account default/robot has been marked invalid" in refused(
        api, token
    )


def test_discovery_of_the_issuer(api):
    answer = api.raw("GET", "/.well-known/openid-configuration")
    assert [v for k, v in answer.headers if k == "Cache-Control"] == ["public, max-age=3600"]
    document = orjson.loads(answer.body)
    assert document["issuer"] == OWN
    assert document["jwks_uri"] == "https://127.0.0.1:6443/openid/v1/jwks"
    assert document["id_token_signing_alg_values_supported"] == ["RS256"]
    answer = api.raw("GET", "/openid/v1/jwks")
    assert answer.content_type == "application/jwk-set+json"
    (key,) = orjson.loads(answer.body)["keys"]
    assert key["kid"] == keys().key_id
    assert set(key) == {"use", "kty", "kid", "alg", "n", "e"}


def as_node(api, spec):
    return api.as_("system:node:n", "system:nodes").ask("POST", TOKEN, {"spec": spec})


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({}, None),
        ({"audiences": ["vault"]}, None),
        ({"audiences": ["other"]}, 'audience "other" not found in pod spec volume, system:node:n is not authorized'),
        ({"audiences": ["vault", "other"]}, "node may only request 0 or 1 audiences"),
    ],
)
def test_kubelet_asks_for_what_its_pods_volumes_say(more, why):
    api = Api(new_server(admission=default_chain()))
    api.create(ACCOUNTS, {"metadata": {"name": "robot"}})
    sources = [{"serviceAccountToken": {"path": "t", "audience": "vault"}}]
    spec = {
        "serviceAccountName": "robot",
        "nodeName": "n",
        "containers": [{"name": "c", "image": "i"}],
        "volumes": [{"name": "v", "projected": {"sources": sources}}],
    }
    api.create("/api/v1/nodes", {"metadata": {"name": "n"}})
    pod = api.create(PODS, {"metadata": {"name": "p"}, "spec": spec})
    uid = pod["metadata"]["uid"]
    status, body = as_node(api, {**bound("Pod", pod, uid=uid), **more})
    assert status == (403 if why else 201), body
    assert why is None or why in body["message"]
    status, body = as_node(api, more)
    assert "node requested token not bound to a pod" in body["message"]


def test_no_tokens_in_a_namespace_that_goes():
    api = Api(new_server(admission=default_chain()))
    api.create("/api/v1/namespaces", {"metadata": {"name": "going"}})
    path = "/api/v1/namespaces/going/serviceaccounts"
    api.create(path, {"metadata": {"name": "robot", "finalizers": ["a.b/c"]}})
    api.ask("DELETE", "/api/v1/namespaces/going")
    status, body = api.ask("POST", f"{path}/robot/token", {"spec": {}})
    assert status == 403
    assert "unable to create new content in namespace going because it is being terminated" in body["message"]
