import pytest

from clusters.machinery import schema
from clusters.machinery.errors import ApiError, BadRequest
from clusters.machinery.patch.strategic import parse, strategic_merge_patch

TEMPLATE = "io.k8s.api.core.v1.PodTemplate"
SERVICE = "io.k8s.api.core.v1.Service"
DEPLOYMENT = "io.k8s.api.apps.v1.Deployment"

DOC = {
    "metadata": {"name": "a", "labels": {"x": "1"}, "finalizers": ["example.com/f"]},
    "template": {
        "spec": {
            "tolerations": [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
            "nodeSelector": {"disk": "ssd"},
            "imagePullSecrets": [{"name": "r1"}],
            "volumes": [{"name": "v", "emptyDir": {}}, {"name": "w", "configMap": {"name": "cm"}}],
            "containers": [
                {
                    "name": "c",
                    "image": "nginx",
                    "command": ["a", "b"],
                    "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 443}],
                    "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                },
                {"name": "d", "image": "redis"},
            ],
        }
    },
}


def patched(patch, doc=DOC, type_name=TEMPLATE):
    before = repr((doc, patch))
    out = strategic_merge_patch(doc, patch, schema.definitions().type(type_name))
    assert repr((doc, patch)) == before
    return out


def spec(patch):
    return patched({"template": {"spec": patch}})["template"]["spec"]


def test_lists_of_objects_merge_by_key_and_others_are_replaced():
    containers = spec({"containers": [{"name": "c", "image": "nginx:2", "command": ["z"]}]})["containers"]
    assert [c["name"] for c in containers] == ["c", "d"]
    assert containers[0]["image"] == "nginx:2"
    assert containers[0]["command"] == ["z"]
    assert containers[0]["env"] == DOC["template"]["spec"]["containers"][0]["env"]
    tolerations = [{"key": "b", "operator": "Exists"}]
    assert spec({"tolerations": tolerations})["tolerations"] == tolerations


def test_new_elements_stand_where_the_patch_has_them():
    ports = [{"containerPort": 80, "name": "web"}, {"containerPort": 8080}]
    merged = spec({"containers": [{"name": "c", "ports": ports}]})["containers"][0]["ports"]
    assert merged == [{"containerPort": 80, "name": "web"}, {"containerPort": 8080}, {"containerPort": 443}]
    assert spec({"imagePullSecrets": [{"name": "r2"}]})["imagePullSecrets"] == [{"name": "r2"}, {"name": "r1"}]


def test_elements_of_the_server_stay_among_those_of_the_patch():
    doc = {"spec": {"ports": [{"port": 80}, {"port": 81}]}}
    patch = {"spec": {"ports": [{"port": 81, "targetPort": 8081}, {"port": 82}]}}
    merged = patched(patch, doc, SERVICE)["spec"]["ports"]
    assert [p["port"] for p in merged] == [80, 81, 82]


def test_scalars_merge_as_sets():
    assert patched({"metadata": {"finalizers": ["example.com/g"]}})["metadata"]["finalizers"] == [
        "example.com/g",
        "example.com/f",
    ]


def test_delete_from_primitive_list():
    patch = {"$deleteFromPrimitiveList/finalizers": ["example.com/f"], "finalizers": ["example.com/h"]}
    assert patched({"metadata": patch})["metadata"]["finalizers"] == ["example.com/h"]


def test_patch_delete():
    out = spec(
        {
            "containers": [
                {"name": "d", "$patch": "delete"},
                {"name": "c", "env": [{"name": "A", "$patch": "delete"}]},
            ],
            "nodeSelector": {"$patch": "delete"},
        }
    )
    assert [c["name"] for c in out["containers"]] == ["c"]
    assert out["containers"][0]["env"] == [{"name": "B", "value": "2"}]
    assert out["nodeSelector"] == {}


def test_patch_replace():
    out = spec(
        {
            "containers": [{"$patch": "replace"}, {"name": "z", "image": "z"}],
            "nodeSelector": {"$patch": "replace", "zone": "a"},
        }
    )
    assert out["containers"] == [{"name": "z", "image": "z"}]
    assert out["nodeSelector"] == {"zone": "a"}


def test_null_deletes():
    out = patched({"metadata": {"labels": {"x": None}}, "template": {"spec": {"volumes": None}}})
    assert out["metadata"]["labels"] == {}
    assert "volumes" not in out["template"]["spec"]


def test_retain_keys_drops_what_it_does_not_name():
    patch = [{"$retainKeys": ["name", "configMap"], "name": "v", "configMap": {"name": "x"}}]
    assert spec({"volumes": patch})["volumes"][0] == {"name": "v", "configMap": {"name": "x"}}
    doc = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    strategy = {"$retainKeys": ["type"], "type": "Recreate"}
    assert patched({"spec": {"strategy": strategy}}, doc, DEPLOYMENT)["spec"]["strategy"] == {"type": "Recreate"}


def test_retain_keys_must_name_what_the_patch_sets():
    with pytest.raises(BadRequest, match="invalid patch format of retainKeys"):
        spec({"volumes": [{"$retainKeys": ["name"], "name": "v", "secret": {}}]})
    with pytest.raises(BadRequest, match="invalid patch format of retainKeys"):
        patched({"metadata": {"$retainKeys": "x"}})


def test_set_element_order_orders_the_list():
    order = [{"name": "d"}, {"name": "new"}, {"name": "c"}]
    out = spec({"$setElementOrder/containers": order, "containers": [{"name": "new", "image": "n"}]})
    assert [c["name"] for c in out["containers"]] == ["d", "new", "c"]
    out = spec({"$setElementOrder/containers": [{"name": "d"}, {"name": "c"}]})
    assert [c["name"] for c in out["containers"]] == ["d", "c"]


def test_set_element_order_keeps_what_it_does_not_name_in_place():
    doc = {"metadata": {"finalizers": ["a", "b", "c"]}}
    patch = {"metadata": {"$setElementOrder/finalizers": ["c", "a"]}}
    assert patched(patch, doc)["metadata"]["finalizers"] == ["b", "c", "a"]


def test_set_element_order_must_fit_the_patch():
    with pytest.raises(ApiError, match="The order in patch list"):
        spec(
            {
                "$setElementOrder/containers": [{"name": "d"}, {"name": "c"}],
                "containers": [{"name": "c"}, {"name": "d"}],
            }
        )


def test_directives_do_not_survive_in_what_is_new():
    out = patched(
        {"template": {"spec": {"affinity": {"$patch": "replace", "nodeAffinity": {"x": None}}}}}, {"metadata": {}}
    )
    assert out["template"]["spec"] == {"affinity": {"nodeAffinity": {}}}


def test_elements_need_their_key():
    with pytest.raises(ApiError) as refused:
        spec({"containers": [{"image": "x"}]})
    assert refused.value.message == "map: map[image:x] does not contain declared merge key: name"
    assert refused.value.code == 500


def test_unknown_directives_are_refused():
    with pytest.raises(ApiError, match="unknown patch type: frob in map"):
        spec({"containers": [{"name": "c", "$patch": "frob"}]})


def test_lists_of_lists_are_refused():
    with pytest.raises(ApiError) as refused:
        patched({"metadata": {"finalizers": [["x"]]}})
    assert refused.value.code == 422


def test_bodies_that_are_no_patches():
    with pytest.raises(BadRequest, match=r"^json: cannot unmarshal string"):
        parse(b'"x"')
