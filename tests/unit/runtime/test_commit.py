"""What a session writes while it is told of others' writes is committed, too, and hides nothing of theirs."""

from __future__ import annotations

from typing import ClassVar

from clusters.client.component import Env
from clusters.machinery.types import Obj, UserInfo
from clusters.runtime.session import Session
from tests.support.cluster import Cluster

USER = UserInfo(name="tester", groups=("system:masters",))


def config_map(name: str) -> Obj:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}


class Answering:
    """Answers each ConfigMap `ask-N` with one `answer-N`, from its change handler."""

    name: ClassVar[str] = "answering"
    user: ClassVar[UserInfo] = USER
    process: ClassVar[str] = "answering"

    def __init__(self, env: Env) -> None:
        self.client = env.client
        env.informers["configmaps"].on_change(self._changed)

    def _changed(self, old: Obj | None, new: Obj | None) -> None:
        if old is None and new is not None and new["metadata"]["name"].startswith("ask-"):
            self.client.create("configmaps", "default", config_map(new["metadata"]["name"].replace("ask", "answer")))

    def step(self) -> bool:
        return False


def test_writes_of_change_handlers_are_committed_and_hide_nothing_of_others() -> None:
    store = Cluster(workers=1).session.store
    ours = Session(store, seed=1, now=0, components=[Answering])
    theirs = Session(store, seed=1, now=0, components=[])
    ours.run(None)
    theirs.refresh()
    own, other = ours.client(USER, "ours"), theirs.client(USER, "theirs")
    for i in range(3):
        # Both write beside each other; ours is told of theirs while it commits, and answers then.
        own.create("configmaps", "default", config_map(f"own-{i}"))
        other.create("configmaps", "default", config_map(f"ask-{i}"))
        theirs.commit()
        assert ours.commit()
        assert theirs.refresh() == 2
        other.create("configmaps", "default", config_map(f"more-{i}"))
        theirs.commit()
        assert ours.refresh() == 1
    names = {"ask", "answer", "more", "own"}
    wanted = {f"{name}-{i}" for name in names for i in range(3)}
    for client in (own, other):
        found = {o["metadata"]["name"] for o in client.list("configmaps", "default")}
        assert wanted <= found
