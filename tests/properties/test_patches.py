"""Laws of the patch kinds, on arbitrary documents."""

import copy

from hypothesis import given
from hypothesis import strategies as st

from clusters.machinery import schema
from clusters.machinery.patch.json import apply_json_patch
from clusters.machinery.patch.merge import merge_patch
from clusters.machinery.patch.strategic import strategic_merge_patch

scalars = st.one_of(st.booleans(), st.integers(-5, 5), st.text("ab/~", max_size=3))
names = st.text("ab/~0", min_size=1, max_size=3)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=12
)
objects = st.dictionaries(names, documents, max_size=4)


def merge_diff(old, new):
    """The merge patch from one to the other (neither has nulls)."""
    out = {}
    for key in old.keys() | new.keys():
        if key not in new:
            out[key] = None
        elif key not in old or old[key] != new[key] or type(old[key]) is not type(new[key]):
            both = isinstance(old.get(key), dict) and isinstance(new[key], dict)
            out[key] = merge_diff(old[key], new[key]) if both else new[key]
    return out


@given(objects, objects)
def test_a_merge_patch_leads_from_one_document_to_the_other(old, new):
    before = copy.deepcopy(old)
    assert merge_patch(old, merge_diff(old, new)) == new
    assert old == before


@given(objects, objects)
def test_a_merge_patch_applied_twice_is_applied_once(doc, patch):
    once = merge_patch(doc, patch)
    assert merge_patch(once, patch) == once


def pointer(path):
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in path)


def containers(value, path=()):
    """All (path, container) of a document."""
    if isinstance(value, dict | list):
        yield path, value
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from containers(item, (*path, key))


@given(objects, st.data(), documents)
def test_what_is_added_can_be_tested_and_removed_again(doc, data, value):
    path, container = data.draw(st.sampled_from(list(containers(doc))))
    if isinstance(container, dict):
        key = data.draw(names.filter(lambda n: n not in container))
    else:
        key = data.draw(st.integers(0, len(container)))
    at = pointer((*path, key))
    before = copy.deepcopy(doc)
    added = apply_json_patch(
        doc, [{"op": "add", "path": at, "value": value}, {"op": "test", "path": at, "value": value}]
    )
    assert doc == before
    assert apply_json_patch(added, [{"op": "remove", "path": at}]) == before


@given(objects, st.data())
def test_moving_there_and_back_is_nothing(doc, data):
    doc = {**doc, "source": data.draw(documents)}
    there = {"op": "move", "from": "/source", "path": "/target"}
    back = {"op": "move", "from": "/target", "path": "/source"}
    doc.pop("target", None)
    assert apply_json_patch(doc, [there, back]) == doc


# -- strategic merge on containers ------------------------------------------------------------------------

SPEC = schema.definitions().type("io.k8s.api.core.v1.PodSpec")
words = st.text("xyz", min_size=1, max_size=2)
env = st.lists(words, unique=True, max_size=3).map(lambda ns: [{"name": n, "value": n} for n in ns])


@st.composite
def container_lists(draw):
    out = []
    for name in draw(st.lists(st.sampled_from("abcde"), unique=True, max_size=4)):
        container = {"name": name, "image": draw(words), "env": draw(env)}
        if draw(st.booleans()):
            container["args"] = draw(st.lists(words, max_size=2))
        out.append(container)
    return out


pod_specs = st.fixed_dictionaries({"containers": container_lists(), "nodeSelector": st.dictionaries(words, words)})


def keyed_diff(old, new):
    """Elements to change, to add, and to delete, with the order of the new list."""
    before = {o["name"]: o for o in old}
    out = [{"name": n, "$patch": "delete"} for n in before if n not in {e["name"] for e in new}]
    for item in new:
        patch = {"name": item["name"]}
        known = before.get(item["name"])
        for key in (known or {}).keys() | item.keys():
            if key == "env" and known is not None:
                patch.update(list_patch("env", known.get("env", []), item.get("env", [])))
            elif key not in item:
                patch[key] = None
            elif known is None or known.get(key) != item[key]:
                patch[key] = item[key]
        out.append(patch)
    return out


def list_patch(key, old, new):
    return {f"$setElementOrder/{key}": [{"name": i["name"]} for i in new], key: keyed_diff(old, new)}


@given(pod_specs, pod_specs)
def test_a_strategic_patch_leads_from_one_pod_spec_to_the_other(old, new):
    patch = list_patch("containers", old["containers"], new["containers"])
    patch["nodeSelector"] = {
        k: new["nodeSelector"].get(k) for k in old["nodeSelector"].keys() | new["nodeSelector"].keys()
    }
    before = copy.deepcopy(old)
    assert strategic_merge_patch(old, patch, SPEC) == new
    assert old == before


@given(pod_specs, pod_specs)
def test_a_strategic_patch_applied_twice_is_applied_once(doc, patch):
    once = strategic_merge_patch(doc, patch, SPEC)
    twice = strategic_merge_patch(once, patch, SPEC)
    assert twice == once
    by_name = {c["name"]: c for c in once["containers"]}
    assert set(by_name) == {c["name"] for c in doc["containers"] + patch["containers"]}
    for container in patch["containers"]:
        assert by_name[container["name"]]["image"] == container["image"]


@given(pod_specs)
def test_a_document_patched_with_itself_stays(doc):
    assert strategic_merge_patch(doc, doc, SPEC) == doc
    assert merge_patch(doc, doc) == doc
