"""CertificateSigningRequests: what is refused, and what each of their endpoints may change."""

from __future__ import annotations

import base64

import pytest

from clusters.machinery.certificates import CertificateOrder
from tests.support.apiserver import authority
from tests.support.certificates import csr, new_key, request_object

PATH = "/apis/certificates.k8s.io/v1/certificatesigningrequests"


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def wrong(api, **spec):
    """(field, message) of what is wrong with a request."""
    body = request_object("r", csr("jane"))
    body["spec"].update(spec)
    status, answer = api.ask("POST", PATH, body)
    assert status == 422, answer
    return [(c["field"], c["message"]) for c in answer["details"]["causes"]]


@pytest.mark.parametrize(
    ("pem", "why"),
    [
        (b"nonsense", "PEM block type must be CERTIFICATE REQUEST"),
        (
            csr("a").replace(b"CERTIFICATE REQUEST", b"NEW CERTIFICATE REQUEST"),
            "PEM block type must be CERTIFICATE REQUEST",
        ),
        (authority().pem.encode() + csr("a"), "PEM block type must be CERTIFICATE REQUEST"),
    ],
)
def test_request_must_be_one(api, pem, why):
    ((field, message),) = wrong(api, request=b64(pem))
    assert (field, message) == ("spec.request", f'Invalid value: "{b64(pem)}": {why}')


DER = base64.b64decode(b"".join(csr("jane").splitlines()[1:-1]))


@pytest.mark.parametrize(
    "der",
    [
        DER.replace(b"\x02\x01\x00", b"\x02\x01\x05", 1),
        DER.replace(b"\x0c\x04jane", b"\x03\x04\x00ane", 1),
        DER[:40],
        b"",
    ],
    ids=["of a version that there is not", "whose name is no text", "cut off", "empty"],
)
def test_malformed_request_is_refused(api, der):
    assert der != DER
    begin, end = b"-----BEGIN CERTIFICATE REQUEST-----\n", b"\n-----END CERTIFICATE REQUEST-----\n"
    ((field, message),) = wrong(api, request=b64(begin + base64.b64encode(der) + end))
    assert field == "spec.request"
    assert "malformed certificate request" in message or "PEM block type" in message


def test_request_must_be_signed_by_its_own_key(api):
    der = base64.b64decode(b"".join(csr("jane", key=new_key()).splitlines()[1:-1]))
    pem = b"-----BEGIN CERTIFICATE REQUEST-----\n" + base64.b64encode(der.replace(b"jane", b"john"))
    pem += b"\n-----END CERTIFICATE REQUEST-----\n"
    ((field, message),) = wrong(api, request=b64(pem))
    assert field == "spec.request"
    assert message.endswith(": x509: ECDSA verification failure")


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ({"usages": []}, [("spec.usages", "Required value")]),
        ({"usages": ["client auth", "client auth"]}, [("spec.usages[1]", 'Duplicate value: "client auth"')]),
        (
            {"signerName": "kubernetes.io/legacy-unknown"},
            [
                (
                    "spec.signerName",
                    'Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API '
                    "version",
                )
            ],
        ),
        (
            {"expirationSeconds": 599},
            [
                (
                    "spec.expirationSeconds",
                    "Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
                )
            ],
        ),
    ],
)
def test_rest_of_the_spec_is_checked(api, spec, expected):
    assert wrong(api, **spec) == expected


def status(api, subresource, **fields):
    code, body = api.patch("merge", f"{PATH}/r/{subresource}", {"status": fields})
    if code == 200:
        return []
    assert code == 422, body
    return [(c["field"], c["message"]) for c in body["details"]["causes"]]


@pytest.fixture
def request_(api):
    return api.create(PATH, request_object("r", csr("jane")))


def condition(kind, **more):
    return {"type": kind, "status": "True", **more}


def test_conditions_must_be_whole_and_not_contradict_each_other(api, request_):
    at = "status.conditions"
    assert status(api, "approval", conditions=[{"type": "Approved"}]) == [(f"{at}[0].status", "Required value")]
    assert status(api, "approval", conditions=[{"type": "Denied", "status": "False"}]) == [
        (f"{at}[0].status", 'Unsupported value: "False": supported values: "True"')
    ]
    assert status(api, "approval", conditions=[condition("Approved"), condition("Denied")]) == [
        (f"{at}[1].type", 'Invalid value: "Denied": Approved and Denied conditions are mutually exclusive')
    ]


def test_certificate_must_be_one_and_stays(api, request_):
    order = CertificateOrder(csr("jane"), ("client auth",), 0, 4_000_000_000, 1)
    good = authority().sign(order).encode()
    assert status(api, "status", certificate=b64(b"nonsense")) == [
        (
            "status.certificate",
            'Invalid value: "<certificate data>": must contain at least one CERTIFICATE PEM block',
        )
    ]
    assert status(api, "status", certificate=b64(csr("jane"))) == [
        (
            "status.certificate",
            'Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"',
        )
    ]
    headed = good.replace(b"-----\n", b"-----\nA: b\n\n", 1)
    assert status(api, "status", certificate=b64(headed)) == [
        ("status.certificate", 'Invalid value: "<certificate data>": no PEM block headers are permitted')
    ]
    assert status(api, "approval", conditions=[condition("Approved")]) == []
    assert status(api, "status", certificate=b64(b"Of the test authority:\n" + good + good)) == []
    assert status(api, "status", certificate=b64(good)) == [
        ("status.certificate", "Forbidden: updates may not modify existing certificate content")
    ]
