import pytest

from clusters.machinery import schema
from clusters.machinery.complete import complete
from clusters.machinery.patch import fieldset
from clusters.machinery.patch.managedfields import keep_times, track

T1, T2, T3 = "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z", "2026-01-01T00:00:03Z"
CONFIG_MAP = schema.definitions().type("io.k8s.api.core.v1.ConfigMap")
POD = schema.definitions().type("io.k8s.api.core.v1.Pod")
TEMPLATE = schema.definitions().type("io.k8s.api.core.v1.PodTemplate")
INGRESS = schema.definitions().type("io.k8s.api.networking.v1.Ingress")


def write(old, new, manager="me", time=T1, type_=CONFIG_MAP, **kwargs):
    """`new` as it is stored after `manager` wrote it."""
    new = complete(new, type_, old)
    entries = track(old, new, manager=manager, api_version="v1", time=time, type_=type_, **kwargs)
    meta = {k: v for k, v in new["metadata"].items() if k != "managedFields"}
    if entries:
        meta["managedFields"] = entries
    return {**new, "metadata": meta}


def config_map(meta=None, **data):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **(meta or {})}, "data": data}


def fields(obj):
    return {e["manager"]: e["fieldsV1"] for e in obj["metadata"].get("managedFields", ())}


def test_a_created_object_belongs_to_its_creator():
    obj = write(None, config_map({"labels": {"x": "1"}}, k1="v1", k2="v2"))
    assert obj["metadata"]["managedFields"] == [
        {
            "manager": "me",
            "operation": "Update",
            "apiVersion": "v1",
            "time": T1,
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:data": {".": {}, "f:k1": {}, "f:k2": {}},
                "f:metadata": {"f:labels": {".": {}, "f:x": {}}},
            },
        }
    ]


def test_lists_sets_atomics_and_zeros_of_a_template():
    obj = {
        "metadata": {"name": "a", "finalizers": ["example.com/f"]},
        "template": {
            "metadata": {"labels": {"app": "w"}},
            "spec": {
                "tolerations": [{"key": "a"}],
                "nodeSelector": {"disk": "ssd"},
                "imagePullSecrets": [{"name": "r1"}],
                "containers": [
                    {
                        "name": "c",
                        "command": ["a", "b"],
                        "ports": [{"containerPort": 80, "protocol": "TCP"}, {"containerPort": 443}],
                    }
                ],
            },
        },
    }
    assert fields(write(None, obj, type_=TEMPLATE))["me"] == {
        "f:metadata": {"f:finalizers": {".": {}, 'v:"example.com/f"': {}}},
        "f:template": {
            "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
            "f:spec": {
                "f:containers": {
                    'k:{"name":"c"}': {
                        ".": {},
                        "f:command": {},
                        "f:name": {},
                        "f:ports": {
                            ".": {},
                            'k:{"containerPort":80,"protocol":"TCP"}': {
                                ".": {},
                                "f:containerPort": {},
                                "f:protocol": {},
                            },
                            'k:{"containerPort":443,"protocol":"TCP"}': {".": {}, "f:containerPort": {}},
                        },
                        "f:resources": {},
                    }
                },
                "f:imagePullSecrets": {".": {}, 'k:{"name":"r1"}': {}},
                "f:nodeSelector": {},
                "f:tolerations": {},
            },
        },
    }


def test_who_changes_a_field_owns_it_and_others_lose_it():
    first = write(None, config_map(k1="v1", k2="v2"), "alice")
    second = write(first, {**first, "data": {"k1": "changed", "k2": "v2", "k3": "new"}}, "bob", T2)
    assert fields(second) == {
        "alice": {"f:data": {".": {}, "f:k2": {}}},
        "bob": {"f:data": {"f:k1": {}, "f:k3": {}}},
    }
    assert [e["time"] for e in second["metadata"]["managedFields"]] == [T1, T2]


def test_removed_fields_belong_to_nobody_and_managers_without_fields_go():
    first = write(None, config_map(k1="v1"), "alice")
    second = write(first, {**first, "data": {"k1": "mine"}}, "bob", T2)
    third = write(second, {k: v for k, v in second.items() if k != "data"}, "carol", T3)
    assert "managedFields" not in third["metadata"]


def test_nothing_changes_without_a_change():
    first = write(None, config_map(k1="v1"), "alice")
    entries = first["metadata"]["managedFields"]
    again = {**first, "metadata": dict(first["metadata"]), "data": dict(first["data"])}
    assert track(first, again, manager="bob", api_version="v1", time=T2, type_=CONFIG_MAP) is entries


def test_a_manager_keeps_what_it_has_when_it_changes_more():
    first = write(None, config_map(k1="v1"), "alice")
    second = write(first, {**first, "data": {"k1": "v1", "k2": "v2"}}, "alice", T2)
    (entry,) = second["metadata"]["managedFields"]
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:k1": {}, "f:k2": {}}}
    assert entry["time"] == T2


