import pytest

from clusters.machinery import schema
from clusters.machinery.complete import complete
from clusters.machinery.errors import ApiError, BadRequest, Conflict
from clusters.machinery.patch.apply import LAST_APPLIED, parse, server_side_apply
from clusters.machinery.patch.managedfields import track

T1, T2 = "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"
KINDS = {
    "ConfigMap": schema.definitions().type("io.k8s.api.core.v1.ConfigMap"),
    "PodTemplate": schema.definitions().type("io.k8s.api.core.v1.PodTemplate"),
    "Service": schema.definitions().type("io.k8s.api.core.v1.Service"),
    "Widget": schema.from_openapi(
        {
            "type": "object",
            "properties": {
                "spec": {
                    "type": "object",
                    "properties": {
                        "ports": {
                            "type": "array",
                            "x-kubernetes-list-type": "map",
                            "x-kubernetes-list-map-keys": ["port"],
                            "items": {
                                "type": "object",
                                "properties": {"port": {"type": "integer"}, "name": {"type": "string"}},
                            },
                        },
                        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
                        "plain": {"type": "array", "items": {"type": "string"}},
                        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                    },
                }
            },
        },
        "Widget",
    ),
}


def apply(live, config, manager="mgr", time=T1, force=False, subresource=""):
    kind = config["kind"]
    out = server_side_apply(
        live,
        config,
        manager=manager,
        force=force,
        api_version="v1",
        kind=kind,
        time=time,
        subresource=subresource,
        type_=KINDS[kind],
    )
    return out if out is live else complete(out, KINDS[kind], live)


def update(old, new, manager, time=T1, subresource=""):
    type_ = KINDS[new["kind"]]
    new = complete(new, type_, old)
    entries = track(old, new, manager=manager, api_version="v1", time=time, subresource=subresource, type_=type_)
    return {**new, "metadata": {**new["metadata"], "managedFields": entries}}


def config_map(data=None, **meta):
    out = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", **meta}}
    return out if data is None else {**out, "data": data}


