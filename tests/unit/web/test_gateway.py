"""Who comes through to a cluster's Kubernetes API with a browser's cookies, and who does not."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import orjson
import pytest
import yaml
from django.conf import settings as django_settings

from clusters.models import Cluster
from clusters.runtime.settings import BadInput
from clusters.web.audit import audit_log
from clusters.web.gateway import Gateway, at_root
from clusters.web.kubeconfig import certified
from playground.accounts import access
from playground.accounts.models import Membership, User
from tests.unit.web.conftest import Api

pytestmark = pytest.mark.django_db(transaction=True)
TOKEN = "a" * 32
COOKIE = f"csrftoken={TOKEN}".encode()
WRITE = {"cookie": COOKIE, "x-csrftoken": TOKEN.encode(), "content-type": b"application/json"}
CONFIG = b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"a-"}}'
CONFIGS = "/api/v1/namespaces/default/configmaps"


@pytest.fixture(autouse=True)
def _no_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its thread would write when the test is over."""
    monkeypatch.setattr(audit_log, "add", lambda told: None)


def ask(path: str, *, method: str = "GET", body: bytes = b"", tls: Any = None, port: int = 0, **headers: bytes) -> Any:
    """(status, decoded body) of a request to a gateway of its own."""
    sent = {"host": b"127.0.0.1:8000", **{k.replace("_", "-"): v for k, v in headers.items()}}
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(k.encode(), v) for k, v in sent.items()],
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", port or django_settings.PORT),
    }
    if tls:
        scope["extensions"] = {"tls": {"client_cert_chain": (tls,)}}
    out: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        out.append(message)

    asyncio.run(Gateway()(scope, receive, send))
    return out[0]["status"], orjson.loads(out[1]["body"])


def test_page_of_ours_may_write_with_the_token(demo: Cluster) -> None:
    assert ask(f"/k8s/demo{CONFIGS}", method="POST", body=CONFIG, **WRITE)[0] == 201
    status, body = ask(f"/k8s/demo{CONFIGS}", method="POST", body=CONFIG, cookie=COOKIE)
    assert (status, body["reason"]) == (403, "Forbidden")
    assert "X-CSRFToken" in body["message"]


def test_page_of_another_origin_gets_nothing(demo: Cluster) -> None:
    status, body = ask(f"/k8s/demo{CONFIGS}", cookie=COOKIE, origin=b"http://evil.example")
    assert status == 403
    assert "evil" not in body["message"]


@pytest.mark.parametrize("host", [b"evil.example:8000", b"127.0.0.1.evil.example", b""])
def test_name_that_points_here_is_not_our_origin(demo: Cluster, host: bytes) -> None:
    """DNS rebinding: the page's origin is the host that it asks, and it may set itself any cookie."""
    sent = {**WRITE, "host": host, "origin": b"http://" + host}
    assert ask(f"/k8s/demo{CONFIGS}", method="POST", body=CONFIG, **sent)[0] == 403
    assert ask(f"/k8s/demo{CONFIGS}", host=host, cookie=COOKIE)[0] == 403


def test_whoever_shows_nothing_is_anonymous(demo: Cluster) -> None:
    status, body = ask(f"/k8s/demo{CONFIGS}")
    assert status == 403
    assert 'User "system:anonymous" cannot list' in body["message"]


def test_unknown_token_opens_nothing_also_at_the_root_of_the_tls_port(demo: Cluster) -> None:
    assert ask(f"/k8s/demo{CONFIGS}", authorization=b"Bearer cpk_nonsense")[0] == 401
    tls_port = django_settings.K8S_PORT
    assert ask(CONFIGS, authorization=b"Bearer cpk_nonsense", port=tls_port)[0] == 401
    assert ask(CONFIGS, tls="nonsense", port=tls_port)[0] == 401


