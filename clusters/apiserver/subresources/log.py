"""`log`: what a container wrote, from its kubelet. Models: kubernetes, pkg/registry/core/pod/rest/log.go."""

from __future__ import annotations

from dataclasses import dataclass

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Query, Response, Stream
from clusters.apiserver.params import parse_bool, parse_int64
from clusters.apiserver.subresources.pods import container_of, get_pod
from clusters.kernel.clock import SECOND, parse_rfc3339, rfc3339_micro
from clusters.machinery.errors import BadRequest, Invalid, ServiceUnavailable
from clusters.machinery.field import ErrorList, Path, forbidden, invalid, not_supported

TEXT = "text/plain"


@dataclass(slots=True)
class LogOptions:
    """`PodLogOptions`."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    limit_bytes: int | None = None
    since_seconds: int | None = None
    since_time: int | None = None
    stream: str = "All"

    @classmethod
    def parse(cls, query: Query, pod: str) -> LogOptions:
        """Raises BadRequest, Invalid."""

        def number(name: str) -> int | None:
            text = query.get(name)
            return parse_int64(text) if text else None

        def flag(name: str) -> bool:
            return name in query and parse_bool(query.get(name))

        since = query.get("sinceTime")
        try:
            since_time = parse_rfc3339(since) if since else None
        except ValueError:
            raise BadRequest(
                f'parsing time "{since}" as "2006-01-02T15:04:05Z07:00": cannot parse "{since}" as "2006"'
            ) from None
        out = cls(
            container=query.get("container"),
            follow=flag("follow"),
            previous=flag("previous"),
            timestamps=flag("timestamps"),
            tail=number("tailLines"),
            limit_bytes=number("limitBytes"),
            since_seconds=number("sinceSeconds"),
            since_time=since_time,
            stream=query.get("stream") or "All",
        )
        errors = out._errors()
        if errors:
            raise Invalid.of("", "PodLogOptions", pod, errors)
        return out

    def _errors(self) -> ErrorList:
        errors: ErrorList = []
        if self.tail is not None and self.tail < 0:
            errors.append(invalid(Path("tailLines"), self.tail, "must be greater than or equal to 0"))
        if self.limit_bytes is not None and self.limit_bytes < 1:
            errors.append(invalid(Path("limitBytes"), self.limit_bytes, "must be greater than 0"))
        if self.since_seconds is not None and self.since_time is not None:
            why = "at most one of `sinceTime` or `sinceSeconds` may be specified"
            errors.append(forbidden(Path(""), why))
        elif self.since_seconds is not None and self.since_seconds < 1:
            errors.append(invalid(Path("sinceSeconds"), self.since_seconds, "must be greater than 0"))
        if self.stream not in ("All", "Stdout", "Stderr"):
            errors.append(not_supported(Path("stream"), self.stream, ("All", "Stdout", "Stderr")))
        elif self.stream != "All" and self.tail is not None:
            errors.append(forbidden(Path(""), "`tailLines` and specific `stream` are mutually exclusive for now"))
        return errors


def read_log(call: Call, endpoint: Endpoint) -> Response | Stream:
    """The log so far, or as it grows."""
    options = LogOptions.parse(call.query, call.info.name)
    pod = get_pod(call, endpoint)
    container = container_of(pod, options.container)
    if not pod["spec"].get("nodeName"):
        # No node, no kubelet to ask, nothing to say.
        return Response(204, b"", "")
    cluster = call.server.cluster
    if cluster.logs is None:
        raise ServiceUnavailable("the kubelet of this node cannot be reached")
    now = cluster.clock.now()
    lines = cluster.logs.read(pod, container, previous=options.previous, now=now)
    start = options.since_time
    if options.since_seconds is not None:
        start = now - options.since_seconds * SECOND
    if start is not None:
        lines = [line for line in lines if line[0] >= start]
    if options.tail is not None:
        lines = lines[-options.tail :] if options.tail else []

    def render(when: int, text: str) -> bytes:
        if options.timestamps:
            return f"{rfc3339_micro(when)[:-1]}000Z {text}\n".encode()
        return f"{text}\n".encode()

    data = b"".join(render(when, text) for when, text in lines)
    if options.limit_bytes is not None:
        data = data[: options.limit_bytes]
    if not options.follow:
        return Response(200, data, TEXT)
    return Stream(_Following(data, cluster.logs.follow(pod, container, render)), TEXT)


class _Following:
    """What was written so far, then what comes."""

    def __init__(self, first: bytes, rest: object) -> None:
        from typing import cast

        from clusters.apiserver.http import Source

        self._first = first
        self._rest = cast(Source, rest)

    def start(self, wake: object) -> None:
        self._rest.start(wake)  # type: ignore[arg-type]

    def read(self) -> tuple[list[bytes], bool]:
        chunks, ended = self._rest.read()
        if self._first:
            chunks, self._first = [self._first, *chunks], b""
        return chunks, ended

    def close(self) -> None:
        self._rest.close()
