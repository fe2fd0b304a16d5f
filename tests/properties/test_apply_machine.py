"""Server-side apply and field tracking against a tiny model: a map of values and who owns which key."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from clusters.machinery import schema
from clusters.machinery.complete import complete
from clusters.machinery.errors import Conflict
from clusters.machinery.patch.apply import server_side_apply
from clusters.machinery.patch.managedfields import track

TYPE = schema.definitions().type("io.k8s.api.core.v1.ConfigMap")
TIME = "2026-01-01T00:00:00Z"

managers = st.sampled_from(["ann", "bob", "cat"])
data = st.dictionaries(st.sampled_from("klmn"), st.sampled_from("12"), max_size=4)


def config_map(values):
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    return {**obj, "data": dict(values)} if values else obj


class Ownership(RuleBasedStateMachine):
    """Ownership is per key of `data`. The manager `root` owns a label throughout, so tracking never ends."""

    def __init__(self):
        super().__init__()
        obj = config_map({})
        obj["metadata"]["labels"] = {"root": "yes"}
        self.live = self._tracked(None, obj, "root")
        self.values = {}
        self.owners = {}  # (manager, operation) -> keys

    def _tracked(self, old, new, manager):
        new = complete(new, TYPE, old)
        entries = track(old, new, manager=manager, api_version="v1", time=TIME, type_=TYPE)
        return {**new, "metadata": {**new["metadata"], "managedFields": entries}}

    def _disown(self, keys):
        for owned in self.owners.values():
            owned -= keys

    @rule(manager=managers, values=data)
    def update(self, manager, values):
        changed = {k for k, v in values.items() if self.values.get(k) != v}
        self._disown(changed | (self.values.keys() - values.keys()))
        self.owners.setdefault((manager, "Update"), set()).update(changed)
        self.values = dict(values)
        new = {k: v for k, v in self.live.items() if k != "data"}
        if values:
            new["data"] = dict(values)
        self.live = self._tracked(self.live, new, manager)

    @rule(manager=managers, values=data, force=st.booleans())
    def apply(self, manager, values, force):
        mine = (manager, "Apply")
        changed = {k for k, v in values.items() if self.values.get(k) != v}
        others = {k for who, keys in self.owners.items() if who != mine for k in keys}
        dropped = self.owners.get(mine, set()) - values.keys() - others
        try:
            self.live = server_side_apply(
                self.live,
                config_map(values),
                manager=manager,
                force=force,
                api_version="v1",
                kind="ConfigMap",
                time=TIME,
                type_=TYPE,
            )
        except Conflict as conflict:
            assert not force
            fields = {c["field"].removeprefix(".data.") for c in conflict.details["causes"]}
            assert fields == changed & others
            return
        assert force or not changed & others
        self._disown(changed)
        self.owners[mine] = set(values)
        self.values = {k: v for k, v in self.values.items() if k not in dropped} | values

    @rule(manager=managers, values=data)
    def applying_twice_is_applying_once(self, manager, values):
        self.apply(manager, values, force=True)
        before = self.live
        self.apply(manager, values, force=False)
        assert self.live is before

    @invariant()
    def values_are_those_of_the_model(self):
        assert self.live.get("data", {}) == self.values

    @invariant()
    def owners_are_those_of_the_model(self):
        found = {}
        for entry in self.live["metadata"]["managedFields"]:
            keys = {k[2:] for k in entry["fieldsV1"].get("f:data", {}) if k != "."}
            if keys:
                found[entry["manager"], entry["operation"]] = keys
        assert found == {who: keys for who, keys in self.owners.items() if keys}

    @invariant()
    def every_value_has_an_owner(self):
        owned = set().union(*self.owners.values()) if self.owners else set()
        assert owned == self.values.keys()


Ownership.TestCase.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
TestOwnership = Ownership.TestCase
