"""IngressClass: who serves Ingresses of this class. Models: kubernetes, registry/networking/ingressclass."""

from __future__ import annotations

import re
from dataclasses import replace

from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported, required, too_long
from clusters.machinery.names import dns1123_label, dns1123_subdomain, regex_error
from clusters.machinery.types import Obj
from clusters.resources.base import Column, Context, Resource, Strategy, Version
from clusters.resources.common.cells import at, field
from clusters.resources.common.columns import AGE, NAME, NONE
from clusters.resources.common.meta import immutable_errors
from clusters.resources.networking.ingress import reference_errors

MAX_CONTROLLER = 250
SCOPES = frozenset({"Cluster", "Namespace"})
_HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
_is_path = re.compile(_HTTP_PATH).fullmatch
_CONTROLLER = Path("spec").child("controller")
_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


def domain_prefixed_path_errors(text: str, path: Path) -> ErrorList:
    """`acme.io/foo`."""
    if not text:
        return [required(path)]
    host, slash, rest = text.partition("/")
    if not slash or not host or not rest:
        return [invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
    errors = [invalid(path, host, why) for why in dns1123_subdomain(host)]
    if not _is_path(rest):
        errors.append(invalid(path, rest, regex_error("Invalid path", _HTTP_PATH)))
    return errors


class IngressClassStrategy(Strategy):
    has_generation = True

    def default(self, obj: Obj) -> None:
        parameters = obj.setdefault("spec", {}).get("parameters")
        if parameters is not None and parameters.get("scope") is None:
            parameters["scope"] = "Cluster"

    def validate_create(self, obj: Obj, ctx: Context) -> ErrorList:
        spec = obj["spec"]
        controller = spec.get("controller", "")
        errors: ErrorList = []
        if len(controller) > MAX_CONTROLLER:
            errors.append(too_long(_CONTROLLER, MAX_CONTROLLER))
        errors += domain_prefixed_path_errors(controller, _CONTROLLER)
        if spec.get("parameters") is not None:
            errors += _parameters_errors(spec["parameters"], Path("spec").child("parameters"))
        return errors

    def validate_update(self, new: Obj, old: Obj, ctx: Context) -> ErrorList:
        errors = immutable_errors(new["spec"].get("controller"), old["spec"].get("controller"), _CONTROLLER)
        return errors + self.validate_create(new, ctx)


def _parameters_errors(parameters: Obj, path: Path) -> ErrorList:
    errors = reference_errors(parameters, path)
    scope, namespace, at_ = parameters.get("scope"), parameters.get("namespace"), path.child("namespace")
    if scope is None:
        return [*errors, required(path.child("scope"))]
    if scope not in SCOPES:
        errors.append(not_supported(path.child("scope"), scope, SCOPES))
    if scope == "Namespace":
        if namespace is None:
            errors.append(required(at_, "`parameters.scope` is set to 'Namespace'"))
        else:
            errors += [invalid(at_, namespace, text) for text in dns1123_label(namespace)]
    if scope == "Cluster" and namespace is not None:
        errors.append(forbidden(at_, "`parameters.scope` is set to 'Cluster'"))
    return errors


def _name(obj: Obj, now: int) -> str:
    default = (obj["metadata"].get("annotations") or {}).get(_DEFAULT) == "true"
    return str(obj["metadata"].get("name", "")) + (" (default)" if default else "")


def _parameters(obj: Obj, now: int) -> str:
    found = at(obj, "spec", "parameters")
    if not found:
        return NONE
    group = f".{found['apiGroup']}" if found.get("apiGroup") is not None else ""
    return f"{found.get('kind', '')}{group}/{found.get('name', '')}"


RESOURCE = Resource(
    group="networking.k8s.io",
    name="ingressclasses",
    kind="IngressClass",
    singular="ingressclass",
    namespaced=False,
    versions=(Version(name="v1", schema="io.k8s.api.networking.v1.IngressClass"),),
    strategy=IngressClassStrategy(),
    columns=(
        replace(NAME, value=_name),
        Column(
            name="Controller",
            description="Controller that is responsible for handling this class",
            value=field("spec", "controller"),
        ),
        Column(
            name="Parameters",
            description="A reference to a resource with additional parameters",
            value=_parameters,
        ),
        AGE,
    ),
)
