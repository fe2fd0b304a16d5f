"""What a component is to the driver that runs it.

The driver (runtime) constructs each component with an `Env`, in a fixed order, and calls `step()` until it
returns False for all of them; then it moves the clock to the next timer. A component that was stopped or
crashed is constructed anew when it starts again, so whatever it needs to know it must find in the cluster:
anything kept on `self` is a cache that can be rebuilt from the informers.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from clusters.client.api import ApiClient, EventSink
from clusters.client.informer import Informers
from clusters.client.workqueue import Timers, WorkQueue
from clusters.kernel.clock import Clock
from clusters.kernel.rng import Rng
from clusters.machinery.certificates import CertificateOrder
from clusters.machinery.errors import ApiError
from clusters.machinery.types import UserInfo

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the control plane's loops may do with the cluster's keys, which they do not get to see."""

    root_ca: str = ""
    """PEM of the authority behind the API server's own certificate."""
    client_ca: str = ""
    """PEM of the authority behind clients' certificates."""
    sign_token: Callable[[dict[str, Any]], str] | None = None
    """A JWT of these claims, signed with the key for service accounts; None where there is no key."""
    sign_certificate: Callable[[CertificateOrder], str] | None = None
    """The PEM of a certificate of the cluster's authority. Raises ValueError if the request cannot be signed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """Everything a component gets from outside."""

    clock: Clock
    rng: Rng
    timers: Timers
    client: ApiClient
    """Acts as the component's own user."""
    informers: Informers
    events: Callable[[str, str], EventSink]
    """`events(component, host)`: a recorder (`source.component`, `source.host`)."""
    keys: Keys = field(default_factory=Keys)


class Component(Protocol):
    """One control loop."""

    name: ClassVar[str]
    """Unique in the cluster, as `cluster fault NAME component-stop TARGET` names it: `kube-scheduler`,
    `deployment-controller`."""
    user: ClassVar[UserInfo]
    process: ClassVar[str]
    """The process it runs in: `kube-scheduler`, `kube-controller-manager`, `kubelet`; stopping the
    process stops all its loops."""

    def __init__(self, env: Env) -> None: ...

    def step(self) -> bool:
        """Do one unit of ready work; False if there is none. Must not raise."""


class Controller:
    """A component that is a queue of keys and `sync(key)`: level-triggered, idempotent, re-reading the
    informers, never changing what it read, without retry logic of its own: what `sync` raises is retried
    with back-off."""

    name: ClassVar[str]
    user: ClassVar[UserInfo]
    process: ClassVar[str] = "kube-controller-manager"

    def __init__(self, env: Env) -> None:
        self.env = env
        self.queue = WorkQueue(env.timers)
        self.setup()

    def setup(self) -> None:
        """Register change handlers and indexes."""
        raise NotImplementedError

    def sync(self, key: str) -> None:
        """Bring the object named `key` (`namespace/name`) closer to what it should be."""
        raise NotImplementedError

    def step(self) -> bool:
        key = self.queue.pop()
        if key is None:
            return False
        try:
            self.sync(key)
        except ApiError as error:
            logger.debug("%s: %s: %s", self.name, key, error)
            self.queue.add_rate_limited(key)
        except Exception:
            # A bug must not stall the cluster: the key backs off like any other failure.
            logger.exception("%s: sync of %s failed", self.name, key)
            self.queue.add_rate_limited(key)
        else:
            self.queue.forget(key)
        return True


def controller_user(account: str) -> UserInfo:
    """The service account that a controller of the controller manager acts as."""
    return UserInfo(
        name=f"system:serviceaccount:kube-system:{account}",
        groups=("system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"),
    )