def template(**spec):
    return {"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "a"}, "template": {"spec": spec}}


def widget(**spec):
    return {"apiVersion": "v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec}


def fields(obj):
    return {e["manager"]: e["fieldsV1"] for e in obj["metadata"].get("managedFields", ())}


def test_apply_creates():
    obj = apply(None, config_map({"k1": "v1", "k2": "v2"}))
    assert obj["data"] == {"k1": "v1", "k2": "v2"}
    assert obj["metadata"]["managedFields"] == [
        {
            "manager": "mgr",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": T1,
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:k1": {}, "f:k2": {}}},
        }
    ]


def test_applying_less_removes_what_one_owned_alone():
    live = apply(None, config_map({"k1": "v1", "k2": "v2"}))
    live = apply(live, config_map({"k2": "changed"}, labels={"l": "m"}), time=T2)
    assert live["data"] == {"k2": "changed"}
    assert live["metadata"]["labels"] == {"l": "m"}
    assert live["metadata"]["name"] == "a"
    assert fields(live) == {"mgr": {"f:data": {"f:k2": {}}, "f:metadata": {"f:labels": {"f:l": {}}}}}
    live = apply(live, config_map())
    assert "data" not in live
    assert "labels" not in live["metadata"]
    assert "managedFields" not in live["metadata"]


def test_shared_fields_stay_until_the_last_owner_lets_go():
    live = apply(None, config_map({"k": "v"}), "one")
    live = apply(live, config_map({"k": "v"}), "two", T2)
    live = apply(live, config_map(), "one", T2)
    assert live["data"] == {"k": "v"}
    assert "data" not in apply(live, config_map(), "two", T2)


def test_fields_of_updaters_are_not_removed():
    live = apply(None, config_map({"k": "v"}), "one")
    live = update(live, {**live, "data": {"k": "other", "new": "x"}}, "bob", T2)
    assert apply(live, config_map(), "one", T2)["data"] == {"k": "other", "new": "x"}


def test_a_field_of_another_manager_is_a_conflict():
    live = update(None, config_map({"k1": "v1", "k2": "v2"}), "bob")
    with pytest.raises(Conflict) as conflict:
        apply(live, config_map({"k1": "mine", "k9": "x"}))
    assert conflict.value.message == 'Apply failed with 1 conflict: conflict with "bob" using v1: .data.k1'
    assert conflict.value.status()["details"] == {
        "causes": [{"reason": "FieldManagerConflict", "message": 'conflict with "bob" using v1', "field": ".data.k1"}]
    }


def test_conflicts_are_listed_by_manager():
    live = update(None, config_map({"k1": "v1", "k2": "v2"}), "bob")
    live = update(live, {**live, "data": {**live["data"], "k3": "v3"}}, "carol")
    with pytest.raises(Conflict) as conflict:
        apply(live, config_map({"k1": "x", "k2": "x", "k3": "x"}))
    assert conflict.value.message == (
        'Apply failed with 3 conflicts: conflicts with "bob" using v1:\n- .data.k1\n- .data.k2\n'
        'conflicts with "carol" using v1:\n- .data.k3'
    )


def test_conflicts_name_list_keys_and_subresources():
    port = {"containerPort": 80, "protocol": "TCP"}
    live = apply(None, template(containers=[{"name": "c", "image": "x", "ports": [{**port, "name": "h"}]}]), "one")
    with pytest.raises(Conflict) as conflict:
        apply(live, template(containers=[{"name": "c", "image": "y", "ports": [{**port, "name": "w"}]}]), "two")
    assert [c["field"] for c in conflict.value.details["causes"]] == [
        '.template.spec.containers[name="c"].image',
        '.template.spec.containers[name="c"].ports[containerPort=80,protocol="TCP"].name',
    ]
    live = update(live, {**live, "metadata": {**live["metadata"], "labels": {"a": "b"}}}, "scaler", T2, "scale")
    with pytest.raises(Conflict, match='conflict with "scaler" with subresource "scale" using v1: '):
        apply(live, {**template(), "metadata": {"name": "a", "labels": {"a": "c"}}}, "two")


def test_the_same_value_is_shared_and_not_a_conflict():
    live = update(None, config_map({"k": "v"}), "bob")
    live = apply(live, config_map({"k": "v"}), time=T2)
    assert fields(live) == {"mgr": {"f:data": {"f:k": {}}}, "bob": {"f:data": {".": {}, "f:k": {}}}}


def test_force_takes_the_field():
    live = update(None, config_map({"k1": "v1", "k2": "v2"}), "bob")
    live = apply(live, config_map({"k1": "mine"}), time=T2, force=True)
    assert live["data"] == {"k1": "mine", "k2": "v2"}
    assert fields(live) == {"mgr": {"f:data": {"f:k1": {}}}, "bob": {"f:data": {".": {}, "f:k2": {}}}}


def test_nothing_new_changes_nothing():
    live = apply(None, config_map({"k": "v"}))
    assert apply(live, config_map({"k": "v"}), time=T2) is live


def test_keyed_lists_merge_by_their_keys_in_order():
    live = apply(None, template(containers=[{"name": "c", "image": "x", "env": [{"name": "A", "value": "1"}]}]), "one")
    live = apply(live, template(containers=[{"name": "c", "env": [{"name": "B"}]}, {"name": "d"}]), "two", T2)
    containers = live["template"]["spec"]["containers"]
    assert [c["name"] for c in containers] == ["c", "d"]
    assert [e["name"] for e in containers[0]["env"]] == ["A", "B"]
    live = apply(live, template(containers=[{"name": "c", "image": "x"}]), "one", T2)
    assert [e["name"] for e in live["template"]["spec"]["containers"][0]["env"]] == ["B"]


def test_keys_of_ports_have_a_default():
    live = apply(None, template(containers=[{"name": "c", "ports": [{"containerPort": 80}]}]))
    (ports,) = (c["ports"] for c in live["template"]["spec"]["containers"])
    ports[0]["protocol"] = "TCP"  # as defaulting does
    again = template(containers=[{"name": "c", "ports": [{"containerPort": 80, "name": "http"}]}])
    live = apply(live, again, time=T2)
    assert live["template"]["spec"]["containers"][0]["ports"] == [
        {"containerPort": 80, "protocol": "TCP", "name": "http"}
    ]


def test_sets_are_owned_by_value():
    live = apply(None, config_map(finalizers=["example.com/a"]), "one")
    live = apply(live, config_map(finalizers=["example.com/b"]), "two", T2)
    assert live["metadata"]["finalizers"] == ["example.com/a", "example.com/b"]
    assert fields(live)["two"] == {"f:metadata": {"f:finalizers": {'v:"example.com/b"': {}}}}
    assert apply(live, config_map(finalizers=[]), "one", T2)["metadata"]["finalizers"] == ["example.com/b"]


def test_atomic_fields_are_one():
    live = apply(None, template(nodeSelector={"a": "b"}), "one")
    assert fields(live)["one"] == {"f:template": {"f:spec": {"f:nodeSelector": {}}}}
    with pytest.raises(Conflict, match=r"\.template\.spec\.nodeSelector"):
        apply(live, template(nodeSelector={"c": "d"}), "two")
    live = apply(live, template(nodeSelector={"c": "d"}), "two", force=True)
    assert live["template"]["spec"]["nodeSelector"] == {"c": "d"}


def test_what_was_there_before_belongs_to_before_first_apply():
    live = complete(config_map({"k": "v"}), KINDS["ConfigMap"])
    with pytest.raises(Conflict) as conflict:
        apply(live, config_map({"k": "mine"}))
    assert 'conflict with "before-first-apply" using v1: .data.k' in conflict.value.message
    assert fields(apply(live, config_map({"x": "y"})))["before-first-apply"] == {"f:data": {".": {}, "f:k": {}}}


def test_kubectl_takes_over_from_client_side_apply():
    text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}}'
    live = update(None, config_map({"k": "v"}, annotations={LAST_APPLIED: text}), "kubectl-client-side-apply")
    with pytest.raises(Conflict):
        apply(live, config_map({"k": "new"}), "somebody")
    live = apply(live, config_map({"k": "new"}), "kubectl", T2)
    assert live["data"] == {"k": "new"}
    assert '"k":"new"' in live["metadata"]["annotations"][LAST_APPLIED]


