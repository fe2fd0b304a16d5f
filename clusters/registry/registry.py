"""The one write path of every kind, and the reads beside it.

A create runs: default → track managed fields → mutating admission → system metadata → prepare → validate →
validating admission → store; an update the same around a transform that is called again when somebody else
was faster. Deletes are in `deletion`. Models: apiserver, registry/generic/registry/store.go.

Objects handed in belong to the registry (they are changed in place); objects handed out are stored ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from clusters.kernel.clock import Clock, rfc3339
from clusters.kernel.rng import Rng
from clusters.machinery.complete import complete_in_place
from clusters.machinery.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Gone,
    Invalid,
    NotFound,
)
from clusters.machinery.field import Path, go_quote, invalid
from clusters.machinery.patch import managedfields
from clusters.machinery.types import Obj, UserInfo
from clusters.registry import aggregation, definitions, metadata
from clusters.registry.attributes import Admission, Attributes
from clusters.registry.cache import WatchCache, Write
from clusters.registry.item import Item, encode
from clusters.registry.preconditions import check_uid
from clusters.registry.resources import ResourceMap
from clusters.resources.base import Context, Resource, Strategy
from clusters.storage.store import CasFailed, Compacted, HeadMoved, Record

MAX_ATTEMPTS = 30
"""How often a write is tried again when others are faster; a real server tries for as long as it is asked."""
MAX_SHAPES = 1024
WHOLE_SUBRESOURCES = ("binding", "approval")
"""They write status beside the rest: a bound Pod is scheduled, an approval is a condition."""

OWNED_METADATA = ("labels", "annotations", "ownerReferences", "finalizers")
"""What users write of the metadata."""

Transform = Callable[[Obj], Obj]
"""From the current object (with `resourceVersion`) to a new, private one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOptions:
    """Who writes, and how."""

    user: UserInfo
    manager: str = ""
    """The field manager; "" tracks nothing."""
    operation: str = "Update"
    """`Apply`: the transform has already set `managedFields`."""
    dry_run: bool = False
    trusted: bool = False
    """A system component in process: its objects are built from stored ones, so decoding, defaulting and
    validation are known to succeed and are left out."""
    admitted: bool = False
    """Admission was asked already, about another object that stands for this write (a Binding, an Eviction)."""
    version: str = ""
    """The served version of the request; "" is the storage version."""
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    """What the audit log is told of the request."""
    options: dict[str, Any] = field(default_factory=dict)
    shape: str = ""
    """A trusted creator's promise: its objects of one shape have the same keys all the way down (the Pods of one
    template, Events of one sort), so what is found out about the first holds for all."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Items in key order as of `rev`; `next_key` is where to continue ("" at the end), `remaining` how many
    follow (None if the filter makes that unknown)."""

    items: list[Item]
    rev: int
    next_key: str = ""
    remaining: int | None = None


Items = list[Item]
Writes = list[Write]
"""(Names for the types: the classes below have a method called `list`.)"""


class RegistryLookup:
    """`resources.base.Lookup` over the cache."""

    def __init__(self, cache: WatchCache, resources: ResourceMap) -> None:
        self._cache = cache
        self._resources = resources

    def get(self, resource: str, namespace: str, name: str) -> Obj | None:
        item = self._cache.get(self._resources[resource].key(namespace, name))
        return item.wire if item is not None else None

    def list(self, resource: str, namespace: str | None = None) -> Sequence[Obj]:
        described = self._resources[resource]
        bucket = self._cache.bucket(described.prefix)
        if not bucket.items:
            # Most questions that admission asks of every write are about kinds that nobody uses.
            return []
        prefix = described.prefix + (f"{namespace}/" if namespace and described.namespaced else "")
        return [item.wire for item in bucket.range(prefix)]


