"""watch: from now (with what is there first), or from a revision; the stream itself is `apiserver.watch`.

Models: apiserver, pkg/endpoints/handlers/get.go, watch.go and storage/cacher (Cacher.Watch).
"""

from __future__ import annotations

from clusters.apiserver import table
from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import JSON, Response, Stream
from clusters.apiserver.negotiate import choose_stream
from clusters.apiserver.params import ListOptions
from clusters.apiserver.revisions import at_least, parse_revision
from clusters.apiserver.selection import check_fields, selection
from clusters.apiserver.watch.encode import INITIAL_EVENTS_END, Encoder, error_line
from clusters.apiserver.watch.stream import WatchSource
from clusters.machinery.errors import ApiError, BadRequest, Gone, Timeout
from clusters.registry.cache import Change
from clusters.storage.store import Compacted

MIN_TIMEOUT = 1800


def watch(call: Call, endpoint: Endpoint) -> Stream | Response:
    """A stream of events."""
    server, info = call.server, call.info
    cluster = server.cluster
    form = choose_stream(call.accept)
    opts = ListOptions.parse(call.query, watch=True)
    _check_name(call, opts)
    check_fields(endpoint, opts.fields)
    include = "Metadata"
    if form.kind == "Table":
        include = table.include_object(call.query.get("includeObject"))
    rev = parse_revision(opts.rev)
    encoder = Encoder(endpoint, form, include=include, now=cluster.clock.now, context=call.context)
    prefix = endpoint.resource.prefix
    scope = prefix + (f"{info.namespace}/" if info.namespace and endpoint.namespaced else "")
    cache = cluster.registry.cache
    early = _too_early(call, opts, rev)
    test = selection(call, endpoint, opts.labels, opts.fields)
    with cache.lock:
        state_asked_for = opts.initial_events is True and opts.bookmarks
        begin_with_state = state_asked_for or (opts.initial_events is not False and rev == 0)
        past: list[Change] = []
        failure: ApiError | None = early
        after = cache.rev
        if not begin_with_state and rev and failure is None:
            after = max(rev, cache.rev)
            try:
                past = [c for c in cache.changes_since(rev, prefix) if c.key.startswith(scope)]
            except Compacted as gone:
                failure = Gone(f"too old resource version: {gone.rev} ({gone.compacted})")
        source = WatchSource(
            server.hub,
            encoder,
            prefix=prefix,
            scope=scope,
            test=test,
            after=0,
            settings=cluster.settings,
            bookmarks=opts.bookmarks,
        )
        if failure is not None:
            source.begin_with_line(error_line(failure))
            source.end()
        else:
            source.replay(past)
            source.skip_to(after)
            if begin_with_state:
                items = cache.bucket(prefix).range(scope)
                source.begin_with([i for i in items if test is None or test(i)])
            if opts.initial_events and opts.bookmarks:
                source.begin_with_line(encoder.bookmark(cache.rev, {INITIAL_EVENTS_END: "true"}))
            server.hub.add(source)
    return Stream(source, JSON, timeout=float(opts.timeout or _default_timeout(call)))


def _check_name(call: Call, opts: ListOptions) -> None:
    """The path and the selector may not name different objects. Raises BadRequest."""
    fields = opts.fields
    if call.info.name and fields and not fields.empty and fields.exact("metadata.name") != call.info.name:
        raise BadRequest("fieldSelector metadata.name doesn't match requested name")


def _too_early(call: Call, opts: ListOptions, rev: int) -> Timeout | None:
    """A watch that shall begin with the state at least as of a revision waits for it, and fails as a stream; any other
    waits for its first event however long that takes."""
    try:
        at_least(call, rev if opts.initial_events and opts.bookmarks else 0)
    except Timeout as failure:
        return failure
    return None


def _default_timeout(call: Call) -> int:
    """Between one and two times the minimum, so that clients do not all come back at once."""
    cluster = call.server.cluster
    return MIN_TIMEOUT + cluster.rng.below(MIN_TIMEOUT, "watch", call.info.path, cluster.registry.cache.rev)
