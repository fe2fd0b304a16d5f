"""Selectors: text and object forms agree, and any text is parsed or refused."""

from hypothesis import given
from hypothesis import strategies as st

from clusters.machinery.errors import BadRequest
from clusters.machinery.selectors import from_label_selector, parse_field_selector, parse_label_selector

keys = st.sampled_from(["a", "b", "example.com/c"])
values = st.sampled_from(["", "x", "y", "10", "2"])
labels = st.dictionaries(keys, values)

expressions = st.one_of(
    st.tuples(keys, st.sampled_from(["In", "NotIn"]), st.lists(values, min_size=1, unique=True)),
    st.tuples(keys, st.sampled_from(["Exists", "DoesNotExist"]), st.just([])),
)


def holds(expression, found):
    key, operator, wanted = expression
    if operator == "In":
        return found.get(key) in wanted if key in found else False
    if operator == "NotIn":
        return found.get(key) not in wanted if key in found else True
    return (key in found) == (operator == "Exists")


@given(labels, st.lists(expressions, max_size=3), labels)
def test_object_selectors_match_as_defined_and_survive_their_text(match, wanted, found):
    obj = {
        "matchLabels": match,
        "matchExpressions": [{"key": k, "operator": op, "values": vs} for k, op, vs in wanted],
    }
    selector = from_label_selector(obj)
    expected = all(found.get(k) == v for k, v in match.items()) and all(holds(e, found) for e in wanted)
    assert selector.matches(found) == expected
    assert parse_label_selector(selector.text()).matches(found) == expected


@given(st.text("ab=!(),<> in\t-/.\\", max_size=14))
def test_any_text_is_a_selector_or_refused(text):
    for parse in (parse_label_selector, parse_field_selector):
        try:
            selector = parse(text)
        except BadRequest:
            continue
        assert parse(selector.text()) == selector


@given(st.dictionaries(st.sampled_from(["metadata.name", "spec.x"]), st.text("ab,=\\", max_size=6), min_size=1))
def test_field_values_are_escaped_and_back(wanted):
    escaped = {k: v.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=") for k, v in wanted.items()}
    selector = parse_field_selector(",".join(f"{k}={v}" for k, v in escaped.items()))
    assert {r.field: r.value for r in selector.requirements} == wanted
    assert selector.matches(wanted.__getitem__)
