"""What happened in the cluster, as far as it may let a waiting Pod run.

Plugins are asked about each event (`Plugin.helps`) for the Pods that they refused.
Models: kube-scheduler, eventhandlers and queueing hints.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from clusters.machinery.types import Obj


class Action(enum.Enum):
    ADD = "Add"
    UPDATE = "Update"
    DELETE = "Delete"


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """A change of one object. `resource` is its qualified name; of Pods, those on a node are meant."""

    resource: str
    old: Obj | None
    new: Obj | None

    @property
    def action(self) -> Action:
        if self.old is None:
            return Action.ADD
        return Action.DELETE if self.new is None else Action.UPDATE

    @property
    def obj(self) -> Obj:
        """The object as it is now, or was last."""
        found = self.new if self.new is not None else self.old
        assert found is not None
        return found

    def changed(self, *path: str) -> bool:
        """Whether the value at `path` differs between old and new (an addition changes everything)."""
        return _at(self.old, path) != _at(self.new, path)


def _at(obj: Obj | None, path: tuple[str, ...]) -> object:
    found: object = obj
    for part in path:
        if not isinstance(found, dict):
            return None
        found = found.get(part)
    return found
