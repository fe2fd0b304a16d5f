"""A worker's lease on a cluster, with a fencing epoch.

The lease is taken for each slice and handed back after it; the holder's name stays, so that the same worker
comes back to its warm session under the same epoch. Another holder raises the epoch, and whatever the former
one still tries to commit is refused by the store.
"""

from __future__ import annotations

import os
import secrets
import socket

from django.db import IntegrityError, transaction

from clusters.kernel.clock import SECOND, wall_now
from clusters.models import Cluster, Lease
from clusters.storage.store import ClusterDeleted

TTL = 3 * SECOND
"""Wall time after which a silent holder is taken for dead; a slice takes a tenth of it."""

HOLDER = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
"""This process."""


def renew_identity() -> str:
    """A new holder name after a fork: two processes must not share one."""
    global HOLDER
    HOLDER = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"
    return HOLDER


def acquire(cluster_id: int, *, holder: str | None = None) -> int | None:
    """Take the lease; its epoch, or None while somebody else holds it. Raises ClusterDeleted."""
    holder = holder or HOLDER
    now = wall_now()
    try:
        with transaction.atomic():
            lease = Lease.objects.select_for_update().filter(cluster_id=cluster_id).first()
            if lease is None:
                if not Cluster.objects.filter(pk=cluster_id).exists():
                    raise ClusterDeleted(f"cluster {cluster_id} was deleted")
                lease, _ = Lease.objects.get_or_create(cluster_id=cluster_id)
            if lease.holder != holder:
                if lease.expires > now:
                    return None
                lease.holder = holder
                lease.epoch += 1
            lease.expires = now + TTL
            lease.save()
            return lease.epoch
    except IntegrityError:
        # Deleted while we looked: the row that ours refers to is gone at the commit.
        raise ClusterDeleted(f"cluster {cluster_id} was deleted") from None


def extend(cluster_id: int, epoch: int) -> bool:
    """Hold on for another TTL; False if it was lost."""
    return Lease.objects.filter(cluster_id=cluster_id, epoch=epoch).update(expires=wall_now() + TTL) == 1


def release(cluster_id: int, epoch: int) -> None:
    """Let others take it; the holder's name and epoch stay."""
    Lease.objects.filter(cluster_id=cluster_id, epoch=epoch).update(expires=0)
