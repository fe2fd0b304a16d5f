"""What a cluster is made of, in the fixed order in which its loops run."""

from __future__ import annotations

from functools import cache

from clusters.admission.chain import default_chain
from clusters.client.component import Component
from clusters.registry.attributes import Admission
from clusters.registry.resources import ResourceMap
from clusters.resources.catalog import BUILTIN


@cache
def components() -> tuple[type[Component], ...]:
    """All loops. Imported when first asked for: a process that only serves the API never needs them."""
    from clusters.components.controllers import CONTROLLERS
    from clusters.components.kubelet import Kubelet
    from clusters.components.scheduler import Scheduler
    from clusters.runtime.faults import FaultController

    return (FaultController, Scheduler, *CONTROLLERS, Kubelet)


def new_resources() -> ResourceMap:
    """The built-in resources; each cluster adds its own custom ones."""
    return ResourceMap(BUILTIN)


def new_admission() -> Admission:
    return default_chain()