class Registry:
    """The objects of one cluster."""

    def __init__(
        self,
        cache: WatchCache,
        resources: ResourceMap,
        admission: Admission,
        clock: Clock,
        rng: Rng,
        *,
        epoch: int | None = None,
    ) -> None:
        self.cache = cache
        self.resources = resources
        self.admission = admission
        self.clock = clock
        self.rng = rng
        self.lookup = RegistryLookup(cache, resources)
        self.epoch = epoch
        self._shapes: dict[tuple[str, str, str], list[Obj]] = {}
        self._whole: set[tuple[str, str, str]] = set()
        definitions.follow(cache, resources)
        aggregation.follow(cache, resources)

    # reads

    def get(self, resource: Resource, namespace: str, name: str, *, rev: int | None = None) -> Item:
        """The object now, or as it was at `rev`. Raises NotFound, Gone."""
        key = resource.key(namespace, name)
        if rev is None:
            self.cache.refresh()
            item = self.cache.get(key)
        else:
            try:
                record = self.cache.store.get(key, rev)
            except Compacted:
                raise gone() from None
            item = Item(record) if record is not None else None
        if item is None:
            raise NotFound.of(resource.group, resource.name, name)
        return item

    def list(
        self,
        resource: Resource,
        namespace: str = "",
        *,
        rev: int | None = None,
        after: str = "",
        limit: int = 0,
        predicate: Callable[[Item], bool] | None = None,
    ) -> Listing:
        """Objects of a namespace ("" for all), now or at `rev`, from the key behind `after`."""
        prefix = resource.prefix + (f"{namespace}/" if namespace and resource.namespaced else "")
        if rev is None or rev == self.cache.refresh():
            with self.cache.lock:
                at = self.cache.refresh()
                bucket = self.cache.bucket(resource.prefix)
                return _page(list(bucket.range(prefix, after)), at, limit, predicate)
        try:
            records, at = self.cache.store.list(prefix, rev=rev, after=after)
        except Compacted:
            raise gone() from None
        return _page([Item(r) for r in records], at, limit, predicate)

    # writes

    def create(self, resource: Resource, namespace: str, obj: Obj, opts: WriteOptions) -> Item:
        """Store a new object. Raises AlreadyExists, Invalid, BadRequest and what admission raises."""
        sent_name = obj["metadata"].get("name", "")
        for attempt in range(MAX_ATTEMPTS):
            base = self.cache.refresh()
            draft = obj if opts.trusted else metadata.private_copy(obj)
            ctx = self.context(resource, namespace, sent_name, "", opts)
            item, exclusive, extra = self._build_created(resource, namespace, draft, ctx, opts, attempt)
            if opts.dry_run:
                if (there := self.cache.get(item.key)) is not None:
                    raise _exists(resource, there, item.obj)
                opts.warnings.extend(ctx.warnings)
                return unsaved(item, None)
            if (there := self.cache.get(item.key)) is not None:
                if not sent_name and attempt < MAX_ATTEMPTS - 1:
                    continue
                raise _exists(resource, there, item.obj)
            try:
                stored = self.commit([item, *extra], at_head=base if exclusive else None)[0]
            except CasFailed:
                self.cache.refresh()
                if (there := self.cache.get(item.key)) is not None and sent_name:
                    raise _exists(resource, there, item.obj) from None
                continue
            except HeadMoved:
                continue
            opts.warnings.extend(ctx.warnings)
            return stored
        raise busy(resource, sent_name)

    def _build_created(
        self, resource: Resource, namespace: str, obj: Obj, ctx: Context, opts: WriteOptions, attempt: int
    ) -> tuple[Write, bool, Writes]:
        strategy = resource.strategy
        meta = obj["metadata"]
        metadata.place(resource, namespace, meta)
        if not opts.trusted:
            strategy.default(obj)
            _complete(resource, obj, None)
        shape = (resource.qualified, opts.manager, opts.shape) if opts.shape else None
        if shape is not None and shape in self._shapes:
            meta["managedFields"] = [{**entry, "time": rfc3339(ctx.now)} for entry in self._shapes[shape]]
        else:
            self._track(resource, None, obj, ctx, opts)
            if shape is not None and meta.get("managedFields"):
                if len(self._shapes) >= MAX_SHAPES:
                    self._shapes.clear()
                    self._whole.clear()
                self._shapes[shape] = meta["managedFields"]
        generated = not meta.get("name") and bool(meta.get("generateName"))
        if generated:
            suffix = self.rng.suffix(5, resource.prefix, namespace, meta["generateName"], self.cache.rev, attempt)
            meta["name"] = metadata.generated_name(meta["generateName"], suffix)
        attrs = self.attributes("CREATE", resource, ctx, obj, None, opts)
        if generated:
            attrs.prefix = meta["generateName"]
        else:
            attrs.name = str(meta.get("name") or "")
        self.admission.admit(attrs)
        metadata.fill_created(resource, namespace, obj, self.clock.now(), self.rng, self.cache.rev)
        if resource.has_status and not strategy.status_on_create:
            for name in strategy.status_fields:
                obj.pop(name, None)
        strategy.prepare_create(obj, ctx)
        if not opts.trusted:
            errors = metadata.validate_created(resource, obj) + strategy.validate_create(obj, ctx)
            if errors:
                raise Invalid.of(resource.group, resource.kind, meta.get("name", ""), errors)
            ctx.warnings.extend(strategy.warn_create(obj, ctx))
        attrs.prefix = ""
        self.admission.validate(attrs)
        sent = str(meta.pop("resourceVersion", None) or "")
        if sent.isascii() and sent.isdigit() and int(sent) and not opts.dry_run:
            raise ApiError("resourceVersion should not be set on objects to be created", reason="")
        exclusive = strategy.exclusive or attrs.exclusive or ctx.exclusive
        if shape is None or shape not in self._whole:
            whole = _complete(resource, obj, None)
            if shape is not None and whole:
                self._whole.add(shape)
        strategy.finish(obj, ctx)
        write = self._write(resource.key(namespace, meta["name"]), obj, None, opts)
        beside = self._beside(ctx, opts)
        then = strategy.follow_up(obj, ctx)
        if then is not None:
            beside.insert(0, self._following(resource, write, then, opts))
        return write, exclusive, beside

    def _following(self, resource: Resource, first: Write, obj: Obj, opts: WriteOptions) -> Write:
        """The server's own write of a status, right behind another write of the same transaction."""
        meta = obj["metadata"]
        own = replace(opts, manager="kube-apiserver", operation="Update", shape="")
        ctx = self.context(resource, meta.get("namespace", ""), meta["name"], "status", own)
        self._track(resource, first.obj, obj, ctx, own)
        return Write(first.key, obj, None, opts.user.name, first.vtime, chained=True)

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        transform: Transform,
        opts: WriteOptions,
        *,
        subresource: str = "",
        create: Callable[[], Obj] | None = None,
        patch: bool = False,
        uid: str = "",
    ) -> Item:
        """Replace an object by what `transform` makes of it. With `create`, an absent object is created (server-side
        apply, kinds that allow it). `patch`: the transform takes its version from what it is given, so another's write
        is no conflict. `uid`: the object must be this one, or the write is a conflict even if there is none.
        Raises NotFound, Conflict, Invalid and what admission raises."""
        for _ in range(MAX_ATTEMPTS):
            base = self.cache.refresh()
            old_item = self.cache.get(resource.key(namespace, name))
            if uid:
                check_uid(resource, namespace, name, uid, old_item)
            if old_item is None:
                if create is None:
                    raise NotFound.of(resource.group, resource.name, name)
                made = create()
                made["metadata"].pop("resourceVersion", None)
                return self.create(resource, namespace, made, opts)
            new = transform(old_item.wire)
            ctx = self.context(resource, namespace, name, subresource, opts)
            ctx.verb = "patch" if patch else "update"
            if not patch and (named := new["metadata"].get("uid")):
                check_uid(resource, namespace, name, named, old_item)
            checked = self._check_version(resource, name, new, old_item)
            write, exclusive = self._build_updated(resource, new, old_item, ctx, opts)
            opts.warnings[:] = [*opts.warnings, *(w for w in ctx.warnings if w not in opts.warnings)]
            ends = metadata.ends_now(write.obj, old_item.obj, held=resource.strategy.holds(write.obj))
            if not ends and metadata.same(managedfields.keep_times(write.obj, old_item.obj), old_item.obj):
                return old_item
            if opts.dry_run:
                return unsaved(write, old_item)
            try:
                if ends:
                    # The last finalizer goes, so the object does: watchers see it as it was before.
                    end = self.end(resource, old_item, ctx, opts)
                    self.commit(end, at_head=base if exclusive else None)
                    return unsaved(write, old_item)
                extra = self._beside(ctx, opts)
                return self.commit([write, *extra], at_head=base if exclusive else None)[0]
            except (CasFailed, HeadMoved):
                # A patch is made anew from what the others wrote; if it names a version itself, that one is stale then.
                if checked and not patch and self._moved(old_item):
                    raise Conflict.stale(resource.group, resource.name, name) from None
        raise busy(resource, name)

    def _moved(self, item: Item) -> bool:
        self.cache.refresh()
        now = self.cache.get(item.key)
        return now is None or now.rev != item.rev

    def _check_version(self, resource: Resource, name: str, new: Obj, old: Item) -> bool:
        """Optimistic concurrency; True if the client named the version it had read."""
        sent = new["metadata"].get("resourceVersion")
        if not sent or sent == "0":
            if not resource.strategy.allow_unconditional_update:
                error = invalid(Path("metadata").child("resourceVersion"), 0, "must be specified for an update")
                raise Invalid.of(resource.group, resource.kind, name, [error])
            return False
        if sent != str(old.rev):
            if not str(sent).isdigit():
                text = f"strconv.ParseUint: parsing {go_quote(str(sent))}: invalid syntax"
                raise ApiError(text, code=500, reason="")
            raise Conflict.stale(resource.group, resource.name, name)
        return True

    def _build_updated(
        self, resource: Resource, new: Obj, old_item: Item, ctx: Context, opts: WriteOptions
    ) -> tuple[Write, bool]:
        strategy, old, subresource = resource.strategy, old_item.obj, ctx.subresource
        new["metadata"].pop("resourceVersion", None)
        status_write = subresource in strategy.status_subresources and resource.has_status
        metadata.place(resource, ctx.namespace, new["metadata"])
        if not opts.trusted:
            strategy.default(new)
            _complete(resource, new, old)
        self._track(resource, old, new, ctx, opts)
        attrs = self.attributes("UPDATE", resource, ctx, new, old_item.wire, opts)
        if not opts.admitted:
            self.admission.admit(attrs)
        metadata.fill_updated(new, old)
        if status_write:
            _keep_all_but(new, old, strategy.status_fields)
            if strategy.status_keeps_metadata:
                _keep(new["metadata"], old["metadata"], OWNED_METADATA)
            strategy.prepare_status(new, old, ctx)
        else:
            if resource.has_status and subresource not in WHOLE_SUBRESOURCES:
                _keep(new, old, strategy.status_fields)
            strategy.prepare_update(new, old, ctx)
            if strategy.has_generation and _spec_changed(new, old, strategy):
                new["metadata"]["generation"] = old["metadata"].get("generation", 0) + 1
        if not opts.trusted:
            errors = metadata.validate_updated(resource, new, old)
            check = strategy.validate_status if status_write else strategy.validate_update
            errors += check(new, old, ctx)
            if errors:
                raise Invalid.of(resource.group, resource.kind, ctx.name, errors)
            warn = strategy.warn_status if status_write else strategy.warn_update
            ctx.warnings.extend(warn(new, old, ctx))
        if not opts.admitted:
            self.admission.validate(attrs)
        _complete(resource, new, old)
        strategy.finish(new, ctx)
        write = self._write(old_item.key, new, old_item, opts)
        return write, strategy.exclusive or attrs.exclusive or ctx.exclusive

    # shared

    def _track(self, resource: Resource, old: Obj | None, new: Obj, ctx: Context, opts: WriteOptions) -> None:
        if opts.operation == "Apply":
            return
        meta = new["metadata"]
        if not opts.manager:
            return
        version = opts.version or resource.stored_as
        described = resource.version(version)
        type_ = described.type if described is not None else None
        if described is None or type_ is None:
            return
        seen, written = old, new
        if described.from_storage is not None:
            # Managers own fields of the version that they speak.
            seen = described.from_storage(old) if old is not None else None
            written = described.from_storage(new)
        entries = managedfields.track(
            seen,
            written,
            manager=opts.manager,
            operation="Update",
            api_version=resource.api_version(version),
            time=rfc3339(self.clock.now()),
            subresource=ctx.subresource,
            type_=type_,
            reset=resource.resets(ctx.subresource, type_),
            speaks=resource.speaks,
            custom=not resource.builtin,
        )
        if entries:
            meta["managedFields"] = entries
        else:
            meta.pop("managedFields", None)

    def context(self, resource: Resource, namespace: str, name: str, subresource: str, opts: WriteOptions) -> Context:
        return Context(
            user=opts.user,
            now=self.clock.now(),
            rng=self.rng,
            lookup=self.lookup,
            namespace=namespace,
            name=name,
            subresource=subresource,
            version=opts.version,
            dry_run=opts.dry_run,
            annotations=opts.annotations,
        )

    def attributes(
        self,
        operation: str,
        resource: Resource,
        ctx: Context,
        obj: Obj | None,
        old: Obj | None,
        opts: WriteOptions,
    ) -> Attributes:
        return Attributes(
            operation=operation,
            resource=resource,
            subresource=ctx.subresource,
            namespace=ctx.namespace,
            name=ctx.name,
            obj=obj,
            old=old,
            user=opts.user,
            dry_run=opts.dry_run,
            lookup=self.lookup,
            ctx=ctx,
            version=opts.version,
            options=opts.options,
        )

    def _write(self, key: str, obj: Obj, old: Item | None, opts: WriteOptions) -> Write:
        return Write(key, obj, old, opts.user.name, self.clock.now())

    def tombstone(self, old: Item, opts: WriteOptions, *, after: Write | None = None) -> Write:
        """The end of an object; with `after`, right behind another write of the same transaction."""
        last = after.obj if after is not None else old.obj
        return Write(old.key, last, old, opts.user.name, self.clock.now(), delete=True, chained=after is not None)

    def end(
        self, resource: Resource, old: Item, ctx: Context, opts: WriteOptions, *, after: Write | None = None
    ) -> Writes:
        """All writes with which an object ends: its tombstone, and those of what it had allocated."""
        released = self._gone(resource.strategy.releases(old.obj, ctx), opts)
        return [self.tombstone(old, opts, after=after), *released]

    def _gone(self, keys: Sequence[tuple[str, str, str]], opts: WriteOptions) -> Writes:
        items = (self.cache.get(self.resources[kind].key(namespace, name)) for kind, namespace, name in keys)
        return [self.tombstone(item, opts) for item in items if item is not None]

    def _beside(self, ctx: Context, opts: WriteOptions) -> Writes:
        """What strategies and admission want written in the same transaction."""
        writes: Writes = []
        for qualified, obj in ctx.extra:
            described = self.resources[qualified]
            meta = obj["metadata"]
            namespace = meta.get("namespace", "")
            key = described.key(namespace, meta["name"])
            old = self.cache.get(key)
            if old is None:
                metadata.fill_created(described, namespace, obj, ctx.now, self.rng, self.cache.rev)
            else:
                meta.pop("resourceVersion", None)
                metadata.fill_updated(obj, old.obj)
            writes.append(self._write(key, obj, old, opts))
        return writes + self._gone(ctx.gone, opts)

    def commit(self, writes: Sequence[Write], *, at_head: int | None = None) -> Items:
        """Store writes under this registry's lease epoch. Raises what `Store.txn` raises."""
        return self.cache.commit(writes, at_head=at_head, epoch=self.epoch)