def test_status_is_owned_through_its_subresource_only():
    first = write(None, {"metadata": {"name": "a"}, "spec": {"ingressClassName": "x"}}, "me", type_=INGRESS)
    assert fields(first) == {"me": {"f:spec": {"f:ingressClassName": {}}}}
    status = {"loadBalancer": {"ingress": [{"hostname": "a.example.com"}]}}
    changed = {**first, "status": status, "spec": {"ingressClassName": "ignored"}}
    second = write(first, changed, "st", T2, INGRESS, subresource="status")
    (entry,) = [e for e in second["metadata"]["managedFields"] if e["manager"] == "st"]
    assert entry["subresource"] == "status"
    assert entry["fieldsV1"] == {"f:status": {"f:loadBalancer": {"f:ingress": {}}}}
    third = write(second, {**second, "status": {}}, "me", T3, INGRESS)
    assert fields(third) == fields(second)


def test_an_empty_list_or_entry_makes_everybody_forgotten():
    first = write(None, config_map(k1="v1"))
    for reset in ([], [{}]):
        meta = {**first["metadata"], "managedFields": reset}
        second = write(first, {**first, "metadata": meta}, "bob", T2)
        assert "managedFields" not in second["metadata"]
        third = write(second, {**second, "data": {"k1": "x"}}, "bob", T3)
        assert "managedFields" not in third["metadata"]


def test_a_request_may_edit_the_list_but_a_malformed_one_does_not_count():
    first = write(None, config_map(k1="v1"), "alice")
    (entry,) = first["metadata"]["managedFields"]
    renamed = {**first["metadata"], "managedFields": [{**entry, "manager": "renamed"}]}
    assert list(fields(write(first, {**first, "metadata": renamed}, "bob", T2))) == ["renamed"]
    broken = {**first["metadata"], "managedFields": [{**entry, "operation": "Frob"}]}
    assert list(fields(write(first, {**first, "metadata": broken}, "bob", T2))) == ["alice"]


def test_old_updaters_are_merged_into_ancient_changes():
    obj = write(None, config_map(k0="0"), "m0", "2026-01-01T00:00:00Z")
    for i in range(1, 13):
        data = {**obj["data"], f"k{i}": "x"}
        obj = write(obj, {**obj, "data": data}, f"m{i}", f"2026-01-01T00:00:{i:02d}Z")
    owners = fields(obj)
    assert len(owners) == 10
    assert owners["ancient-changes"] == {"f:data": {".": {}, "f:k0": {}, "f:k1": {}, "f:k2": {}, "f:k3": {}}}
    assert "m12" in owners


def test_a_nameless_manager_is_unknown():
    assert list(fields(write(None, config_map(k="v"), ""))) == ["unknown"]


def test_pod_conditions_are_owned_by_type():
    base = write(None, {"metadata": {"name": "p"}, "spec": {"containers": []}}, type_=POD)
    conditions = [{"type": "Ready", "status": "True", "lastProbeTime": None, "lastTransitionTime": T1}]
    ready = write(base, {**base, "status": {"conditions": conditions}}, "kubelet", T2, POD, subresource="status")
    assert fields(ready)["kubelet"] == {
        "f:status": {
            "f:conditions": {
                ".": {},
                'k:{"type":"Ready"}': {
                    ".": {},
                    "f:lastProbeTime": {},
                    "f:lastTransitionTime": {},
                    "f:status": {},
                    "f:type": {},
                },
            }
        }
    }


def test_times_alone_do_not_make_a_change():
    first = write(None, config_map(k="v"))
    (entry,) = first["metadata"]["managedFields"]
    later = {**first, "metadata": {**first["metadata"], "managedFields": [{**entry, "time": T3}]}}
    assert keep_times(later, first) == first
    other = {**first, "metadata": {**first["metadata"], "managedFields": [{**entry, "manager": "x", "time": T3}]}}
    assert keep_times(other, first) is other


# -- sets ------------------------------------------------------------------------------------------------

A = {"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}}
B = {"f:a": {"f:x": {}}, "f:c": {"f:z": {}}}


def test_union_difference_and_intersection():
    assert fieldset.union(A, B) == {"f:a": {".": {}, "f:x": {}, "f:y": {}}, "f:b": {}, "f:c": {"f:z": {}}}
    assert fieldset.difference(A, B) == {"f:a": {".": {}, "f:y": {}}, "f:b": {}}
    assert fieldset.intersection(A, B) == {"f:a": {"f:x": {}}}
    assert fieldset.without_subtrees(A, {"f:a": {}}) == {"f:b": {}}


def test_operations_share_what_they_keep():
    assert fieldset.difference(A, {"f:c": {}}) is A
    assert fieldset.union(A, {}) is A


def test_paths_are_shown_as_conflicts_show_them():
    found = {
        "f:spec": {
            'k:{"port":1,"protocol":"TCP"}': {".": {}, "f:name": {}},
            'v:"x"': {},
            "f:b": {},
            "f:a": {"f:c": {}},
        }
    }
    assert list(fieldset.paths(found)) == [
        ".spec.b",
        '.spec[port=1,protocol="TCP"]',
        '.spec[="x"]',
        ".spec.a.c",
        '.spec[port=1,protocol="TCP"].name',
    ]


@pytest.mark.parametrize("key", ["f:a.b", "f:", 'k:{"a":true}', "v:1.5"])
def test_odd_elements_can_be_shown(key):
    assert list(fieldset.paths({key: {}}))
