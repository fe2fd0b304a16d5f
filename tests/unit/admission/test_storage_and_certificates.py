"""Claims, classes and signing requests."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clusters.machinery.errors import ApiError
from clusters.machinery.types import Obj, UserInfo
from clusters.runtime.authority import ClientAuthority
from tests.support.admitted import JANE, Admitted, kind

CLIENT = "kubernetes.io/kube-apiserver-client"


def storage_class(name: str, *, default: bool = False, **fields: Any) -> Obj:
    made = kind("storage.k8s.io/v1", "StorageClass", name, provisioner="x.example.com/y", **fields)
    if default:
        made["metadata"]["annotations"] = {"storageclass.kubernetes.io/is-default-class": "true"}
    return made


def claim(name: str = "c", **spec: Any) -> Obj:
    base = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    return kind("v1", "PersistentVolumeClaim", name, spec={**base, **spec})


def request(organization: str = "team", signer: str = CLIENT) -> Obj:
    names = [(NameOID.COMMON_NAME, "jane"), (NameOID.ORGANIZATION_NAME, organization)]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in names])
    signed = x509.CertificateSigningRequestBuilder().subject_name(subject)
    pem = signed.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    encoded = b64encode(pem.public_bytes(serialization.Encoding.PEM)).decode()
    spec = {"request": encoded, "signerName": signer, "usages": ["client auth"]}
    return kind("certificates.k8s.io/v1", "CertificateSigningRequest", "r", spec=spec)


def test_a_claim_takes_the_default_class_unless_it_says_none() -> None:
    cluster = Admitted()
    cluster.create(storage_class("slow"))
    assert "storageClassName" not in cluster.create(claim("a"))["spec"]
    cluster.create(storage_class("fast", default=True))
    assert cluster.create(claim("b"))["spec"]["storageClassName"] == "fast"
    assert cluster.create(claim("d", storageClassName=""))["spec"]["storageClassName"] == ""


def test_volumes_in_use_are_protected() -> None:
    cluster = Admitted()
    assert cluster.create(claim())["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]
    spec = {"capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "hostPath": {"path": "/x"}}
    stored = cluster.create(kind("v1", "PersistentVolume", "v", spec=spec))
    assert stored["metadata"]["finalizers"] == ["kubernetes.io/pv-protection"]


@pytest.mark.parametrize("expandable", [True, False])
def test_only_claims_of_growing_classes_grow(expandable: bool) -> None:
    cluster = Admitted()
    cluster.create(storage_class("s", allowVolumeExpansion=expandable))
    stored = cluster.create(claim(storageClassName="s"))
    bound = cluster.patch(stored, {"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}}, subresource="status")
    larger = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    if expandable:
        assert cluster.patch(bound, larger)["spec"]["resources"]["requests"]["storage"] == "2Gi"
        return
    with pytest.raises(ApiError) as refused:
        cluster.patch(bound, larger)
    assert refused.value.message == (
        'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be resized and the'
        " storageclass that provisions the pvc must support resize"
    )


def test_an_ingress_takes_the_default_class() -> None:
    cluster = Admitted()
    default = kind("networking.k8s.io/v1", "IngressClass", "nginx", spec={"controller": "example.com/nginx"})
    default["metadata"]["annotations"] = {"ingressclass.kubernetes.io/is-default-class": "true"}
    cluster.create(default)
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    stored = cluster.create(kind("networking.k8s.io/v1", "Ingress", "i", spec={"defaultBackend": backend}))
    assert stored["spec"]["ingressClassName"] == "nginx"


def test_nobody_asks_to_be_a_master() -> None:
    cluster = Admitted()
    assert cluster.forbidden(request("system:masters")) == (
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: use of kubernetes.io/kube-apiserver-client'
        " signer with system:masters group is not allowed"
    )
    assert cluster.forbidden(request()) == ""


def approve(cluster: Admitted) -> None:
    approved = {"type": "Approved", "status": "True", "reason": "Test"}
    stored = cluster.get("certificatesigningrequests.certificates.k8s.io", "r")
    cluster.patch(stored, {"status": {"conditions": [approved]}}, subresource="approval")


def test_approving_takes_a_right_on_the_signer() -> None:
    cluster = Admitted()
    cluster.create(request())
    rule = {"apiGroups": ["certificates.k8s.io"], "resources": ["signers"], "resourceNames": ["kubernetes.io/*"]}
    rbac = "rbac.authorization.k8s.io"
    cluster.create(kind(f"{rbac}/v1", "ClusterRole", "approver", rules=[{**rule, "verbs": ["approve"]}]))
    reference = {"apiGroup": rbac, "kind": "ClusterRole", "name": "approver"}
    subjects = [
        {"kind": "Group", "apiGroup": rbac, "name": "approvers"},
        {"kind": "ServiceAccount", "namespace": "kube-system", "name": "approver"},
    ]
    cluster.create(kind(f"{rbac}/v1", "ClusterRoleBinding", "b", roleRef=reference, subjects=subjects))
    cluster.user = JANE
    with pytest.raises(ApiError) as refused:
        approve(cluster)
    assert refused.value.message == (
        'certificatesigningrequests.certificates.k8s.io "r" is forbidden: user not permitted to approve requests with'
        f' signerName "{CLIENT}"'
    )
    cluster.user = UserInfo("system:serviceaccount:kube-system:approver", ("system:authenticated",))
    approve(cluster)
    cluster.user = UserInfo("joe", ("approvers", "system:authenticated"))
    stored = cluster.get("certificatesigningrequests.certificates.k8s.io", "r")
    pem = ClientAuthority("any", "1/1").pem
    with pytest.raises(ApiError, match="user not permitted to sign requests"):
        cluster.patch(stored, {"status": {"certificate": b64encode(pem.encode()).decode()}}, subresource="status")