def _complete(resource: Resource, obj: Obj, old: Obj | None) -> bool:
    """Give the object the form in which it is stored: with the zeros that a real server writes. True if none was
    missing."""
    type_ = resource.stored_type
    if type_ is not None:
        return complete_in_place(obj, type_, old)
    return True


def _page(items: Items, rev: int, limit: int, predicate: Callable[[Item], bool] | None) -> Listing:
    if predicate is None:
        if not limit or len(items) <= limit:
            return Listing(items, rev)
        return Listing(items[:limit], rev, items[limit - 1].key, len(items) - limit)
    out: Items = []
    for i, item in enumerate(items):
        if predicate(item):
            out.append(item)
            if limit and len(out) == limit:
                # Like etcd, we only know that more keys follow, not whether they match.
                more = i + 1 < len(items)
                return Listing(out, rev, item.key if more else "", None)
    return Listing(out, rev)


def _keep(new: Obj, old: Obj, names: Sequence[str]) -> None:
    for name in names:
        if name in old:
            new[name] = old[name]
        else:
            new.pop(name, None)


def _keep_all_but(new: Obj, old: Obj, names: Sequence[str]) -> None:
    for name in set(new) | set(old):
        if name not in names and name != "metadata":
            _keep(new, old, (name,))
    generation = old["metadata"].get("generation")
    if generation is not None:
        new["metadata"]["generation"] = generation


