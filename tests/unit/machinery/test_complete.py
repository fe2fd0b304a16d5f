from clusters.machinery import schema
from clusters.machinery.complete import complete, complete_in_place

POD = "io.k8s.api.core.v1.Pod"
DEPLOYMENT = "io.k8s.api.apps.v1.Deployment"


def type_of(name):
    return schema.definitions().type(name)


def test_structs_held_by_value_and_required_fields_are_written():
    pod = {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}
    assert complete(pod, type_of(POD)) == {
        "metadata": {"name": "a"},
        "spec": {"containers": [{"name": "c", "resources": {}}]},
        "status": {},
    }
    assert pod == {"metadata": {"name": "a"}, "spec": {"containers": [{"name": "c"}]}}


def test_unset_required_lists_and_pointers_are_null():
    done = complete({}, type_of(DEPLOYMENT))
    assert done["spec"]["selector"] is None
    assert done["spec"]["template"] == {"metadata": {}, "spec": {"containers": None}}


def test_zeros_are_private_to_the_object():
    one, two = complete({}, type_of(POD)), complete({}, type_of(POD))
    one["status"]["phase"] = "Running"
    assert two["status"] == {}


def test_a_complete_object_is_returned_itself():
    done = complete({"spec": {"containers": []}}, type_of(POD))
    assert complete(done, type_of(POD)) is done


def test_what_is_shared_with_a_known_object_is_not_looked_at():
    spec = {"containers": [{"name": "incomplete"}]}
    known = {"metadata": {}, "spec": spec, "status": {}}
    done = complete({"metadata": {}, "spec": spec, "status": {"phase": "x"}}, type_of(POD), known)
    assert done["spec"] is spec


def test_in_place_keeps_the_object_and_its_metadata():
    meta = {"name": "a", "ownerReferences": [{"name": "x"}]}
    obj = {"metadata": meta, "spec": {"containers": []}}
    complete_in_place(obj, type_of(POD))
    assert obj["metadata"] is meta
    assert meta["ownerReferences"] == [{"name": "x", "apiVersion": "", "kind": "", "uid": ""}]
    assert obj["status"] == {}


def test_custom_resources_have_no_zeros():
    custom = schema.from_openapi({"type": "object", "properties": {"status": {"type": "object"}}}, "Widget")
    obj = {"spec": {}}
    assert complete(obj, custom) is obj
