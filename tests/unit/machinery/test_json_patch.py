import pytest

from clusters.machinery.errors import BadRequest, TooLarge
from clusters.machinery.patch.json import JsonPatchError, apply_json_patch, parse

DOC = {"data": {"k1": "v1", "k2": "v2"}, "list": [1, 2, 3], "nested": {"a": {"b": [{"c": 1}]}}}


def op(kind, path, value=..., source=None):
    out = {"op": kind, "path": path}
    if value is not ...:
        out["value"] = value
    if source is not None:
        out["from"] = source
    return out


@pytest.mark.parametrize(
    ("ops", "path", "value"),
    [
        ([op("add", "/data/a~1b~0c", "y")], ("data", "a/b~c"), "y"),
        ([op("add", "/list/1", 9)], ("list",), [1, 9, 2, 3]),
        ([op("add", "/list/-", 9)], ("list",), [1, 2, 3, 9]),
        ([op("add", "/list/-1", 9)], ("list",), [1, 2, 3, 9]),
        ([op("add", "/list/3", 9)], ("list",), [1, 2, 3, 9]),
        ([op("remove", "/list/-1")], ("list",), [1, 2]),
        ([op("remove", "/list/0"), op("remove", "/list/0")], ("list",), [3]),
        ([op("replace", "/list/0", None)], ("list",), [None, 2, 3]),
        ([op("replace", "/data/new", "x")], ("data", "new"), "x"),
        ([op("move", "/data/k3", source="/data/k1")], ("data",), {"k2": "v2", "k3": "v1"}),
        ([op("copy", "/data/k3", source="/nested/a")], ("data", "k3"), {"b": [{"c": 1}]}),
        ([op("test", "/nested/a/b/0/c", 1), op("add", "/x", 1)], ("x",), 1),
        ([op("test", "/absent", None), op("add", "/x", 1)], ("x",), 1),
        ([op("test", "", DOC), op("add", "/x", 1)], ("x",), 1),
        ([op("replace", "", {"all": "new"})], (), {"all": "new"}),
    ],
)
def test_operations(ops, path, value):
    out = apply_json_patch(DOC, ops)
    for part in path:
        out = out[part]
    assert out == value


def test_the_document_itself_stays_and_what_is_untouched_is_shared():
    before = repr(DOC)
    out = apply_json_patch(DOC, [op("add", "/data/x", "y"), op("remove", "/list/0")])
    assert repr(DOC) == before
    assert out["nested"] is DOC["nested"]


def test_copies_are_independent():
    out = apply_json_patch(DOC, [op("copy", "/copied", source="/nested"), op("add", "/copied/a/new", 1)])
    assert out["nested"] == DOC["nested"]
    assert out["copied"]["a"]["new"] == 1


@pytest.mark.parametrize(
    "bad",
    [
        op("remove", "/data/nope"),
        op("remove", "/list/3"),
        op("add", "/list/4", 1),
        op("add", "/list/x", 1),
        op("add", "/absent/x", 1),
        op("add", "", {}),
        op("add", "no-slash", 1),
        op("replace", "/list/7", 1),
        op("replace", "", "scalar"),
        op("test", "/data/k1", "other"),
        op("test", "/list/0", True),
        op("move", "/x", source="/absent"),
        op("move", "/x"),
        op("frob", "/data/k1"),
        {"op": "add"},
        {"path": "/x"},
    ],
)
def test_operations_that_do_not_apply(bad):
    with pytest.raises(JsonPatchError) as refused:
        apply_json_patch(DOC, [bad])
    assert refused.value.status()["message"] == "the server rejected our request due to an error in our request"
    assert refused.value.status()["details"] == {}
    assert (refused.value.code, refused.value.reason) == (422, "Invalid")


def test_the_first_failure_undoes_everything():
    with pytest.raises(JsonPatchError):
        apply_json_patch(DOC, [op("add", "/data/x", 1), op("test", "/data/k1", "other")])
    assert "x" not in DOC["data"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b'{"a":1}',
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp",
        ),
        (b"nonsense", "error decoding patch: invalid character 'o' in literal null (expecting 'u')"),
        (b"[1]", "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        (
            b'[{"op":1}]',
            "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string",
        ),
    ],
)
def test_bodies_that_are_no_patches(body, message):
    with pytest.raises(BadRequest) as refused:
        parse(body)
    assert refused.value.message == message


def test_the_number_of_operations_is_limited():
    body = b"[" + b",".join([b'{"op":"test","path":"/a"}'] * 10_001) + b"]"
    with pytest.raises(TooLarge) as refused:
        parse(body)
    assert refused.value.message == "The allowed maximum operations in a JSON patch is 10000, got 10001"


def test_copies_cannot_explode():
    ops = [op("copy", f"/c{i}", source="/big") for i in range(40)]
    with pytest.raises(JsonPatchError) as refused:
        apply_json_patch({"big": ["x" * 100_000]}, ops)
    assert "accumulated size increase" in refused.value.why