def _spec_changed(new: Obj, old: Obj, strategy: Strategy) -> bool:
    for name in set(new) | set(old):
        if name in ("metadata", "apiVersion", "kind", *strategy.status_fields):
            continue
        before, after = old.get(name), new.get(name)
        if before is not after and before != after:
            return True
    return False


def unsaved(write: Write, old: Item | None) -> Item:
    """The item a dry run answers with: at the old revision, or none."""
    rev = old.rev if old is not None else 0
    return Item(Record(write.key, rev, rev, rev, 1, False, encode(write.obj), write.actor, write.vtime), write.obj)


def _exists(resource: Resource, item: Item, new: Obj) -> AlreadyExists:
    """409, in other words if the new object has a `generateName` (even beside a name that was chosen for it), or if
    what is in the way is on its way out."""
    meta = item.obj["metadata"]
    error = AlreadyExists.of(resource.group, resource.name, meta["name"])
    if new["metadata"].get("generateName"):
        error.message += ", the server was not able to generate a unique name for the object"
        error.retry_after = 1
    if "deletionTimestamp" in meta:
        error.message = f"object is being deleted: {error.message}"
    return error


def busy(resource: Resource, name: str) -> ApiError:
    return Conflict.stale(resource.group, resource.name, name)


def gone() -> Gone:
    """410 for a compacted revision, in the API server's words."""
    return Gone("The resourceVersion for the provided list is too old.")
