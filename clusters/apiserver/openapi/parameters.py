"""Parameters of API requests as OpenAPI describes them: (type, where, description)."""

from __future__ import annotations

PARAMETERS: dict[str, tuple[str, str, str]] = {
    "name": ("string", "path", "name of the object"),
    "namespace": ("string", "path", "object name and auth scope, such as for teams and projects"),
    "pretty": (
        "string",
        "query",
        "If 'true', then the output is pretty printed. Defaults to 'false' unless the user-agent indicates a browser "
        "or command-line HTTP tool (curl and wget).",
    ),
    "allowWatchBookmarks": (
        "boolean",
        "query",
        'allowWatchBookmarks requests watch events with type "BOOKMARK".',
    ),
    "continue": (
        "string",
        "query",
        "The continue option should be set when retrieving more results from the server.",
    ),
    "fieldSelector": (
        "string",
        "query",
        "A selector to restrict the list of returned objects by their fields. Defaults to everything.",
    ),
    "labelSelector": (
        "string",
        "query",
        "A selector to restrict the list of returned objects by their labels. Defaults to everything.",
    ),
    "limit": ("integer", "query", "limit is a maximum number of responses to return for a list call."),
    "resourceVersion": (
        "string",
        "query",
        "resourceVersion sets a constraint on what resource versions a request may be served from.",
    ),
    "resourceVersionMatch": (
        "string",
        "query",
        "resourceVersionMatch determines how resourceVersion is applied to list calls.",
    ),
    "sendInitialEvents": (
        "boolean",
        "query",
        "`sendInitialEvents=true` may be set together with `watch=true`.",
    ),
    "timeoutSeconds": ("integer", "query", "Timeout for the list/watch call."),
    "watch": (
        "boolean",
        "query",
        "Watch for changes to the described resources and return them as a stream of add, update, and remove "
        "notifications. Specify resourceVersion.",
    ),
    "dryRun": (
        "string",
        "query",
        "When present, indicates that modifications should not be persisted. Valid values are: - All: all dry run "
        "stages will be processed",
    ),
    "fieldManager": (
        "string",
        "query",
        "fieldManager is a name associated with the actor or entity that is making these changes.",
    ),
    "fieldValidation": (
        "string",
        "query",
        "fieldValidation instructs the server on how to handle objects in the request (POST/PUT/PATCH) containing "
        "unknown or duplicate fields. Valid values are: Ignore, Warn, Strict.",
    ),
    "force": (
        "boolean",
        "query",
        'Force is going to "force" Apply requests. It means user will re-acquire conflicting fields owned by other '
        "people.",
    ),
    "gracePeriodSeconds": (
        "integer",
        "query",
        "The duration in seconds before the object should be deleted. Value must be non-negative integer.",
    ),
    "ignoreStoreReadErrorWithClusterBreakingPotential": (
        "boolean",
        "query",
        "if set to true, it will trigger an unsafe deletion of the resource in case the normal deletion flow fails "
        "with a corrupt object error.",
    ),
    "orphanDependents": ("boolean", "query", "Deprecated: please use the PropagationPolicy."),
    "propagationPolicy": (
        "string",
        "query",
        "Whether and how garbage collection will be performed: 'Orphan', 'Background' or 'Foreground'.",
    ),
}
