"""What a few well-known images do through the Kubernetes API, without which others would wait for ever.

`kube-webhook-certgen` makes the certificate of an admission webhook, puts it into a Secret (`create`) and the authority
into the webhook's configuration (`patch`): a Job of it comes with every ingress controller. An errand is run for each
look at a running container until it is done, and done twice it changes nothing.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID

from clusters.client.api import ApiClient
from clusters.components.kubelet import images
from clusters.kernel.clock import SECOND
from clusters.kernel.rng import Rng
from clusters.machinery.errors import AlreadyExists, NotFound
from clusters.machinery.types import Obj, UserInfo

_WEBHOOKS = {
    "mutating": "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "validating": "validatingwebhookconfigurations.admissionregistration.k8s.io",
}
_YEARS = timedelta(days=36500)


def run(pod: Obj, client: ApiClient, rng: Rng, now: int) -> None:
    """The errands of the Pod's running containers, as its service account."""
    for container in pod["spec"]["containers"]:
        errand = ERRANDS.get(images.base_name(container.get("image", "")))
        if errand is not None and _runs(pod, container["name"]):
            errand(pod, container, client.as_user(_account(pod)), rng, now)


def _runs(pod: Obj, container: str) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any(each["name"] == container and "running" in each["state"] for each in statuses)


def _account(pod: Obj) -> UserInfo:
    namespace, name = pod["metadata"]["namespace"], pod["spec"].get("serviceAccountName", "default")
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{namespace}", "system:authenticated")
    return UserInfo(name=f"system:serviceaccount:{namespace}:{name}", groups=groups)


def _certgen(pod: Obj, container: Obj, client: ApiClient, rng: Rng, now: int) -> None:
    words = [*(container.get("command") or ()), *(container.get("args") or ())]
    own = pod["metadata"]["namespace"]
    options = dict(str(w)[2:].partition("=")[::2] for w in words if str(w).startswith("--"))
    options = {name: own if value == "$(POD_NAMESPACE)" else value for name, value in options.items()}
    namespace, name = options.get("namespace") or own, options.get("secret-name", "")
    if not name:
        return
    if "create" in words:
        hosts = options.get("host", "").replace("$(POD_NAMESPACE)", own).split(",")
        _make_secret(client, namespace, name, options, _certificates(rng, f"{namespace}/{name}", hosts, now))
    elif "patch" in words:
        _patch_webhook(client, namespace, name, options)


def _make_secret(
    client: ApiClient, namespace: str, name: str, options: dict[str, str], made: tuple[bytes, bytes, bytes]
) -> None:
    keys = (options.get("ca-name", "ca"), options.get("cert-name", "cert"), options.get("key-name", "key"))
    data = {key: b64encode(value).decode() for key, value in zip(keys, made, strict=True)}
    meta = {"name": name, "namespace": namespace}
    secret: Obj = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "type": "Opaque", "data": data}
    try:
        client.create("secrets", namespace, secret)
    except (AlreadyExists, NotFound):
        return


def _patch_webhook(client: ApiClient, namespace: str, name: str, options: dict[str, str]) -> None:
    try:
        bundle = (client.get("secrets", namespace, name).get("data") or {}).get(options.get("ca-name", "ca"))
    except NotFound:
        return
    for kind, resource in _WEBHOOKS.items():
        if options.get(f"patch-{kind}") == "false" or not bundle:
            continue
        try:
            found = client.get(resource, "", options.get("webhook-name", ""))
        except NotFound:
            continue
        hooks = [{**h, "clientConfig": {**h["clientConfig"], "caBundle": bundle}} for h in found.get("webhooks") or ()]
        if hooks != found.get("webhooks"):
            client.patch(resource, "", found["metadata"]["name"], {"webhooks": hooks})


def _certificates(rng: Rng, seed: str, hosts: list[str], now: int) -> tuple[bytes, bytes, bytes]:
    """(authority, certificate, key) in PEM: the same for the same seed and time."""

    def key(what: str) -> ed25519.Ed25519PrivateKey:
        return ed25519.Ed25519PrivateKey.from_private_bytes(rng.bits("certgen", seed, what).to_bytes(16, "big") * 2)

    start = datetime.fromtimestamp(now // SECOND, UTC)
    authority, own = key("ca"), key("cert")
    issuer = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "nil1")])
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "nil2")])

    def build(
        name: x509.Name, public: ed25519.Ed25519PublicKey, number: int, extension: x509.ExtensionType
    ) -> x509.Certificate:
        made = x509.CertificateBuilder(issuer, name, public, number, start, start + _YEARS)
        return made.add_extension(extension, critical=False).sign(authority, None)

    ca = build(issuer, authority.public_key(), 1, x509.BasicConstraints(ca=True, path_length=None))
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts if host.isascii() and host])
    certificate = build(subject, own.public_key(), 2, names)
    pem = serialization.Encoding.PEM
    private = own.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return ca.public_bytes(pem), certificate.public_bytes(pem), private


ERRANDS: dict[str, Callable[[Obj, Obj, ApiClient, Rng, int], None]] = {"kube-webhook-certgen": _certgen}
