"""Signing requests in a whole cluster: who is approved without asking, what is signed and how, what is cleared."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from clusters.client.component import Keys
from clusters.components.controllers.certificates.signer import lifetime
from clusters.kernel.clock import SECOND
from clusters.machinery.errors import ApiError
from clusters.machinery.types import UserInfo
from clusters.registry.registry import WriteOptions
from clusters.runtime.authority import ClientAuthority
from tests.support.certificates import CLIENT, address, csr, fixed_key, request_object
from tests.support.cluster import Cluster

REQUESTS = "certificatesigningrequests.certificates.k8s.io"
KUBELET, SERVING = (
    "kubernetes.io/kube-apiserver-client-kubelet",
    "kubernetes.io/kubelet-serving",
)
NODE = ("digital signature", "client auth")
AUTHORITY = ClientAuthority("a secret of the tests", "1/1", 1)


class Signing(Cluster):
    def _session(self):
        session = super()._session()
        session.keys = Keys(root_ca="root", sign_certificate=AUTHORITY.sign)
        return session

    def ask(self, name, pem, *, user=None, **about):
        request = request_object(name, pem, **about)
        if user is None:
            self.create(REQUESTS, request)
        else:
            registry = self.session.registry
            registry.create(registry.resources[REQUESTS], "", request, WriteOptions(user=user, manager="kubelet"))
            self.session.commit()
        self.run_for(1)

    def answer(self, name, kind="Approved"):
        condition = {"type": kind, "status": "True", "reason": "Test", "message": "m"}
        self.patch(REQUESTS, "", name, {"status": {"conditions": [condition]}}, subresource="approval")
        self.run_for(1)

    def conditions(self, name):
        return self.get(REQUESTS, "", name)["status"].get("conditions") or []

    def certificate(self, name):
        text = self.get(REQUESTS, "", name)["status"].get("certificate")
        return x509.load_pem_x509_certificate(base64.b64decode(text)) if text else None


@pytest.fixture
def cluster():
    return Signing(workers=0, control_planes=0)


def issued(cluster, pem=None, **about):
    cluster.ask("r", pem or csr("jane", ["developers"]), **about)
    cluster.answer("r")
    found = cluster.certificate("r")
    assert found is not None, cluster.conditions("r")
    return found


def moments(certificate):
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def test_request_of_a_person_waits_until_somebody_approves_it(cluster):
    cluster.ask("jane", csr("jane", ["developers"]))
    assert cluster.conditions("jane") == []
    cluster.answer("jane")
    certificate = cluster.certificate("jane")
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(AUTHORITY.pem.encode()))
    assert certificate.subject.rfc4514_string() == "CN=jane,O=developers"
    assert [c["type"] for c in cluster.conditions("jane")] == ["Approved"]


def test_denied_request_gets_nothing(cluster):
    cluster.ask("jane", csr("jane"))
    cluster.answer("jane", "Denied")
    assert cluster.certificate("jane") is None


def test_certificate_has_the_usages_asked_for_and_no_others(cluster):
    certificate = issued(cluster, usages=["key encipherment", "client auth", "digital signature"])
    held = {e.oid._name: e for e in certificate.extensions}
    usage = held["keyUsage"].value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, True, False)
    assert list(held["extendedKeyUsage"].value) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert held["basicConstraints"].value.ca is False
    assert list(held) == ["keyUsage", "extendedKeyUsage", "basicConstraints", "authorityKeyIdentifier"]


def test_request_cannot_make_itself_an_authority(cluster):
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = builder.sign(fixed_key(), None).public_bytes(Encoding.PEM)
    certificate = issued(cluster, pem)
    assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False


@pytest.mark.parametrize(
    ("asked", "lasts"),
    [(None, 365 * 24 * 3600), (600, 600), (3600, 3600), (10**9, 365 * 24 * 3600)],
)
def test_lifetime_is_what_was_asked_for_up_to_a_year(asked, lasts):
    assert lifetime(asked) == lasts


def test_short_certificate_begins_earlier_and_still_lasts_as_long(cluster):
    before = cluster.now // SECOND
    begin, end = moments(issued(cluster, seconds=3600))
    approved = begin.timestamp() + 300
    assert before <= approved <= before + 3
    assert end.timestamp() - approved == 3600


def test_long_certificate_is_moved_back_as_a_whole(cluster):
    begin, end = moments(issued(cluster))
    assert (end - begin).days == 365
    assert begin.tzinfo is UTC
    assert begin < datetime.fromtimestamp(cluster.now / SECOND - 290, UTC)


@pytest.mark.parametrize(
    ("signer", "pem", "usages", "why"),
    [
        (CLIENT, csr("a"), ["client auth", "server auth"], "invalid usage for client certificate: server auth"),
        (
            CLIENT,
            csr("a"),
            ["digital signature"],
            "missing required usage for client certificate: client auth",
        ),
        (KUBELET, csr("system:node:n", ["devs"]), NODE, "subject organization is not system:nodes"),
        (KUBELET, csr("n", ["system:nodes"]), NODE, "subject common name does not begin with system:node:"),
        (
            KUBELET,
            csr("system:node:n", ["system:nodes"], names=[x509.DNSName("n")]),
            NODE,
            "DNS subjectAltNames are not allowed",
        ),
        (
            KUBELET,
            csr("system:node:n", ["system:nodes"], names=[address("10.0.0.1")]),
            NODE,
            "IP subjectAltNames are not allowed",
        ),
        (
            KUBELET,
            csr("system:node:n", ["system:nodes"]),
            ["client auth"],
            "usages did not match [client auth digital signature key encipherment]",
        ),
        (SERVING, csr("system:node:n", ["system:nodes"]), ["server auth"], "DNS or IP subjectAltName is required"),
        (
            SERVING,
            csr("system:node:n", ["system:nodes"], names=[x509.DNSName("n"), x509.RFC822Name("a@b.c")]),
            ["server auth"],
            "Email subjectAltNames are not allowed",
        ),
        (
            SERVING,
            csr("system:node:n", ["system:nodes"], names=[x509.DNSName("n")]),
            NODE,
            "usages did not match [digital signature key encipherment server auth]",
        ),
        (
            SERVING,
            csr("n", ["system:nodes"], names=[x509.DNSName("n")]),
            ["digital signature", "server auth"],
            "subject common name does not begin with system:node:",
        ),
    ],
)
def test_signer_says_why_it_does_not_sign(cluster, signer, pem, usages, why):
    cluster.ask("r", pem, signer=signer, usages=usages)
    cluster.answer("r")
    assert cluster.certificate("r") is None
    (failure,) = [c for c in cluster.conditions("r") if c["type"] == "Failed"]
    assert failure["message"] == why
    assert (failure["reason"], failure["status"]) == ("SignerValidationFailure", "True")
    assert failure["lastUpdateTime"]
    assert failure["lastTransitionTime"]


def test_kubelet_serving_certificate_keeps_its_names(cluster):
    names = [x509.DNSName("n"), address("10.0.0.1")]
    certificate = issued(
        cluster,
        csr("system:node:n", ["system:nodes"], names=names),
        signer=SERVING,
        usages=["digital signature", "key encipherment", "server auth"],
    )
    held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert held.get_values_for_type(x509.DNSName) == ["n"]
    assert [str(a) for a in held.get_values_for_type(x509.IPAddress)] == ["10.0.0.1"]


def test_signers_of_others_are_left_to_them(cluster):
    cluster.ask("r", csr("a"), signer="example.com/mine")
    cluster.answer("r")
    assert cluster.certificate("r") is None
    assert [c["type"] for c in cluster.conditions("r")] == ["Approved"]


def kubelet(name):
    return UserInfo(f"system:node:{name}", ("system:nodes", "system:authenticated"))


def bind(cluster, role, group):
    cluster.create(
        "clusterrolebindings.rbac.authorization.k8s.io",
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"auto-{group}"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": f"system:certificates.k8s.io:certificatesigningrequests:{role}",
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": group}],
        },
    )
    cluster.run_for(1)


def test_kubelet_with_the_right_is_approved_and_signed_by_itself(cluster):
    bind(cluster, "selfnodeclient", "system:nodes")
    pem = csr("system:node:n", ["system:nodes"])
    cluster.ask("self", pem, user=kubelet("n"), signer=KUBELET, usages=NODE)
    (condition,) = cluster.conditions("self")
    assert condition["reason"] == "AutoApproved"
    assert condition["message"] == "Auto approving self kubelet client certificate after SubjectAccessReview."
    assert cluster.certificate("self") is not None
    with pytest.raises(ApiError, match="can only create a node CSR with CN=system:node:m"):
        cluster.ask("other", pem, user=kubelet("m"), signer=KUBELET, usages=NODE)


def test_right_that_comes_later_counts(cluster):
    user = UserInfo("system:bootstrap:abc", ("system:bootstrappers", "system:authenticated"))
    cluster.ask("n", csr("system:node:n", ["system:nodes"]), user=user, signer=KUBELET, usages=NODE)
    assert cluster.conditions("n") == []
    bind(cluster, "nodeclient", "system:bootstrappers")
    (condition,) = cluster.conditions("n")
    assert condition["message"] == "Auto approving kubelet client certificate after SubjectAccessReview."


@pytest.mark.parametrize(
    ("answer", "hours"), [("Approved", 1), ("Denied", 1), (None, 24)], ids=["issued", "denied", "pending"]
)
def test_request_goes_at_the_first_full_hour_after_its_use_is_over(cluster, answer, hours):
    cluster.ask("r", csr("a"))
    if answer:
        cluster.answer("r", answer)
    cluster.run_for(hours * 3600 - 60)
    assert cluster.find(REQUESTS, "", "r") is not None
    cluster.run_for(3600 + 60)
    assert cluster.find(REQUESTS, "", "r") is None


def test_approved_request_that_nobody_signs_stays_for_a_day(cluster):
    cluster.ask("r", csr("a"), signer="example.com/mine")
    cluster.answer("r")
    cluster.run_for(23 * 3600)
    assert cluster.find(REQUESTS, "", "r") is not None
    cluster.run_for(2 * 3600)
    assert cluster.find(REQUESTS, "", "r") is None


CONFIG = ("configmaps", "kube-system", "extension-apiserver-authentication")


def test_authority_is_published_whatever_stands_there(cluster):
    cluster.session.keys = Keys(client_ca=AUTHORITY.pem)
    cluster.crash()
    cluster.session.keys = Keys(client_ca=AUTHORITY.pem)
    cluster.run_for(1)
    assert cluster.get(*CONFIG)["data"]["client-ca-file"] == AUTHORITY.pem
    cluster.patch(*CONFIG, {"data": {"client-ca-file": "mine", "more": "data"}})
    cluster.run_for(1)
    assert cluster.get(*CONFIG)["data"]["client-ca-file"] == AUTHORITY.pem
    assert cluster.get(*CONFIG)["data"]["more"] == "data"
    cluster.delete(*CONFIG)
    cluster.run_for(1)
    data = cluster.get(*CONFIG)["data"]
    assert (data["client-ca-file"], data["requestheader-username-headers"]) == (AUTHORITY.pem, '["X-Remote-User"]')


def story(*, crash):
    cluster = Signing(workers=0, control_planes=0, boot=False)

    def run(seconds):
        if crash:
            cluster.crash()
        cluster.run_for(seconds)

    run(2)
    cluster.ask("a", csr("jane", ["developers"]))
    run(1.3)
    cluster.answer("a")
    run(0.2)
    cluster.ask("b", csr("n"), usages=["server auth"])
    cluster.answer("b")
    for _ in range(8):
        run(1000)
    return cluster.log()


def test_history_with_certificates_is_the_same_again_also_after_crashes():
    first = story(crash=False)
    assert any(
        b"BEGIN" in base64.b64decode(v.split(b'"certificate":"')[1][:24]) for *_, v in first if b'"certificate":"' in v
    )
    assert story(crash=False) == first
    assert story(crash=True) == first
