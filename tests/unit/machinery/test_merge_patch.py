import pytest

from clusters.machinery.errors import BadRequest
from clusters.machinery.patch.merge import merge_patch, parse


@pytest.mark.parametrize(
    ("doc", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({}, {"a": [{"b": None}, None]}, {"a": [{}, None]}),
        ({"a": {"x": 1}}, {"a": {"y": {"z": None}}}, {"a": {"x": 1, "y": {}}}),
    ],
)
def test_merging(doc, patch, result):
    before = repr((doc, patch))
    assert merge_patch(doc, patch) == result
    assert repr((doc, patch)) == before


def test_what_is_untouched_is_shared():
    doc = {"spec": {"deep": {}}, "metadata": {"labels": {"a": "b"}}}
    assert merge_patch(doc, {"metadata": {"labels": {"c": "d"}}})["spec"] is doc["spec"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"),
        (b"{", "error decoding patch: unexpected end of JSON input"),
    ],
)
def test_bodies_that_are_no_patches(body, message):
    with pytest.raises(BadRequest) as refused:
        parse(body)
    assert refused.value.message == message
