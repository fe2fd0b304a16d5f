"""Requests on an object that bring one of another kind: a Binding, an Eviction, a Scale, a TokenRequest, the options
of exec.

Admission sees what was brought, under the name of the object it is about; what then becomes of that object is not
its business any more. Models: apiserver, pkg/endpoints/handlers/{create,rest}.go (named creates, connects).
"""

from __future__ import annotations

from clusters.machinery.types import Obj
from clusters.registry.attributes import Attributes
from clusters.registry.registry import Registry, WriteOptions
from clusters.resources.base import Resource

POD_BINDING = ("", "v1", "Binding")
EVICTION = ("policy", "v1", "Eviction")
SCALE = ("autoscaling", "v1", "Scale")
TOKEN_REQUEST = ("authentication.k8s.io", "v1", "TokenRequest")


def admit(
    registry: Registry,
    resource: Resource,
    subresource: str,
    key: tuple[str, str],
    obj: Obj,
    opts: WriteOptions,
    *,
    kind: tuple[str, str, str],
    operation: str = "CREATE",
    old: Obj | None = None,
) -> Attributes:
    """Let the plugins that may change a request look at it. `key`: namespace and name of the object it is about."""
    ctx = registry.context(resource, *key, subresource, opts)
    attrs = registry.attributes(operation, resource, ctx, obj, old, opts)
    attrs.kind = kind
    registry.admission.admit(attrs)
    return attrs


def validate(registry: Registry, attrs: Attributes, opts: WriteOptions) -> None:
    """Let the plugins that may only refuse it look at it."""
    registry.admission.validate(attrs)
    opts.warnings[:] = [*opts.warnings, *(w for w in attrs.ctx.warnings if w not in opts.warnings)]
