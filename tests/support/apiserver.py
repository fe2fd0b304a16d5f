"""An API server over a store in memory, for tests and for replaying recorded conversations.

    .venv/bin/python -m tests.support.apiserver --port 18160

serves one cluster at the root, without Django; the bearer token is `admin`.
"""

from __future__ import annotations

import argparse
import logging
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache

from clusters.apiserver.asgi import ApiApplication, Receive, Scope, Send
from clusters.apiserver.authn import jwt
from clusters.apiserver.authn.keys import RsaKeys
from clusters.apiserver.authz.bootstrap import bootstrap_objects
from clusters.apiserver.context import ClusterContext
from clusters.apiserver.server import ApiServer
from clusters.client.component import Keys
from clusters.kernel.clock import Clock, SimClock, wall_now
from clusters.kernel.rng import Rng
from clusters.machinery.types import Obj, UserInfo
from clusters.registry.attributes import Admission, AdmitAll
from clusters.registry.cache import WatchCache
from clusters.registry.registry import Registry, WriteOptions
from clusters.registry.resources import ResourceMap
from clusters.resources.catalog import BUILTIN
from clusters.runtime.authority import ClientAuthority
from clusters.storage.memory import MemoryStore

ADMIN = UserInfo("admin", ("system:masters", "system:authenticated"))
START = 1_780_000_000_000_000


class WallClock:
    """For servers that people talk to."""

    def now(self) -> int:
        return wall_now()


@lru_cache(maxsize=1)
def keys() -> RsaKeys:
    return RsaKeys.generate()


@lru_cache(maxsize=1)
def authority() -> ClientAuthority:
    return ClientAuthority("a secret of the tests", "1/1", 1)


def controller_keys() -> Keys:
    return Keys(
        root_ca=authority().pem,
        client_ca=authority().pem,
        sign_token=lambda claims: jwt.encode(claims, keys()),
        sign_certificate=authority().sign,
    )


def tokens(token: str) -> UserInfo | None:
    return ADMIN if token == "admin" else None


def new_server(
    *,
    clock: Clock | None = None,
    admission: Admission | None = None,
    seed: int = 1,
    ring: int = 10_000,
    bootstrap: bool = True,
) -> ApiServer:
    """A server with the built-in kinds and (`bootstrap`) the bootstrap roles and the system namespaces."""
    clock = clock or SimClock(START)
    rng = Rng(seed)
    resources = ResourceMap(BUILTIN)
    registry = Registry(WatchCache(MemoryStore(), ring=ring), resources, admission or AdmitAll(), clock, rng)
    context = ClusterContext(
        name="test",
        registry=registry,
        resources=resources,
        clock=clock,
        rng=rng,
        keys=keys(),
        tokens=tokens,
        client_ca=authority().pem,
    )
    if bootstrap:
        _bootstrap(registry)
    return ApiServer(context)


def _bootstrap(registry: Registry) -> None:
    names = ("default", "kube-system", "kube-public", "kube-node-lease")
    spaces = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}} for name in names]
    _create(registry, [*(("namespaces", "", space) for space in spaces), *bootstrap_objects()])


def _create(registry: Registry, entries: Iterable[tuple[str, str, Obj]]) -> None:
    opts = WriteOptions(user=UserInfo("system:apiserver", ("system:masters",)), manager="kube-apiserver")
    for qualified, namespace, obj in entries:
        resource = registry.resources.get(qualified)
        if resource is not None:
            registry.create(resource, namespace, obj, opts)


class Trusting(ApiApplication):
    """Takes whoever shows no credentials for the administrator (kubectl sends no token over plain HTTP)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        named = any(key == b"authorization" for key, _ in scope["headers"])
        await self.serve(scope, receive, send, user=None if named else ADMIN)


def serve(application: Callable[..., object], port: int) -> None:
    """Run an ASGI application on Daphne until interrupted."""
    from daphne.server import Server

    Server(
        application=application,
        endpoints=[f"tcp:port={port}:interface=127.0.0.1"],
        signal_handlers=True,
        verbosity=0,
    ).run()


class Loops(threading.Thread):
    """All components of the cluster, on the server's own store, in wall time."""

    def __init__(self, server: ApiServer, store: MemoryStore, seed: int = 1) -> None:
        super().__init__(name="loops", daemon=True)
        from clusters.runtime.session import Session

        self._cache = server.cluster.registry.cache
        self._session = Session(
            store=store,
            seed=seed,
            now=wall_now(),
            on_commit=lambda _rev: self._told(),
            keys=controller_keys(),
        )
        self._woken = threading.Event()
        self._cache.subscribe(lambda _changes: self._woken.set())

    def _told(self) -> None:
        self._cache.refresh()

    def run(self) -> None:
        while True:
            self._woken.wait(0.1)
            self._woken.clear()
            try:
                self._session.refresh()
                self._session.run(wall_now())
            except Exception:
                logging.exception("the loops stumbled")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=18160)
    parser.add_argument("--no-admission", action="store_true")
    parser.add_argument("--components", action="store_true", help="run the cluster's loops, too")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--addons", default="none", choices=["none", "default"])
    parser.add_argument(
        "--trust", action="store_true", help="requests without credentials are the administrator's (for kubectl)"
    )
    options = parser.parse_args()
    admission: Admission = AdmitAll()
    if not options.no_admission:
        from clusters.admission.chain import default_chain

        admission = default_chain()
    server = new_server(clock=WallClock(), admission=admission, bootstrap=not options.components)
    if options.components:
        from clusters.runtime.bootstrap import entries
        from clusters.runtime.settings import ClusterSettings

        settings = ClusterSettings(workers=options.workers, control_planes=0, addons=options.addons)
        _create(server.cluster.registry, entries(settings, authority().pem))
        Loops(server, server.cluster.registry.cache.store).start()
    print(f"http://127.0.0.1:{options.port} token admin", flush=True)
    serve(Trusting(server) if options.trust else ApiApplication(server), options.port)


if __name__ == "__main__":
    main()
