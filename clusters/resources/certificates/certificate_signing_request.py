"""CertificateSigningRequest: asks a signer for a certificate; approved, then signed, each through a subresource.

Models: kubernetes, registry/certificates/certificates and certificates validation.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence

from cryptography import x509

from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery.certificates import CERTIFICATE_BLOCK, MALFORMED, SigningRequest, pem_blocks
from clusters.machinery.field import ErrorList, Path, duplicate, forbidden, go_quote, invalid, not_supported, required
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Subresource, Version
from clusters.resources.common.ages import human_duration
from clusters.resources.common.cells import at, field, selected
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.signers import signer_name_errors
from clusters.resources.core.config_map import decoded

MIN_SECONDS = 600
LEGACY = "kubernetes.io/legacy-unknown"
APPROVAL = ("Approved", "Denied")
DECIDED = (*APPROVAL, "Failed")
USAGES = frozenset(
    {
        "signing",
        "digital signature",
        "content commitment",
        "key encipherment",
        "key agreement",
        "data encipherment",
        "cert sign",
        "crl sign",
        "encipher only",
        "decipher only",
        "any",
        "server auth",
        "client auth",
        "code signing",
        "email protection",
        "s/mime",
        "ipsec end system",
        "ipsec tunnel",
        "ipsec user",
        "timestamping",
        "ocsp signing",
        "microsoft sgc",
        "netscape sgc",
    }
)
_SPEC = Path("spec")
_CONDITIONS = Path("status").child("conditions")
_CERTIFICATE = Path("status").child("certificate")
_STATUSES = ("True", "False", "Unknown")


class CertificateSigningRequestStrategy(Strategy):
    status_subresources = ("status", "approval")

    def validate_name(self, name: str, *, prefix: bool) -> list[str]:
        return []

    def default(self, obj: Obj) -> None:
        obj.setdefault("spec", {})
        obj.setdefault("status", {})

    def prepare_create(self, obj: Obj, ctx: Context) -> None:
        """Who asks is not theirs to say."""
        user, spec = ctx.user, obj["spec"]
        for name in ("username", "uid", "groups", "extra"):
            spec.pop(name, None)
        spec["username"] = user.name
        if user.uid:
            spec["uid"] = user.uid
        if user.groups:
            spec["groups"] = list(user.groups)
        if user.extra:
            spec["extra"] = {key: list(values) for key, values in user.extra.items()}
        obj["status"] = {}

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        return _errors(obj)

    def prepare_update(self, new: Obj, old: Obj, ctx: Context) -> None:
        new["spec"] = old["spec"]

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        return _errors(new, old) + _change_errors(new, old, approving=False, signing=False)

    def prepare_status(self, new: Obj, old: Obj, ctx: Context) -> None:
        status, before = dict(new.get("status") or {}), old.get("status") or {}
        if ctx.subresource == "approval":
            status.pop("certificate", None)
            if before.get("certificate"):
                status["certificate"] = before["certificate"]
        if status.get("conditions") is not None:
            status["conditions"] = _dated(status["conditions"], before.get("conditions") or (), ctx.now)
        new["status"] = status

    def validate_status(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        approving = ctx.subresource == "approval"
        return _errors(new, old) + _change_errors(new, old, approving=approving, signing=not approving)


def _dated(conditions: Sequence[Obj], before: Sequence[Obj], now: int) -> list[Obj]:
    """Times of conditions that are new or changed."""
    known = {c.get("type"): c for c in before}
    out = []
    for condition in conditions:
        earlier = known.get(condition.get("type"))
        dated = dict(condition)
        if dated.get("lastUpdateTime") is None:
            dated["lastUpdateTime"] = rfc3339(now)
        if dated.get("lastTransitionTime") is None:
            same = earlier is not None and earlier.get("status") == condition.get("status")
            then = earlier.get("lastTransitionTime") if same and earlier is not None else None
            dated["lastTransitionTime"] = then or rfc3339(now)
        out.append(dated)
    return out


def _errors(obj: Obj, old: Obj | None = None) -> ErrorList:
    spec, status = obj["spec"], obj.get("status") or {}
    errors: ErrorList = []
    problem = _request_problem(spec.get("request") or "")
    if problem:
        errors.append(invalid(_SPEC.child("request"), spec.get("request"), problem))
    errors += _usage_errors(spec.get("usages") or ())
    signer, path = spec.get("signerName", ""), _SPEC.child("signerName")
    if signer == LEGACY and (old is None or old["spec"].get("signerName") != LEGACY):
        errors.append(invalid(path, signer, "the legacy signerName is not allowed via this API version"))
    else:
        errors += signer_name_errors(signer, path)
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < MIN_SECONDS:
        why = "may not specify a duration less than 600 seconds (10 minutes)"
        errors.append(invalid(_SPEC.child("expirationSeconds"), seconds, why))
    errors += _condition_errors(status.get("conditions") or ())
    held = ((old or {}).get("status") or {}).get("certificate") or ""
    certificate = status.get("certificate") or ""
    if certificate != held and not _certificate_problem(held):
        problem = _certificate_problem(certificate)
        if problem:
            errors.append(invalid(_CERTIFICATE, "<certificate data>", problem))
    return errors


def _request_problem(request: str) -> str:
    """What is wrong with a request, for every later step relies on it; in Go's words where they are known."""
    try:
        parsed = SigningRequest.parse(_decoded(request))
    except ValueError as error:
        return str(error)
    return parsed.signature_problem()


