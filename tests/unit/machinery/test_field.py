import pytest

from clusters.machinery.field import Path, go_quote, invalid, not_supported, required


def test_paths_show_fields_indices_and_keys():
    path = Path("spec").child("containers").index(0).child("resources", "limits").key("cpu")
    assert str(path) == "spec.containers[0].resources.limits[cpu]"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("a b", '"a b"'),
        ('say "x"\\', '"say \\"x\\"\\\\"'),
        ("a\nb\t", '"a\\nb\\t"'),
        ("\x01\x7f", '"\\x01\\x7f"'),
        ("\u200b", '"\\u200b"'),
        ("ä€😀", '"ä€😀"'),
    ],
)
def test_quoting_is_gos(text, quoted):
    assert go_quote(text) == quoted


def test_errors_show_the_value():
    assert invalid(Path("a"), {"app": "w"}, "no").text() == 'a: Invalid value: {"app":"w"}: no'
    assert invalid(Path("a"), None, "no").text() == "a: Invalid value: null: no"
    assert required(Path("a")).text() == "a: Required value"
    assert not_supported(Path("a"), "x", ["b", "a"]).body() == 'Unsupported value: "x": supported values: "b", "a"'
