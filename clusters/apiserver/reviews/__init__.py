"""Kinds that are only ever created, and never stored: questions and their answers."""

from __future__ import annotations

from collections.abc import Callable

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Answer
from clusters.apiserver.reviews import access, identity
from clusters.apiserver.subresources.binding import create_binding

REVIEWS: dict[str, Callable[[Call, Endpoint], Answer]] = {
    "selfsubjectaccessreviews.authorization.k8s.io": access.self_review,
    "subjectaccessreviews.authorization.k8s.io": access.subject_review,
    "localsubjectaccessreviews.authorization.k8s.io": access.local_review,
    "selfsubjectrulesreviews.authorization.k8s.io": access.rules_review,
    "selfsubjectreviews.authentication.k8s.io": identity.self_review,
    "tokenreviews.authentication.k8s.io": identity.token_review,
    "bindings": create_binding,
}
"""Handlers of POST by qualified resource name."""