def test_certificate_names_its_cluster_at_the_root_of_the_tls_port_only(demo: Cluster) -> None:
    from clusters.machinery.certificates import CertificateOrder
    from clusters.runtime.signing import client_authority
    from tests.support.certificates import csr

    order = CertificateOrder(csr("jane", ["system:masters"]), ("client auth",), 0, 4_000_000_000, 1)
    pem = client_authority(django_settings.SECRET_KEY, demo.pk, demo.created).sign(order)
    assert ask(CONFIGS, tls=pem, port=django_settings.K8S_PORT)[0] == 200
    assert ask(f"/k8s/demo{CONFIGS}", tls=pem)[0] == 200
    assert not at_root({"server": ("", django_settings.PORT), "headers": [], "extensions": {"tls": {}}})
    # A cluster of the same number that was made at another time is another cluster.
    old = client_authority(django_settings.SECRET_KEY, demo.pk, demo.created - 1).sign(order)
    assert ask(f"/k8s/demo{CONFIGS}", tls=old)[0] == 401
    assert ask(CONFIGS, tls=old, port=django_settings.K8S_PORT)[0] == 401


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/nodes", 200),
        ("/api/v1/pods", 200),
        ("/apis/storage.k8s.io/v1/storageclasses", 200),
        ("/api/v1/secrets", 403),
        ("/api/v1/namespaces/default/serviceaccounts/default/token", 403),
    ],
)
def test_viewer_sees_all_but_what_is_secret(demo: Cluster, ann: User, path: str, status: int) -> None:
    owner = User.objects.create_user("owner")
    Membership.objects.create(cluster=demo, user=owner, role="owner")
    Membership.objects.create(cluster=demo, user=ann, role="viewer")
    token = access.kubeconfig_token(demo, "ann", (access.VIEWERS,), ann)
    assert ask(f"/k8s/demo{path}", authorization=f"Bearer {token}".encode())[0] == status
    access.invalidate()
    Membership.objects.filter(user=ann).delete()
    assert ask(f"/k8s/demo{path}", authorization=f"Bearer {token}".encode())[0] == 401


def test_credential_of_a_person_follows_what_they_are_also_under_another_name(demo: Cluster, ann: User) -> None:
    owner = User.objects.create_user("owner")
    Membership.objects.create(cluster=demo, user=owner, role="owner")
    held = Membership.objects.create(cluster=demo, user=ann, role="editor")
    token = access.kubeconfig_token(demo, "ann", (access.MASTERS,), ann)
    ann.username = "anna"
    ann.save()
    held.role = "viewer"
    held.save()
    access.invalidate()
    assert ask("/k8s/demo/api/v1/secrets", authorization=f"Bearer {token}".encode())[0] == 403


def test_what_breaks_is_not_told(
    demo: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("clusters.web.gateway.hub.cluster", broken)
    status, body = ask("/k8s/demo/version")
    assert status == 500
    assert "hunter2" not in body["message"]
    assert "hunter2" in caplog.text


def test_visitors_kubeconfig_ends_with_the_clusters_being_everybodys(demo: Cluster, settings: Any) -> None:
    status, text = Api()("GET", "clusters/demo/kubeconfig")
    assert (status, text) == (200, None)
    token = access.kubeconfig_token(demo, access.GUEST_NAME, (access.MASTERS,))
    mine = access.kubeconfig_token(demo, "admin", (access.MASTERS,))
    path = "/k8s/demo/api/v1/secrets"
    assert ask(path, authorization=f"Bearer {token}".encode())[0] == 200
    settings.PLAYGROUND_ANONYMOUS = False
    access.invalidate()
    assert ask(path, authorization=f"Bearer {token}".encode())[0] == 401
    assert ask(path, authorization=f"Bearer {mine}".encode())[0] == 200
    settings.PLAYGROUND_ANONYMOUS = True
    Membership.objects.create(cluster=demo, user=User.objects.create_user("owner"), role="owner")
    access.invalidate()
    assert ask(path, authorization=f"Bearer {token}".encode())[0] == 401


def test_kubeconfig_may_hold_a_certificate_instead_of_a_token(demo: Cluster) -> None:
    def held(name: str = "admin", *groups: str) -> str:
        user = yaml.safe_load(certified(demo, name, groups or None))["users"][0]["user"]
        assert set(user) == {"client-certificate-data", "client-key-data"}
        return base64.b64decode(user["client-certificate-data"]).decode()

    assert ask("/k8s/demo/api/v1/secrets", tls=held())[0] == 200
    status, body = ask("/k8s/demo/api/v1/secrets", tls=held("jane", "developers"))
    assert status == 403
    assert 'User "jane"' in body["message"]
    with pytest.raises(BadInput):
        certified(demo, "x" * 65)
    with pytest.raises(BadInput):
        certified(demo, "")
