"""Kinds of authentication.k8s.io: questions that the API server answers at once; nothing is stored."""

from clusters.resources.base import Resource, Strategy, Version

_V1 = "io.k8s.api.authentication.v1."

TOKEN_REVIEW = Resource(
    group="authentication.k8s.io",
    name="tokenreviews",
    kind="TokenReview",
    singular="tokenreview",
    namespaced=False,
    versions=(Version(name="v1", schema=f"{_V1}TokenReview"),),
    verbs=("create",),
    strategy=Strategy(),
)

SELF_SUBJECT_REVIEW = Resource(
    group="authentication.k8s.io",
    name="selfsubjectreviews",
    kind="SelfSubjectReview",
    singular="selfsubjectreview",
    namespaced=False,
    versions=(Version(name="v1", schema=f"{_V1}SelfSubjectReview"),),
    verbs=("create",),
    strategy=Strategy(),
)

RESOURCES = (SELF_SUBJECT_REVIEW, TOKEN_REVIEW)
