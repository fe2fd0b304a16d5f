"""exec, attach and portforward: checked here, carried by whoever holds the connection.

Models: kubernetes, pkg/registry/core/pod/rest/subresources.go and strategy.go.
"""

from __future__ import annotations

from clusters.apiserver.call import Call
from clusters.apiserver.endpoint import Endpoint
from clusters.apiserver.http import Upgrade
from clusters.apiserver.params import parse_bool
from clusters.apiserver.subresources import connecting
from clusters.apiserver.subresources.pods import container_of, get_pod, require_host
from clusters.machinery.errors import BadRequest


def _upgrading(call: Call) -> None:
    """Raises BadRequest for a plain request; asks for `create`, whatever the method was."""
    request = call.request
    websocket = request.header("upgrade").lower() in ("websocket", "spdy/3.1")
    if not websocket:
        raise BadRequest("Upgrade request required")


def _flags(call: Call, kind: str) -> Upgrade:
    query = call.query

    def flag(name: str) -> bool:
        return name in query and parse_bool(query.get(name))

    return Upgrade(
        kind=kind,
        namespace=call.info.namespace,
        pod=call.info.name,
        container=query.get("container"),
        command=query.all("command"),
        stdin=flag("stdin"),
        stdout=flag("stdout"),
        stderr=flag("stderr"),
        tty=flag("tty"),
        user=call.user,
    )


def _stream(call: Call, endpoint: Endpoint, kind: str) -> Upgrade:
    if call.info.verb != "create":
        call.server.authorizer.require_create(call)
    out = _flags(call, kind)
    options = {name: getattr(out, name) for name in ("stdin", "stdout", "stderr", "tty", "container")}
    if kind == "exec":
        options["command"] = out.command
    connecting.admit(call, endpoint, f"Pod{kind.capitalize()}Options", options)
    pod = get_pod(call, endpoint)
    out.container = container_of(pod, out.container)
    require_host(pod)
    _upgrading(call)
    if not (out.stdin or out.stdout or out.stderr):
        raise BadRequest("you must specify at least 1 of stdin, stdout, stderr")
    return out


def exec_(call: Call, endpoint: Endpoint) -> Upgrade:
    """A command in a container."""
    return _stream(call, endpoint, "exec")


def attach(call: Call, endpoint: Endpoint) -> Upgrade:
    """A container's own process."""
    return _stream(call, endpoint, "attach")


def port_forward(call: Call, endpoint: Endpoint) -> Upgrade:
    """Ports of a Pod."""
    if call.info.verb != "create":
        call.server.authorizer.require_create(call)
    ports = [int(text) for value in call.query.all("ports") for text in value.split(",") if text.isdigit()]
    connecting.admit(call, endpoint, "PodPortForwardOptions", {"ports": ports})
    pod = get_pod(call, endpoint)
    require_host(pod)
    out = _flags(call, "portforward")
    for value in call.query.all("ports"):
        for text in value.split(","):
            if not text.isdigit():
                raise BadRequest(
                    f'unable to parse "{text}" as a port: strconv.ParseUint: parsing "{text}": invalid syntax'
                )
            out.ports.append(int(text))
    _upgrading(call)
    return out
