"""Who am I, and whose token is this: SelfSubjectReview and TokenReview.

Models: kubernetes, pkg/registry/authentication.
"""

from __future__ import annotations

from clusters.apiserver.authn.service_account import BadToken
from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Response
from clusters.apiserver.reviews.common import read_review, review_answer
from clusters.kernel.clock import rfc3339
from clusters.machinery.errors import BadRequest
from clusters.machinery.types import Obj, UserInfo

UNKNOWN = "invalid bearer token"


def user_info(user: UserInfo) -> Obj:
    """`authentication.k8s.io/v1 UserInfo`."""
    out: Obj = {"username": user.name}
    if user.uid:
        out["uid"] = user.uid
    if user.groups:
        out["groups"] = list(user.groups)
    if user.extra:
        out["extra"] = user.extra
    return out


def self_review(call: Call, endpoint: Endpoint) -> Response:
    """SelfSubjectReview."""
    obj = read_review(call, endpoint)
    obj["metadata"]["creationTimestamp"] = rfc3339(call.server.cluster.clock.now())
    obj["status"] = {"userInfo": user_info(call.user)}
    return review_answer(call, endpoint, obj)


def token_review(call: Call, endpoint: Endpoint) -> Response:
    """TokenReview."""
    obj = read_review(call, endpoint)
    spec = obj.setdefault("spec", {})
    token = spec.get("token", "")
    if not token:
        raise BadRequest("token is required for TokenReview in authentication")
    server = call.server
    wanted = tuple(spec.get("audiences") or server.cluster.settings.audiences)
    status: Obj = {"user": {}}
    try:
        holder = server.authenticator.review(token, wanted)
    except BadToken as why:
        status["error"] = f"[{UNKNOWN}, {why}]"
    else:
        if holder is None:
            status["error"] = UNKNOWN
        else:
            status = {"authenticated": True, "user": user_info(holder.user), "audiences": list(holder.audiences)}
    obj["status"] = status
    return review_answer(call, endpoint, obj)
