import pytest

from clusters.machinery.errors import BadRequest
from clusters.machinery.selectors import (
    EVERYTHING,
    NOTHING,
    from_label_selector,
    from_map,
    parse_field_selector,
    parse_label_selector,
)

WEB = {"app": "web", "tier": "front", "weight": "7"}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("", True),
        ("app=web", True),
        ("app==web", True),
        ("app!=web", False),
        ("none!=x", True),
        ("app in (web,db)", True),
        ("app notin (web)", False),
        ("none notin (web)", True),
        ("app", True),
        ("!app", False),
        ("!none", True),
        ("weight>6", True),
        ("weight<7", False),
        ("tier>1", False),
        ("app=web,tier=back", False),
        (" app = web , tier in ( front ) ", True),
        ("app in ()", False),
    ],
)
def test_label_selectors_select(text, matches):
    assert parse_label_selector(text).matches(WEB) is matches


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("app in", "unable to parse requirement: found '' expected: '('"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("app=web,,", "found ',', expected: identifier after ','"),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("=", "found '=', expected: !, identifier, or 'end of string'"),
        ("a in (x y)", "unable to parse requirement: found 'y', expected: ',' or ')'"),
        ("a=(", "unable to parse requirement: found '(', expected: identifier"),
        ("!(", "unable to parse requirement: found '(', expected: identifier"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        (
            "x>z",
            "unable to parse requirement: values[0]: Invalid value: \"z\": for 'Gt', 'Lt' operators, the value must be "
            "an integer",
        ),
        (
            "-x=y",
            'unable to parse requirement: <nil>: Invalid value: "-x": name part must consist of alphanumeric '
            "characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or "
            "'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ),
    ],
)
def test_bad_label_selectors_are_refused_as_the_server_does(text, message):
    with pytest.raises(BadRequest) as refused:
        parse_label_selector(text)
    assert refused.value.message == message


def test_in_and_notin_are_words_where_a_value_stands():
    assert parse_label_selector("in in (in,notin)").matches({"in": "notin"})


def test_text_is_sorted_by_key():
    assert parse_label_selector("z=1,!b,a in (y,x),c").text() == "a in (x,y),!b,c,z=1"


def test_label_selector_objects():
    selector = from_label_selector(
        {
            "matchLabels": {"app": "web"},
            "matchExpressions": [
                {"key": "tier", "operator": "In", "values": ["front", "mid"]},
                {"key": "gone", "operator": "DoesNotExist"},
            ],
        }
    )
    assert selector.matches(WEB)
    assert not selector.matches({**WEB, "gone": ""})
    assert not selector.matches(None)


def test_absent_selects_nothing_and_empty_everything():
    assert from_label_selector(None) is NOTHING
    assert from_label_selector({}) is EVERYTHING
    assert not NOTHING.matches({})
    assert EVERYTHING.matches(None)
    assert from_map(None) is EVERYTHING
    assert from_map({"app": "web"}).matches(WEB)


def test_bad_operators_in_objects_are_named():
    with pytest.raises(ValueError, match='"Nope" is not a valid label selector operator'):
        from_label_selector({"matchExpressions": [{"key": "a", "operator": "Nope"}]})


def test_exact_value_of_a_key():
    assert parse_label_selector("app=web,tier").exact("app") == "web"
    assert parse_label_selector("app in (a,b)").exact("app") is None


def test_field_selectors():
    selector = parse_field_selector("status.phase!=Running,spec.nodeName=node-1")
    assert [(r.field, r.operator, r.value) for r in selector.requirements] == [
        ("spec.nodeName", "=", "node-1"),
        ("status.phase", "!=", "Running"),
    ]
    fields = {"spec.nodeName": "node-1", "status.phase": "Pending"}
    assert selector.matches(lambda name: fields.get(name, ""))
    assert not selector.matches(lambda name: "Running")
    assert selector.exact("spec.nodeName") == "node-1"


def test_field_selectors_unescape_values():
    assert parse_field_selector(r"a=b\,c\=d\\").requirements[0].value == "b,c=d\\"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a=b=c", "invalid field selector: unescaped character in value: 61"),
        (r"a=\x", r"invalid field selector: invalid escape sequence: \x"),
    ],
)
def test_bad_field_selectors(text, message):
    with pytest.raises(BadRequest) as refused:
        parse_field_selector(text)
    assert refused.value.message == message
