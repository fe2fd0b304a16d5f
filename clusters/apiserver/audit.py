"""The audit hook: every finished request, told to whoever keeps the log."""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.context import AuditSink
from clusters.kernel.clock import wall_now


def record(sink: AuditSink | None, call: Call, code: int) -> None:
    """Tell the sink of a finished request."""
    if sink is None:
        return
    info = call.info
    resource = info.resource
    if resource and info.group:
        resource = f"{resource}.{info.group}"
    if info.subresource:
        resource = f"{resource}/{info.subresource}"
    sink(
        verb=info.verb,
        path=info.path,
        user=call.impersonator or call.user,
        acting_as=call.user.name if call.impersonator is not None else "",
        resource=resource,
        namespace=info.namespace,
        name=info.name,
        code=code,
        latency=wall_now() - call.began,
        embedded=call.request.user is not None,
        annotations=call.annotations,
    )
