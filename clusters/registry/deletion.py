"""Deletes: preconditions, grace, finalizers, propagation; and collections of them.

An object with grace or finalizers is first marked (`deletionTimestamp`); what has neither goes at once. A Pod
whose grace is zero is marked and removed in one transaction, so watchers see both, as on a real server.
Models: apiserver, registry/rest/delete.go and generic/registry/store.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from clusters.kernel.clock import SECOND, parse_rfc3339, rfc3339
from clusters.machinery.errors import NotFound
from clusters.machinery.types import Obj
from clusters.registry.cache import Write
from clusters.registry.item import Item
from clusters.registry.preconditions import check_delete
from clusters.registry.registry import MAX_ATTEMPTS, Registry, WriteOptions, busy, unsaved
from clusters.resources.base import Context, Resource
from clusters.storage.store import CasFailed, HeadMoved

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteOptions:
    """`metav1.DeleteOptions`, validated. `propagation`: "" (the kind's default), Background, Foreground, Orphan."""

    grace_seconds: int | None = None
    propagation: str = ""
    uid: str = ""
    resource_version: str = ""


@dataclass(frozen=True, slots=True)
class Deleted:
    """`item` is the object as deleted, or as marked; `gone`: it no longer exists."""

    item: Item
    gone: bool


def delete(
    registry: Registry,
    resource: Resource,
    namespace: str,
    name: str,
    options: DeleteOptions,
    opts: WriteOptions,
) -> Deleted:
    """Delete an object, or begin to. Raises NotFound, Conflict (preconditions), what admission raises."""
    for _ in range(MAX_ATTEMPTS):
        base = registry.cache.refresh()
        item = registry.cache.get(resource.key(namespace, name))
        if item is None:
            raise NotFound.of(resource.group, resource.name, name)
        check_delete(resource, item.wire, uid=options.uid, rev=options.resource_version)
        ctx = registry.context(resource, namespace, name, "", opts)
        attrs = registry.attributes("DELETE", resource, ctx, None, item.wire, opts)
        if not opts.admitted:
            registry.admission.admit(attrs)
            registry.admission.validate(attrs)
        ctx.warnings.extend(resource.strategy.warn_delete(item.obj, options.propagation))
        for warning in ctx.warnings:
            if warning not in opts.warnings:
                opts.warnings.append(warning)
        marked, gone = _mark(registry, resource, item, options, ctx)
        if opts.dry_run:
            write = Write(item.key, marked or item.obj, item, opts.user.name, ctx.now)
            return Deleted(unsaved(write, item), gone)
        if marked is None and not gone:
            return Deleted(item, False)
        writes: list[Write] = []
        if marked is not None:
            writes.append(Write(item.key, marked, item, opts.user.name, ctx.now))
        if gone:
            writes += registry.end(resource, item, ctx, opts, after=writes[0] if writes else None)
        try:
            stored = registry.commit(writes, at_head=base if attrs.exclusive else None)
        except (CasFailed, HeadMoved):
            continue
        # The object's own last write; what it released comes behind it.
        return Deleted(stored[1 if marked is not None and gone else 0], gone)
    raise busy(resource, name)


def _mark(
    registry: Registry, resource: Resource, item: Item, options: DeleteOptions, ctx: Context
) -> tuple[Obj | None, bool]:
    """The object as the delete leaves it (None: unchanged), and whether it ends now."""
    strategy, old = resource.strategy, item.obj
    meta = old["metadata"]
    requested = options.grace_seconds
    if "deletionTimestamp" in meta:
        current = meta.get("deletionGracePeriodSeconds")
        graceful = strategy.grace_seconds(old, requested, ctx) is not None
        if graceful and current is not None:
            # Only a shorter grace period may be given to what is already being deleted.
            if requested is None or requested >= current:
                return None, False
            start = parse_rfc3339(meta["deletionTimestamp"]) - current * SECOND
            changed = _with(old, deletionTimestamp=rfc3339(start + requested * SECOND))
            changed["metadata"]["deletionGracePeriodSeconds"] = requested
            return changed, requested == 0 and not meta.get("finalizers")
        finalizers = _finalizers(resource, old, options)
        held = bool(finalizers) or strategy.holds(old)
        if finalizers != (meta.get("finalizers") or []):
            changed = _with(old)
            _set_finalizers(changed, finalizers)
            return changed, not held
        return None, not held
    grace = strategy.grace_seconds(old, requested, ctx)
    finalizers = _finalizers(resource, old, options)
    held = bool(finalizers) or strategy.holds(old)
    if grace is None and not held and not (meta.get("finalizers") or []):
        return None, True
    marked = _with(old, deletionTimestamp=rfc3339(ctx.now + (grace or 0) * SECOND))
    marked["metadata"]["deletionGracePeriodSeconds"] = grace or 0
    if meta.get("generation"):
        marked["metadata"]["generation"] = meta["generation"] + 1
    _set_finalizers(marked, finalizers)
    if strategy.holds(old):
        # A Namespace has no grace at all: only the timestamp says that it goes.
        marked["metadata"].pop("deletionGracePeriodSeconds")
    strategy.prepare_delete(marked, ctx)
    return marked, not grace and not held


def _with(obj: Obj, **fields: str) -> Obj:
    return {**obj, "metadata": {**obj["metadata"], **fields}}


def _set_finalizers(obj: Obj, finalizers: list[str]) -> None:
    if finalizers:
        obj["metadata"]["finalizers"] = finalizers
    else:
        obj["metadata"].pop("finalizers", None)


def _finalizers(resource: Resource, obj: Obj, options: DeleteOptions) -> list[str]:
    """The object's finalizers, with `orphan` or `foregroundDeletion` as the propagation wants them."""
    have: list[str] = obj["metadata"].get("finalizers") or []
    default = resource.strategy.default_propagation(obj)
    if default == "Unsupported":
        return have
    policy = options.propagation
    if not policy:
        if ORPHAN in have:
            policy = "Orphan"
        elif FOREGROUND in have:
            policy = "Foreground"
        else:
            policy = default
    wanted = {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(policy)
    out = [f for f in have if f not in (ORPHAN, FOREGROUND) or f == wanted]
    if wanted and wanted not in out:
        out.append(wanted)
    return out


def delete_collection(
    registry: Registry,
    resource: Resource,
    namespace: str,
    items: list[Item],
    options: DeleteOptions,
    opts: WriteOptions,
) -> list[Deleted]:
    """Delete each of `items`; those that others deleted first are left out."""
    done: list[Deleted] = []
    for item in items:
        meta = item.obj["metadata"]
        try:
            done.append(delete(registry, resource, meta.get("namespace", ""), meta["name"], options, opts))
        except NotFound:
            continue
    return done
