"""Client certificates: whom they stand for, when they count, and for which cluster."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from clusters.apiserver.asgi import request_of
from clusters.apiserver.authn.certificates import BadCertificate, ClientCertificates
from clusters.kernel.clock import SECOND, SimClock
from clusters.machinery.certificates import CertificateOrder
from clusters.runtime.authority import ClientAuthority, number_of
from tests.support.apiclient import Api
from tests.support.apiserver import START, authority
from tests.support.certificates import csr, fixed_key, subject

WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
NOW = START // SECOND


def signed(
    name: str = "jane", groups=("developers",), *, by: ClientAuthority | None = None, usages=("client auth",), begin=-300,
    end=3600,
) -> str:  # fmt: skip
    order = CertificateOrder(
        request=csr(name, groups), usages=tuple(usages), not_before=NOW + begin, not_after=NOW + end, serial=7
    )
    return (by or authority()).sign(order)


class Showing(Api):
    """Shows a certificate, and whatever headers are given."""

    def __init__(self, server, certificate, **headers):
        super().__init__(server, headers)
        self.certificate = certificate

    def finish(self, request):
        request.certificate = self.certificate
        return request

    def who(self):
        """(status, user or refusal)."""
        status, body = self.ask("POST", WHO, REVIEW)
        return (status, body["status"]["userInfo"]) if status == 201 else (status, body)

    def nobody(self):
        """Whether the server takes the peer for the anonymous user."""
        status, body = self.who()
        return status == 403 and 'User "system:anonymous"' in body["message"]


def test_holder_is_the_common_name_in_the_organizations(server):
    status, user = Showing(server, signed(groups=["developers", "testers"])).who()
    assert status == 201
    assert user["username"] == "jane"
    # The names of one set have no order of their own: DER's counts.
    assert user["groups"] == ["testers", "developers", "system:authenticated"]
    assert "uid" not in user
    (credential,) = user["extra"]["authentication.kubernetes.io/credential-id"]
    digest = x509.load_pem_x509_certificate(signed(groups=["developers", "testers"]).encode()).public_bytes(
        Encoding.DER
    )
    assert credential == f"X509SHA256={sha256(digest).hexdigest()}"


def test_roles_are_asked_what_the_holder_may_do(server, api):
    jane = Showing(server, signed())
    assert jane.ask("GET", "/api/v1/namespaces/default/pods")[0] == 403
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "developers"}],
    }
    api.create("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings", binding)
    assert jane.ask("GET", "/api/v1/namespaces/default/pods")[0] == 200
    assert jane.ask("GET", "/api/v1/namespaces/kube-system/pods")[0] == 403


def test_certificate_of_another_cluster_opens_nothing(server):
    """Same installation, same name of the authority; only the cluster is another one."""
    other = ClientAuthority("a secret of the tests", "2/1", 2)
    status, body = Showing(server, signed(groups=["system:masters"], by=other)).who()
    assert (status, body["message"]) == (401, "Unauthorized")
    assert Showing(server, signed(groups=["system:masters"])).who()[0] == 201


@pytest.mark.parametrize(
    "pem",
    ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "x" * 100_000],
    ids=["none", "no pem", "no certificate", "long"],
)
def test_what_is_no_certificate_is_refused_and_none_at_all_is_nobody(server, pem):
    showing = Showing(server, pem)
    status, _ = showing.who()
    assert status == (401 if pem else 403)
    assert showing.nobody() is not bool(pem)


@pytest.mark.parametrize(("part", "other"), [(b"\x02\x01\x02", b"\x02\x01\x09"), (b"\x0c\x04jane", b"\x03\x04\x00ane")])
def test_malformed_certificate_is_refused(server, part, other):
    der = x509.load_pem_x509_certificate(signed().encode()).public_bytes(Encoding.DER)
    changed = b64encode(der.replace(part, other)).decode()
    assert part in der
    pem = f"-----BEGIN CERTIFICATE-----\n{changed}\n-----END CERTIFICATE-----\n"
    assert Showing(server, pem).who()[0] == 401
    assert number_of(pem) in (1, None)


def test_self_signed_authority_of_the_same_name_is_another_authority(server):
    forged = ClientAuthority("another secret", "1/1", 1)
    assert Showing(server, signed(groups=["system:masters"], by=forged)).who()[0] == 401


def test_certificate_counts_on_the_clusters_clock(server):
    clock = server.cluster.clock
    early, jane = Showing(server, signed(begin=60)), Showing(server, signed(end=3600))
    assert early.who()[0] == 401
    assert jane.who()[0] == 201
    clock.advance_to(START + 3600 * SECOND)
    assert jane.who()[0] == 201
    clock.advance_to(START + 3601 * SECOND)
    assert jane.who()[0] == 401


@pytest.mark.parametrize(
    ("usages", "status"),
    [(["client auth"], 201), (["any"], 201), (["digital signature"], 201), (["server auth"], 401)],
)
def test_certificate_must_be_for_clients_or_say_nothing(server, usages, status):
    assert Showing(server, signed(usages=usages)).who()[0] == status


def test_certificate_goes_before_a_token_and_a_good_token_heals_a_bad_certificate(server):
    good, bad = signed(), signed(begin=60)
    assert Showing(server, good, authorization="Bearer admin").who()[1]["username"] == "jane"
    assert Showing(server, good, authorization="Bearer nonsense").who()[1]["username"] == "jane"
    assert Showing(server, bad, authorization="Bearer admin").who()[1]["username"] == "admin"
    assert Showing(server, bad, authorization="Bearer nonsense").who()[0] == 401


def test_certificate_without_a_name_says_nothing(server):
    assert Showing(server, signed("", ["system:masters"])).nobody()


def test_holder_may_impersonate_only_with_the_right_to(server):
    as_admin = {"impersonate-user": "admin", "impersonate-group": "system:masters"}
    status, body = Showing(server, signed(), **as_admin).who()
    assert status == 403
    assert 'User "jane" cannot impersonate' in body["message"]
    status, user = Showing(server, signed("root", ["system:masters"]), **{"impersonate-user": "bob"}).who()
    assert (status, user["username"]) == (201, "bob")
    assert "extra" not in user


def test_headers_of_a_front_proxy_are_not_believed(server):
    sent = {"x-remote-user": "admin", "x-remote-group": "system:masters", "x-remote-extra-a": "b"}
    assert Showing(server, "", **sent).nobody()
    assert Showing(server, signed(), **sent).who()[1]["username"] == "jane"


def own_certificate(*, uids):
    """Of an authority beside ours: (authority's PEM, certificate's PEM)."""
    key = fixed_key()
    name, now = subject("authority"), datetime(2026, 1, 1, tzinfo=UTC)

    def builder(holder):
        return (
            x509.CertificateBuilder()
            .subject_name(holder)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(1)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
        )

    root = builder(name).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    leaf = builder(subject("jane", uids=uids)).add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
    )
    return tuple(made.sign(key, None).public_bytes(Encoding.PEM).decode() for made in (root, leaf))


def at(when):
    return SimClock(int(when.timestamp()) * SECOND)


def test_uid_is_an_attribute_of_the_subject():
    root, leaf = own_certificate(uids=["1234"])
    user = ClientCertificates(root, at(datetime(2026, 1, 1, 12, tzinfo=UTC))).authenticate(leaf)
    assert user is not None
    assert (user.name, user.uid) == ("jane", "1234")


def test_several_uids_are_refused():
    root, leaf = own_certificate(uids=["1", "2"])
    with pytest.raises(BadCertificate):
        ClientCertificates(root, at(datetime(2026, 1, 1, 12, tzinfo=UTC))).authenticate(leaf)


def test_cluster_without_an_authority_takes_no_notice():
    _, leaf = own_certificate(uids=[])
    assert ClientCertificates("", at(datetime(2026, 1, 1, tzinfo=UTC))).authenticate(leaf) is None


def test_only_the_connection_says_what_certificate_there_is():
    scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": [(b"x-client-cert", b"PEM")]}
    assert request_of(scope, "", b"", None).certificate == ""
    tls = {"client_cert_chain": ("LEAF", "OTHER"), "client_cert_error": "not verified"}
    assert request_of({**scope, "extensions": {"tls": tls}}, "", b"", None).certificate == "LEAF"
    assert request_of({**scope, "extensions": {"tls": {"client_cert_chain": ()}}}, "", b"", None).certificate == ""


def test_certificate_tells_which_authority_it_is_of():
    assert number_of(signed()) == 1
    assert number_of(signed(by=ClientAuthority("s", "77/1", 77))) == 77
    assert number_of("nonsense") is None
    assert number_of(own_certificate(uids=[])[1]) is None


def test_authority_is_a_function_of_secret_and_cluster():
    assert ClientAuthority("s", "1/5", 1).pem == ClientAuthority("s", "1/5", 1).pem
    assert len({ClientAuthority(s, i, 1).pem for s in ("s", "t") for i in ("1/5", "1/6")}) == 4
