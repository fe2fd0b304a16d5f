"""Kinds of authorization.k8s.io: questions that the API server answers at once; nothing is stored."""

from clusters.resources.base import Resource, Strategy, Version


def _review(name: str, kind: str, *, namespaced: bool = False) -> Resource:
    return Resource(
        group="authorization.k8s.io",
        name=name,
        kind=kind,
        singular=kind.lower(),
        namespaced=namespaced,
        versions=(Version(name="v1", schema=f"io.k8s.api.authorization.v1.{kind}"),),
        verbs=("create",),
        strategy=Strategy(),
    )


RESOURCES = (
    _review("localsubjectaccessreviews", "LocalSubjectAccessReview", namespaced=True),
    _review("selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    _review("selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    _review("subjectaccessreviews", "SubjectAccessReview"),
)
