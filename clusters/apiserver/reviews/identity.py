"""Who am I, and whose token is this: SelfSubjectReview and TokenReview.

Models: kubernetes, pkg/registry/authentication.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Response
from clusters.apiserver.reviews.common import read_review, review_answer
from clusters.kernel.clock import rfc3339
from clusters.machinery.errors import BadRequest
from clusters.machinery.types import Obj, UserInfo


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
    own = server.cluster.settings.audiences
    wanted = tuple(spec.get("audiences") or own)
    user = server.authenticator.token(token, wanted)
    status: Obj = {"user": {}}
    if user is None:
        status["error"] = "invalid bearer token"
    else:
        status = {"authenticated": True, "user": user_info(user)}
        audiences = server.authenticator.audiences(token, wanted)
        if audiences:
            status["audiences"] = audiences
    obj["status"] = status
    return review_answer(call, endpoint, obj)
