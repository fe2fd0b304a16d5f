"""What OpenAPI calls the verbs: identifiers, descriptions, parameters, media types and codes of operations.

Models: apiserver, pkg/endpoints/installer.go (registerResourceHandlers) and /openapi/openapi.go.
"""

from __future__ import annotations

from clusters.resources.base import Resource, Subresource

CUSTOM_MEDIA = ("application/json", "application/yaml")
BUILTIN_MEDIA = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")
HTTP = {
    "get": "get",
    "list": "get",
    "create": "post",
    "update": "put",
    "patch": "patch",
    "delete": "delete",
    "deletecollection": "delete",
}
WATCHED = (
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "shardSelector",
    "timeoutSeconds",
    "watch",
)
_WRITE = ("dryRun", "fieldManager", "fieldValidation")
_DELETE = (
    "dryRun",
    "gracePeriodSeconds",
    "ignoreStoreReadErrorWithClusterBreakingPotential",
    "orphanDependents",
    "propagationPolicy",
)
OPTIONS: dict[str, tuple[str, ...]] = {
    "get": (),
    "list": WATCHED,
    "create": _WRITE,
    "update": _WRITE,
    "patch": (*_WRITE, "force"),
    "delete": _DELETE,
    "deletecollection": (*_DELETE, *(n for n in WATCHED if n not in ("allowWatchBookmarks", "watch"))),
}
"""Parameters of each verb, besides `pretty`."""
METHODS = {
    "exec": ("get", "post"),
    "attach": ("get", "post"),
    "portforward": ("get", "post"),
    "proxy": ("delete", "get", "head", "options", "patch", "post", "put"),
}
"""Methods by which one connects to a subresource."""
CODES = {
    "create": ("200", "201", "202"),
    "update": ("200", "201"),
    "patch": ("200", "201"),
    "delete": ("200", "202"),
}
CODE_TEXTS = {"200": "OK", "201": "Created", "202": "Accepted"}
_PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
_WORDS = {"update": "replace", "get": "read", "watchlist": "watch", "deletecollection": "delete"}


def patch_media(*, custom: bool) -> tuple[str, ...]:
    """The kinds of patch; kubectl looks here whether it may patch strategically."""
    return tuple(media for media in _PATCHES if not (custom and "strategic" in media))


def _words(group: str) -> list[str]:
    return (group.removesuffix(".k8s.io") or "core").split(".")


def stem_of(group: str, version: str = "") -> str:
    """`RbacAuthorizationV1`."""
    return "".join(word[:1].upper() + word[1:] for word in (*_words(group), version))


def lower_stem(group: str) -> str:
    """`rbacAuthorization`."""
    stem = stem_of(group)
    return stem[:1].lower() + stem[1:]


def operation_id(stem: str, resource: Resource, sub: Subresource | None, verb: str, *, across: bool) -> str:
    """`readCoreV1NamespacedPodStatus`; `across` all namespaces."""
    scope = "Namespaced" if resource.namespaced and not across else ""
    if verb == "deletecollection":
        scope = "Collection" + scope
    tail = sub.name.capitalize() if sub is not None else "List" if verb == "watchlist" else ""
    return f"{_WORDS.get(verb, verb)}{stem}{scope}{resource.kind}{tail}{'ForAllNamespaces' if across else ''}"


def describe(resource: Resource, sub: Subresource | None, verb: str) -> str:
    kind = resource.kind
    what = f"{sub.name} of the specified {kind}" if sub is not None else f"the specified {kind}"
    return {
        "get": f"read {what}",
        "list": f"list or watch objects of kind {kind}",
        "create": f"create {sub.name} of{_article(kind)}{kind}" if sub is not None else f"create{_article(kind)}{kind}",
        "update": f"replace {what}",
        "patch": f"partially update {what}",
        "delete": f"delete{_article(kind)}{kind}",
        "deletecollection": f"delete collection of {kind}",
        "watch": f"watch changes to an object of kind {kind}. deprecated: use the 'watch' parameter with a list "
        "operation instead, filtered to a single item with the 'fieldSelector' parameter.",
        "watchlist": f"watch individual changes to a list of {kind}. deprecated: use the 'watch' parameter with a list "
        "operation instead.",
    }[verb]


def describe_connection(resource: Resource, sub: Subresource, method: str) -> str:
    return f"connect {method.upper()} requests to {sub.name} of {resource.kind}"


def _article(noun: str) -> str:
    """Plurals have none."""
    if noun.endswith("s") and not noun.endswith("ss"):
        return " "
    return " an " if noun[0] in "AEIOU" else " a "
