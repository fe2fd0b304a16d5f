"""A cluster's summary tables as they were: the board of a past revision, in the shape of a snapshot frame.

Pure; the records are what the log's reader gives for that revision.
"""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from clusters.realtime.board import Board, visible_items
from clusters.realtime.messages import TABLES
from clusters.registry.item import Item
from clusters.storage.store import Record


def tables_at(records: Iterable[Record]) -> bytes:
    """`{"pods": {"cols": [...], "rows": [...]}, ...}` as JSON: what a browser at that revision saw."""
    board = Board(visible_items(Item(record) for record in records))
    parts = [
        b'"%b":{"cols":%b,"rows":[%b]}' % (table.encode(), orjson.dumps(cols), b",".join(board.rows[table].values()))
        for table, cols in TABLES.items()
    ]
    return b"{" + b",".join(parts) + b"}"