def test_quantities_become_canonical():
    limits = {"cpu": "0.5"}
    live = apply(None, template(containers=[{"name": "c", "resources": {"limits": limits}}]))
    assert live["template"]["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "500m"}


def test_custom_resources_with_list_maps_and_sets():
    live = apply(None, widget(ports=[{"port": 1, "name": "a"}], tags=["x"], plain=["p"], free={"a": {"b": 1}}), "one")
    live = apply(live, widget(ports=[{"port": 2}], tags=["y"], free={"a": {"c": 2}}), "two", T2)
    assert live["spec"]["ports"] == [{"port": 1, "name": "a"}, {"port": 2}]
    assert live["spec"]["tags"] == ["x", "y"]
    assert live["spec"]["free"] == {"a": {"b": 1, "c": 2}}
    with pytest.raises(Conflict) as conflict:
        apply(live, widget(plain=["q"]), "two")
    assert conflict.value.message == 'Apply failed with 1 conflict: conflict with "one": .spec.plain'
    live = apply(live, widget(tags=["x"]), "one", T2)
    assert live["spec"] == {"ports": [{"port": 2}], "tags": ["x", "y"], "free": {"a": {"c": 2}}}


def test_free_form_values_may_change_their_shape():
    live = apply(None, widget(free={"a": {"b": 1}, "c": [1]}))
    live = apply(live, widget(free={"a": [2], "c": {"d": 3}}), time=T2)
    assert live["spec"]["free"] == {"a": [2], "c": {"d": 3}}
    live = update(live, {**live, "spec": {"free": {"a": 1}}}, "bob", T2)
    assert fields(live)["bob"] == {"f:spec": {"f:free": {"f:a": {}}}}


# -- refusals ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"metadata": {"name": "a"}}, "invalid object type: /, Kind="),
        ({"apiVersion": "v1", "metadata": {"name": "a"}}, "invalid object type: /v1, Kind="),
        ({"apiVersion": "apps/v1", "kind": "ConfigMap"}, "invalid object type: apps/v1, Kind=ConfigMap"),
        (config_map(managedFields=[]), "metadata.managedFields must be nil"),
    ],
)
def test_configurations_that_cannot_be_applied(config, message):
    with pytest.raises(BadRequest) as refused:
        server_side_apply(
            None, config, manager="m", api_version="v1", kind="ConfigMap", time=T1, type_=KINDS["ConfigMap"]
        )
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            template(containers=[{"name": "c"}, {"name": "c"}]),
            "failed to create typed patch object (/a; /v1, Kind=PodTemplate): .template.spec.containers: duplicate "
            'entries for key [name="c"]',
        ),
        (
            template(containers=[{"name": "c", "nope": 1}]),
            "failed to create typed patch object (/a; /v1, Kind=PodTemplate): "
            '.template.spec.containers[name="c"].nope: field not declared in schema',
        ),
        (
            widget(ports=[{"name": "x"}]),
            "failed to create typed patch object (/w; /v1, Kind=Widget): .spec.ports: element 0: associative list with "
            'keys has an element that omits key field "port" (and doesn\'t have default value)',
        ),
        (
            widget(ports=[{"port": "x"}]),
            'failed to create typed patch object (/w; /v1, Kind=Widget): .spec.ports[port="x"].port: expected numeric '
            "(int or float), got string",
        ),
        (
            widget(plain="x", tags={"a": 1}),
            "failed to create typed patch object (/w; /v1, Kind=Widget): errors:\n  .spec.plain: expected list, got x\n"
            "  .spec.tags: expected list, got map[a:1]",
        ),
        (
            config_map({"k": 5}),
            "failed to create typed patch object (/a; /v1, Kind=ConfigMap): .data.k: expected string, got 5",
        ),
    ],
)
def test_configurations_that_do_not_fit_the_type(config, message):
    with pytest.raises(ApiError) as refused:
        apply(None, config)
    assert refused.value.message == message
    assert (refused.value.code, refused.value.reason) == (500, "")


# -- bodies -----------------------------------------------------------------------------------------------


def test_bodies_are_yaml_or_json():
    assert parse(b"a: 1\nb: yes") == ({"a": 1, "b": True}, [])
    assert parse(b'{"a": 1}') == ({"a": 1}, [])
    assert parse(b"{a: 1}") == ({"a": 1}, [])


def test_duplicates_in_bodies_are_named():
    value, wrong = parse(b'{"a": 1, "a": 2}')
    assert value == {"a": 2}
    assert wrong == ['error converting YAML to JSON: yaml: unmarshal errors:\n  line 1: key "a" already set in map']


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"a: b: c",
            "error decoding YAML: error converting YAML to JSON: yaml: mapping values are not allowed in this context",
        ),
        (
            b"- a",
            "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go "
            "value of type map[string]interface {}",
        ),
    ],
)
def test_bodies_that_cannot_be_applied(body, message):
    with pytest.raises(BadRequest) as refused:
        parse(body)
    assert refused.value.message == message
