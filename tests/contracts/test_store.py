"""The store's contract, held by every implementation."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from clusters.models import Revision
from clusters.storage.memory import MemoryStore
from clusters.storage.sql import SqlStore
from clusters.storage.store import CasFailed, Compacted, FutureRevision, HeadMoved, Op, Record, Store


def put(store: Store, key: str, value: str, expect: int = 0, *, vtime: int = 1) -> Record:
    return store.txn([Op(key, value.encode(), expect, "tester", vtime)])[0]


def remove(store: Store, key: str, expect: int) -> Record:
    return store.txn([Op(key, b"last", expect, "tester", 2, tombstone=True)])[0]


def values(records: list[Record]) -> dict[str, str]:
    return {r.key: r.value.decode() for r in records}


def test_store_starts_empty(store: Store) -> None:
    assert (store.head().rev, store.head().compacted) == (0, 0)
    assert store.list("") == ([], 0)
    assert store.changes(0) == []
    assert store.get("core/pods/a/b") is None


def test_txn_numbers_writes_without_gaps_and_links_them(store: Store) -> None:
    first = put(store, "k/a/1", "one")
    second = put(store, "k/a/1", "two", first.rev)
    assert [first.rev, second.rev] == [1, 2]
    assert (second.prev_rev, second.create_rev, second.version) == (1, 1, 2)
    assert store.head().rev == 2


def test_txn_refuses_a_create_of_what_exists_and_writes_nothing(store: Store) -> None:
    put(store, "k/a/1", "one")
    with pytest.raises(CasFailed) as caught:
        store.txn([Op("k/a/2", b"x", 0, "t", 1), Op("k/a/1", b"y", 0, "t", 1)])
    assert caught.value.keys == ("k/a/1",)
    assert store.head().rev == 1
    assert store.get("k/a/2") is None


def test_txn_refuses_a_stale_revision(store: Store) -> None:
    put(store, "k/a/1", "one")
    put(store, "k/a/1", "two", 1)
    with pytest.raises(CasFailed):
        put(store, "k/a/1", "three", 1)
    assert values(store.list("")[0]) == {"k/a/1": "two"}


def test_recreated_key_starts_a_new_life_linked_to_its_tombstone(store: Store) -> None:
    put(store, "k/a/1", "one")
    dead = remove(store, "k/a/1", 1)
    assert dead.tombstone
    assert store.get("k/a/1") is None
    assert store.latest("k/a/1") == dead
    again = put(store, "k/a/1", "anew")
    assert (again.create_rev, again.prev_rev, again.version) == (3, 2, 1)


def test_txn_may_write_a_key_twice(store: Store) -> None:
    put(store, "k/a/1", "one")
    records = store.txn([Op("k/a/1", b"marked", 1, "t", 1), Op("k/a/1", b"marked", -1, "t", 1, tombstone=True)])
    assert [r.prev_rev for r in records] == [1, 2]
    assert store.get("k/a/1") is None


def test_chained_write_needs_a_write_before_it(store: Store) -> None:
    put(store, "k/a/1", "one")
    with pytest.raises(CasFailed):
        store.txn([Op("k/a/1", b"x", -1, "t", 1)])


def test_txn_at_head_is_refused_when_the_log_moved(store: Store) -> None:
    put(store, "k/a/1", "one")
    with pytest.raises(HeadMoved):
        store.txn([Op("k/a/2", b"x", 0, "t", 1)], at_head=0)
    assert store.txn([Op("k/a/2", b"x", 0, "t", 1)], at_head=1)[0].rev == 2


def test_virtual_time_of_the_log_never_runs_backwards(store: Store) -> None:
    put(store, "k/a/1", "one", vtime=100)
    assert put(store, "k/a/2", "two", vtime=50).vtime == 100
    assert store.head().vtime == 100


def test_list_gives_live_keys_of_a_prefix_in_byte_order(store: Store) -> None:
    for name in ("b", "a", "B", "a-1", "a.1", "ä"):
        put(store, f"k/p/{name}", name)
    put(store, "k/other/x", "x")
    remove(store, "k/p/b", store.latest("k/p/b").rev)  # type: ignore[union-attr]
    assert [r.key for r in store.list("k/p/")[0]] == [f"k/p/{n}" for n in ("B", "a", "a-1", "a.1", "ä")]


def test_list_pages_by_key(store: Store) -> None:
    for i in range(5):
        put(store, f"k/p/{i}", str(i))
    first, rev = store.list("k/p/", limit=2)
    rest, again = store.list("k/p/", after=first[-1].key, rev=rev)
    assert [r.value for r in first + rest] == [b"0", b"1", b"2", b"3", b"4"]
    assert rev == again == 5


def test_reads_at_a_past_revision_see_that_moment(store: Store) -> None:
    put(store, "k/p/a", "a1")
    put(store, "k/p/b", "b1")
    put(store, "k/p/a", "a2", 1)
    remove(store, "k/p/b", 2)
    assert values(store.list("k/p/", rev=2)[0]) == {"k/p/a": "a1", "k/p/b": "b1"}
    assert values(store.list("k/p/", rev=3)[0]) == {"k/p/a": "a2", "k/p/b": "b1"}
    assert values(store.list("k/p/")[0]) == {"k/p/a": "a2"}
    past = store.get("k/p/a", 2)
    assert past is not None
    assert past.value == b"a1"


def test_future_revision_is_refused(store: Store) -> None:
    put(store, "k/p/a", "a")
    with pytest.raises(FutureRevision):
        store.list("k/p/", rev=2)


def test_changes_are_the_log_after_a_revision(store: Store) -> None:
    put(store, "k/p/a", "a1")
    put(store, "k/p/a", "a2", 1)
    remove(store, "k/p/a", 2)
    assert [(r.rev, r.tombstone) for r in store.changes(1)] == [(2, False), (3, True)]
    assert [r.rev for r in store.changes(0, limit=2)] == [1, 2]


def test_compaction_keeps_the_latest_and_refuses_what_is_older(store: Store) -> None:
    put(store, "k/p/a", "a1")
    put(store, "k/p/a", "a2", 1)
    put(store, "k/p/b", "b1")
    remove(store, "k/p/b", 3)
    put(store, "k/p/c", "c1")
    assert store.compact(4) == 3
    assert values(store.list("k/p/")[0]) == {"k/p/a": "a2", "k/p/c": "c1"}
    assert values(store.list("k/p/", rev=4)[0]) == {"k/p/a": "a2"}
    assert [r.rev for r in store.changes(4)] == [5]
    for read in (lambda: store.changes(3), lambda: store.list("k/p/", rev=3), lambda: store.get("k/p/a", 3)):
        with pytest.raises(Compacted) as caught:
            read()
        assert (caught.value.rev, caught.value.compacted) == (3, 4)
    assert store.compact(2) == 0
    assert put(store, "k/p/b", "b2").version == 1


def test_secrets_are_sealed_in_the_database_and_open_to_readers(store: Store) -> None:
    put(store, "core/secrets/default/s", '{"data":{"password":"aHVudGVyMg=="}}')
    put(store, "core/configmaps/default/c", '{"data":{"plain":"visible"}}')
    assert b"aHVudGVyMg==" in store.list("core/secrets/")[0][0].value
    if isinstance(store, SqlStore):
        raw = {k: bytes(v) for k, v in Revision.objects.filter(cluster_id=store.cluster_id).values_list("key", "value")}
        assert b"aHVudGVyMg" not in raw["core/secrets/default/s"]
        assert b"visible" in raw["core/configmaps/default/c"]


def test_concurrent_writers_lose_nothing_and_leave_no_gap(store: Store) -> None:
    """Four writers increment one counter and write keys of their own, each with retries."""
    put(store, "k/p/counter", "0")
    failures: list[BaseException] = []

    def work(me: int) -> None:
        try:
            for i in range(10):
                store.txn([Op(f"k/own/{me}-{i}", b"x", 0, "t", 1)])
                while True:
                    now = store.get("k/p/counter")
                    assert now is not None
                    try:
                        store.txn([Op(now.key, b"%d" % (int(now.value) + 1), now.rev, "t", 1)])
                    except CasFailed:
                        continue
                    break
        except BaseException as error:
            failures.append(error)
        finally:
            if not isinstance(store, MemoryStore):
                connections.close_all()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    counter = store.get("k/p/counter")
    assert counter is not None
    assert counter.value == b"40"
    assert counter.version == 41
    log = store.changes(0)
    assert [r.rev for r in log] == list(range(1, 82))
    assert store.head().rev == 81


def test_append_takes_what_is_numbered_and_links_rebirths_to_tombstones(store: Store) -> None:
    put(store, "k/a/1", "one")
    remove(store, "k/a/1", 1)
    fresh = Record("k/a/2", 3, 3, 0, 1, False, b"new", "t", 5)
    again = Record("k/a/1", 4, 4, 0, 1, False, b"anew", "t", 5)
    changed = Record("k/a/2", 5, 3, 3, 2, False, b"newer", "t", 6)
    written = store.append([fresh, again, changed])
    assert [(r.rev, r.prev_rev) for r in written] == [(3, 0), (4, 2), (5, 3)]
    assert values(store.list("k/a/")[0]) == {"k/a/1": "anew", "k/a/2": "newer"}
    assert (store.head().rev, store.head().vtime) == (5, 6)


def test_append_is_refused_when_the_log_moved(store: Store) -> None:
    put(store, "k/a/1", "one")
    with pytest.raises(HeadMoved):
        store.append([Record("k/a/2", 1, 1, 0, 1, False, b"late", "t", 1)])
    assert store.get("k/a/2") is None
