"""What well-known images do through the API."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from cryptography import x509

from tests.support.cluster import Cluster

HOST = "hook.$(POD_NAMESPACE).svc"


def _job(name: str, *args: str) -> dict[str, Any]:
    container = {"name": "c", "image": "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.6.3", "args": list(args)}
    template = {"spec": {"restartPolicy": "OnFailure", "containers": [container]}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {"template": template}}


def test_certificate_of_a_webhook_is_made_and_told() -> None:
    cluster = Cluster(workers=1)
    hook = {
        "name": "check.example.com",
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "clientConfig": {"service": {"name": "hook", "namespace": "default"}},
    }
    meta = {"name": "checks"}
    kind = "ValidatingWebhookConfiguration"
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": kind,
        "metadata": meta,
        "webhooks": [hook],
    }
    cluster.create("validatingwebhookconfigurations.admissionregistration.k8s.io", configuration)
    waiting = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "controller"},
        "spec": {
            "containers": [{"name": "c", "image": "nginx"}],
            "volumes": [{"name": "cert", "secret": {"secretName": "hook-cert"}}],
        },
    }
    cluster.create("pods", waiting)
    cluster.run_until_idle()
    assert cluster.get("pods", "default", "controller")["status"]["phase"] == "Pending"
    cluster.create("jobs.batch", _job("create", "create", f"--host={HOST}", "--secret-name=hook-cert"))
    cluster.run_until_idle()
    data = cluster.get("secrets", "default", "hook-cert")["data"]
    certificate = x509.load_pem_x509_certificate(b64decode(data["cert"]))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["hook.default.svc"]
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(b64decode(data["ca"])))
    assert cluster.get("pods", "default", "controller")["status"]["phase"] == "Running"
    cluster.create("jobs.batch", _job("patch", "patch", "--webhook-name=checks", "--secret-name=hook-cert"))
    cluster.run_until_idle()
    found = cluster.get("validatingwebhookconfigurations.admissionregistration.k8s.io", "", "checks")
    assert found["webhooks"][0]["clientConfig"]["caBundle"] == data["ca"]
    assert all(j["status"]["succeeded"] == 1 for j in cluster.list("jobs.batch"))
