"""`token` of a ServiceAccount: a signed, bound, expiring token (TokenRequest).

Models: kubernetes, pkg/registry/core/serviceaccount/storage/token.go.
"""

from __future__ import annotations

from clusters.apiserver import render
from clusters.apiserver.call import Call
from clusters.apiserver.decoding import read_object
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Response
from clusters.apiserver.negotiate import choose
from clusters.apiserver.params import WriteParams
from clusters.apiserver.routing import check_route
from clusters.kernel.clock import SECOND, rfc3339
from clusters.machinery import schema
from clusters.machinery.errors import BadRequest, Conflict, Invalid
from clusters.machinery.field import ErrorList, Path, invalid
from clusters.machinery.types import Obj
from clusters.registry import requests
from clusters.registry.registry import WriteOptions

GROUP, KIND = "authentication.k8s.io", "TokenRequest"
DEFAULT_SECONDS = 3600
MIN_SECONDS = 600
MAX_SECONDS = 1 << 32


def create_token(call: Call, endpoint: Endpoint) -> Response:
    """POST to `serviceaccounts/NAME/token`."""
    check_route(call, endpoint)
    form = choose(call.accept, tables=False)
    info, server = call.info, call.server
    params = WriteParams.parse(call.query, "CreateOptions") if call.request.query else WriteParams()
    request = read_object(
        call,
        endpoint,
        validation=params.validation,
        type_=schema.definitions().type("io.k8s.api.authentication.v1.TokenRequest"),
        api_version=f"{GROUP}/v1",
        kind=KIND,
    )
    registry = server.cluster.registry
    opts = WriteOptions(
        user=call.user,
        manager=params.manager or call.manager,
        dry_run=params.dry_run,
        warnings=call.warnings,
        annotations=call.annotations,
        options=params.raw,
    )
    meta, spec = request["metadata"], request.setdefault("spec", {})
    key = (info.namespace, info.name)
    attrs = requests.admit(registry, endpoint.resource, "token", key, request, opts, kind=requests.TOKEN_REQUEST)
    for field, wanted, what in (("name", info.name, "name"), ("namespace", info.namespace, "namespace")):
        sent = meta.get(field)
        if sent and sent != wanted:
            error = invalid(Path("metadata").child(field), sent, f"must match the service account {what} if specified")
            raise Invalid.of(GROUP, KIND, info.name, [error])
    account = registry.get(endpoint.resource, info.namespace, info.name).wire
    audiences = tuple(spec.get("audiences") or server.cluster.settings.audiences)
    spec["audiences"] = list(audiences)
    meta.update(name=info.name, namespace=info.namespace)
    seconds = spec.get("expirationSeconds")
    seconds = DEFAULT_SECONDS if seconds is None else seconds
    if errors := _errors(seconds):
        raise Invalid.of(GROUP, KIND, "", errors)
    requests.validate(registry, attrs, opts)
    kind, target = _bound(call, account, spec.get("boundObjectRef"))
    now = server.cluster.clock.now()
    token = server.authenticator.service_accounts.issue(
        account, audiences=audiences, seconds=seconds, serial=server.requests, kind=kind, target=target
    )
    out: Obj = {
        "kind": KIND,
        "apiVersion": f"{GROUP}/v1",
        "metadata": {
            "name": info.name,
            "namespace": info.namespace,
            "creationTimestamp": rfc3339(now),
        },
        "spec": {
            "audiences": list(audiences),
            "expirationSeconds": seconds,
            "boundObjectRef": spec.get("boundObjectRef"),
        },
        "status": {"token": token, "expirationTimestamp": rfc3339(now + seconds * SECOND)},
    }
    return render.answer(call, out, form, 201)


def _errors(seconds: int) -> ErrorList:
    at = Path("spec").child("expirationSeconds")
    if seconds < MIN_SECONDS:
        return [invalid(at, seconds, "may not specify a duration less than 10 minutes")]
    if seconds > MAX_SECONDS:
        return [invalid(at, seconds, "may not specify a duration larger than 2^32 seconds")]
    return []


def _bound(call: Call, account: Obj, ref: Obj | None) -> tuple[str, Obj | None]:
    """What the token is bound to, as ("pod"|"secret"|"node", object). Raises BadRequest, NotFound, Conflict."""
    if not ref:
        return "", None
    registry = call.server.cluster.registry
    namespace = call.info.namespace
    group, _, version = str(ref.get("apiVersion", "")).rpartition("/")
    kind, name = ref.get("kind", ""), ref.get("name", "")
    if group or kind not in ("Pod", "Secret", "Node"):
        raise BadRequest(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    resource = registry.resources[{"Pod": "pods", "Secret": "secrets", "Node": "nodes"}[kind]]
    target = registry.get(resource, "" if kind == "Node" else namespace, name).wire
    if kind == "Pod":
        own = account["metadata"]["name"]
        if target["spec"].get("serviceAccountName") != own:
            raise BadRequest(
                f'cannot bind token for serviceaccount "{own}" to pod running with different serviceaccount name.'
            )
    if ref.get("uid") and ref["uid"] != target["metadata"]["uid"]:
        why = (
            f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise Conflict.of("", kind, name, why)
    return kind.lower(), target
