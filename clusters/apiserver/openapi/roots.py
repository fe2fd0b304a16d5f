"""Paths that belong to no group version: discovery's upper levels, the version, OpenID.

In v3 each has a document of its own; v2 has them among the others.
Models: kube-openapi builder3; apiserver, pkg/server/routes; kubernetes, pkg/routes/openidmetadata.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from clusters.apiserver.openapi.operations import BUILTIN_MEDIA, lower_stem, stem_of
from clusters.apiserver.openapi.schemas import META

_JSON = ("application/json",)


@dataclass(frozen=True, slots=True)
class Root:
    """One path with a GET. `answer` is a definition, or "" for a string."""

    document: str
    path: str
    id: str
    description: str
    tag: str
    answer: str = ""
    media: tuple[str, ...] = BUILTIN_MEDIA


_FIXED = (
    Root(
        ".well-known/openid-configuration",
        "/.well-known/openid-configuration/",
        "getServiceAccountIssuerOpenIDConfiguration",
        "get service account issuer OpenID configuration, also known as the 'OIDC discovery doc'",
        "WellKnown",
        media=_JSON,
    ),
    Root("api", "/api/", "getCoreAPIVersions", "get available API versions", "core", META + "APIVersions"),
    Root("apis", "/apis/", "getAPIVersions", "get available API versions", "apis", META + "APIGroupList"),
    Root(
        "openid/v1/jwks",
        "/openid/v1/jwks/",
        "getServiceAccountIssuerOpenIDKeyset",
        "get service account issuer OpenID JSON Web Key Set (contains public token verification keys)",
        "openid",
        media=("application/jwk-set+json",),
    ),
    Root(
        "version",
        "/version/",
        "getCodeVersion",
        "get the version information for this server",
        "version",
        "io.k8s.apimachinery.pkg.version.Info",
        _JSON,
    ),
)


def roots(groups: Iterable[str]) -> list[Root]:
    """Of a cluster whose built-in groups are `groups`."""
    return [
        *_FIXED,
        *(
            Root(
                f"apis/{group}",
                f"/apis/{group}/",
                f"get{stem_of(group)}APIGroup",
                "get information of a group",
                lower_stem(group),
                META + "APIGroup",
            )
            for group in groups
            if group
        ),
    ]


def path_item(root: Root, ref: str, *, v3: bool) -> dict[str, Any]:
    """The root's path."""
    answer: dict[str, Any] = {"$ref": ref + root.answer} if root.answer else {"type": "string"}
    out: dict[str, Any] = {"tags": [root.tag], "description": root.description, "operationId": root.id}
    responses: dict[str, Any] = {"401": {"description": "Unauthorized"}}
    if v3:
        responses["200"] = {"description": "OK", "content": {media: {"schema": answer} for media in root.media}}
    else:
        out |= {"consumes": list(root.media), "produces": list(root.media), "schemes": ["https"]}
        responses["200"] = {"description": "OK", "schema": answer}
    return {"get": {**out, "responses": responses}}
