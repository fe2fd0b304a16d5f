"""get and list: from stored bytes where the client wants plain JSON of the stored version.

Models: apiserver, pkg/endpoints/handlers/get.go and pkg/storage (resource versions, continue tokens).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clusters.apiserver import render, table
from clusters.apiserver.call import Call
from clusters.apiserver.continuation import Continuation, next_token, too_old
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import JSON, Response
from clusters.apiserver.negotiate import Form, choose
from clusters.apiserver.params import ListOptions
from clusters.apiserver.revisions import at_least, exact_revision, parse_revision
from clusters.apiserver.selection import check_fields, selection
from clusters.machinery.errors import Gone, NotAcceptable
from clusters.machinery.types import Obj
from clusters.registry.item import Item
from clusters.registry.registry import Listing


def get(call: Call, endpoint: Endpoint) -> Response:
    """One object."""
    info = call.info
    form = choose(call.accept)
    rev = call.query.get("resourceVersion") if call.request.query else ""
    registry = call.server.cluster.registry
    if rev and rev != "0":
        at_least(call, parse_revision(rev))
    item = registry.get(endpoint.resource, info.namespace, info.name)
    return object_response(call, endpoint, item, form)


def object_response(call: Call, endpoint: Endpoint, item: Item, form: Form, status: int = 200) -> Response:
    """A stored object in the form asked for."""
    if form.plain and endpoint.bytes_pass and not call.pretty and item.rev:
        headers = render.warning_headers(call.warnings)
        return Response(status, item.wire_bytes() + b"\n", JSON, headers)
    wire = item.wire
    if not item.rev:
        # A dry run stored nothing, so there is no version to name.
        wire = item.obj
    obj = endpoint.outgoing(wire, call.context() if endpoint.live else None)
    return shaped_response(call, endpoint, obj, form, status)


def shaped_response(call: Call, endpoint: Endpoint, obj: Obj, form: Form, status: int = 200) -> Response:
    """An object in the served version, as itself, a Table or its metadata."""
    if form.kind == "Table":
        include = table.include_object(call.query.get("includeObject"))
        meta = _table_meta(obj)
        now = call.server.cluster.clock.now()
        obj = table.table(endpoint, [obj], meta, include=include, now=now, version=form.version)
    elif form.kind == "PartialObjectMetadata":
        obj = table.partial(obj, form.version)
    elif form.kind:
        raise wrong_form(endpoint, form, of_list=False)
    return render.answer(call, obj, form, status)


def wrong_form(endpoint: Endpoint, form: Form, *, of_list: bool) -> NotAcceptable:
    """406: metadata of a list was asked of an object, or the other way round."""
    package = endpoint.group.partition(".")[0] or "core"
    go = f"*{package}.{endpoint.list_kind if of_list else endpoint.kind}"
    if endpoint.custom:
        go = "*unstructured.UnstructuredList" if of_list else "*unstructured.Unstructured"
    what = "a list" if of_list else "not a list"
    return NotAcceptable(f"you requested {form.kind}, but the requested object is {what} ({go})")


def _table_meta(obj: Obj) -> dict[str, Any]:
    rev = obj["metadata"].get("resourceVersion")
    return {"resourceVersion": rev} if rev else {}


def list_(call: Call, endpoint: Endpoint) -> Response:
    """A collection, or a page of it."""
    form = choose(call.accept)
    opts = ListOptions.parse(call.query)
    check_fields(endpoint, opts.fields)
    listing, continued = find(call, endpoint, opts)
    meta = list_meta(endpoint, call.info.namespace, listing, continued, selective=_selective(opts))
    return items_response(call, endpoint, listing.items, meta, form)


def _selective(opts: ListOptions) -> bool:
    return bool((opts.labels and not opts.labels.empty) or (opts.fields and not opts.fields.empty))


def find(call: Call, endpoint: Endpoint, opts: ListOptions) -> tuple[Listing, Continuation | None]:
    """The items that the options select, at the revision that they ask for."""
    resource, namespace = endpoint.resource, call.info.namespace
    registry = call.server.cluster.registry
    predicate: Callable[[Item], bool] | None = selection(call, endpoint, opts.labels, opts.fields)
    rev: int | None = None
    after = ""
    continued: Continuation | None = None
    if opts.continue_:
        continued = Continuation.parse(opts.continue_, opts.rev)
        rev = continued.rev if continued.rev > 0 else None
        if rev is not None:
            at_least(call, rev)
        after = resource.prefix + (f"{namespace}/" if namespace and resource.namespaced else "")
        after += continued.start
    elif opts.rev:
        rev = exact_revision(call, opts)
    try:
        listing = registry.list(
            resource,
            namespace if resource.namespaced else "",
            rev=rev,
            after=after,
            limit=_page_size(call, endpoint, opts),
            predicate=predicate,
        )
    except Gone:
        if continued is None:
            raise
        raise too_old(continued.start) from None
    return listing, continued


def _page_size(call: Call, endpoint: Endpoint, opts: ListOptions) -> int:
    """0: all at once. What one key holds, or the cache is asked for as it is, does not come in pages."""
    if opts.rev == "0":
        return 0
    if opts.fields is not None and opts.fields.exact("metadata.name") is not None:
        if call.info.namespace or not endpoint.namespaced:
            return 0
    return max(0, opts.limit)


def list_meta(
    endpoint: Endpoint, namespace: str, listing: Listing, continued: Continuation | None, *, selective: bool
) -> dict[str, Any]:
    """ListMeta: the revision, and where to go on."""
    meta: dict[str, Any] = {"resourceVersion": str(listing.rev)}
    if endpoint.custom:
        meta["continue"] = ""  # such lists are written as they are held, empty fields included
    if listing.next_key:
        prefix = endpoint.resource.prefix
        if namespace and endpoint.namespaced:
            prefix += f"{namespace}/"
        meta["continue"] = next_token(listing.rev, listing.next_key[len(prefix) :])
        if not selective and listing.remaining is not None:
            meta["remainingItemCount"] = listing.remaining
    return meta


def items_response(
    call: Call, endpoint: Endpoint, items: list[Item], meta: dict[str, Any], form: Form, status: int = 200
) -> Response:
    """A list of stored objects in the form asked for."""
    if form.plain and endpoint.bytes_pass and not call.pretty:
        import orjson

        head = orjson.dumps({"kind": endpoint.list_kind, "apiVersion": endpoint.api_version, "metadata": meta})
        body = b'%b,"items":[%b]}\n' % (head[:-1], b",".join([endpoint.item_bytes(i) for i in items]))
        return Response(status, body, JSON, render.warning_headers(call.warnings))
    ctx = call.context() if endpoint.live else None
    objects = [endpoint.outgoing(item.wire if item.rev else item.obj, ctx) for item in items]
    return objects_response(call, endpoint, objects, meta, form, status)


def objects_response(
    call: Call, endpoint: Endpoint, objects: list[Obj], meta: dict[str, Any], form: Form, status: int = 200
) -> Response:
    """A list of objects in the served version, in the form asked for."""
    if form.kind == "Table":
        include = table.include_object(call.query.get("includeObject"))
        now = call.server.cluster.clock.now()
        out: Obj = table.table(endpoint, objects, meta, include=include, now=now, version=form.version)
    elif form.kind == "PartialObjectMetadataList":
        out = {
            "kind": form.kind,
            "apiVersion": f"meta.k8s.io/{form.version}",
            "metadata": meta,
            "items": [table.partial(o, form.version) for o in objects],
        }
    elif form.kind:
        raise wrong_form(endpoint, form, of_list=True)
    else:
        if not endpoint.custom:
            objects = [{k: v for k, v in o.items() if k not in ("apiVersion", "kind")} for o in objects]
        out = {
            "kind": endpoint.list_kind,
            "apiVersion": endpoint.api_version,
            "metadata": meta,
            "items": objects,
        }
    return render.answer(call, out, form, status)