def _certificate_problem(certificate: str) -> str:
    """What is wrong with what a signer wrote."""
    data = _decoded(certificate)
    if not data:
        return ""
    blocks = list(pem_blocks(data))
    for block in blocks:
        if block.kind != CERTIFICATE_BLOCK:
            return f"only CERTIFICATE PEM blocks are allowed, found {go_quote(block.kind)}"
        if block.headers:
            return "no PEM block headers are permitted"
        try:
            x509.load_der_x509_certificate(block.data)
        except MALFORMED as error:
            return f"x509: malformed certificate: {error}"
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def _decoded(text: str) -> bytes:
    try:
        return decoded(text)
    except (ValueError, binascii.Error):
        return b""


def _usage_errors(usages: Sequence[str]) -> ErrorList:
    path = _SPEC.child("usages")
    if not usages:
        return [required(path)]
    errors: ErrorList = [
        not_supported(path.index(i), usage, USAGES) for i, usage in enumerate(usages) if usage not in USAGES
    ]
    return errors + [duplicate(path.index(i), u) for i, u in enumerate(usages) if u in usages[:i]]


def _condition_errors(conditions: Sequence[Obj]) -> ErrorList:
    errors: ErrorList = []
    seen: set[str] = set()
    for i, condition in enumerate(conditions):
        path, kind, status = _CONDITIONS.index(i), condition.get("type", ""), condition.get("status", "")
        if not kind:
            errors.append(required(path.child("type")))
        allowed = ("True",) if kind in DECIDED else _STATUSES
        if not status:
            errors.append(required(path.child("status")))
        elif status not in allowed:
            errors.append(not_supported(path.child("status"), status, allowed))
        other = {"Approved": "Denied", "Denied": "Approved"}.get(kind)
        if other in seen:
            why = "Approved and Denied conditions are mutually exclusive"
            errors.append(invalid(path.child("type"), kind, why))
        if kind in seen:
            errors.append(duplicate(path.child("type"), kind))
        seen.add(kind)
    return errors


def _change_errors(new: Obj, old: Obj, *, approving: bool, signing: bool) -> ErrorList:
    errors: ErrorList = []
    after, before = new.get("status") or {}, old.get("status") or {}
    now, then = _by_type(after), _by_type(before)
    for kind in DECIDED:
        if len(now[kind]) < len(then[kind]):
            errors.append(forbidden(_CONDITIONS, f'updates may not remove a condition of type "{kind}"'))
    for kind in () if approving else APPROVAL:
        if len(now[kind]) > len(then[kind]):
            errors.append(forbidden(_CONDITIONS, f'updates may not add a condition of type "{kind}"'))
        elif len(now[kind]) == len(then[kind]) and now[kind] != then[kind]:
            errors.append(forbidden(_CONDITIONS, f'updates may not modify a condition of type "{kind}"'))
    if (after.get("certificate") or "") != (before.get("certificate") or ""):
        if not signing:
            errors.append(forbidden(_CERTIFICATE, "updates may not set certificate content"))
        elif before.get("certificate"):
            errors.append(forbidden(_CERTIFICATE, "updates may not modify existing certificate content"))
    return errors


def _by_type(status: Obj) -> dict[str, list[Obj]]:
    out: dict[str, list[Obj]] = {kind: [] for kind in DECIDED}
    for condition in status.get("conditions") or ():
        if condition.get("type") in out:
            out[condition["type"]].append(condition)
    return out


def _condition(obj: Obj, now: int) -> str:
    kinds = {c.get("type") for c in at(obj, "status", "conditions") or ()}
    words = ["Denied" if "Denied" in kinds else "Approved" if "Approved" in kinds else "Pending"]
    if "Failed" in kinds:
        words.append("Failed")
    if at(obj, "status", "certificate"):
        words.append("Issued")
    return ",".join(words)


def _duration(obj: Obj, now: int) -> str:
    seconds = at(obj, "spec", "expirationSeconds")
    return NONE if seconds is None else human_duration(seconds * SECOND)


RESOURCE = Resource(
    group="certificates.k8s.io",
    name="certificatesigningrequests",
    kind="CertificateSigningRequest",
    singular="certificatesigningrequest",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.certificates.v1.CertificateSigningRequest"),),
    short_names=("csr",),
    subresources=(Subresource(name="approval"), Subresource(name="status")),
    strategy=CertificateSigningRequestStrategy(),
    columns=(
        NAME,
        AGE,
        Column(
            name="SignerName",
            description="signerName indicates the requested signer, and is a qualified name.",
            value=field("spec", "signerName", default=NONE),
        ),
        Column(
            name="Requestor",
            description='request contains an x509 certificate signing request encoded in a "CERTIFICATE REQUEST" PEM'
            " block.",
            value=field("spec", "username"),
        ),
        Column(
            name="RequestedDuration",
            description="expirationSeconds is the requested duration of validity of the issued certificate.",
            value=_duration,
        ),
        Column(
            name="Condition",
            description="conditions applied to the request. Known conditions are Approved, Denied, and Failed.",
            value=_condition,
        ),
    ),
    fields={"spec.signerName": selected("spec", "signerName")},
)
