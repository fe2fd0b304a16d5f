import pytest

from clusters.machinery import names

SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
NAME_PART = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)


@pytest.mark.parametrize("name", ["a", "web-1", "a.b.c", "0", "x" * 253])
def test_subdomain_accepts(name):
    assert names.dns1123_subdomain(name) == []


@pytest.mark.parametrize("name", ["", "Web", "my_pod", "-a", "a-", "a..b", ".a", "a b", "ä", "a\n"])
def test_subdomain_refuses_with_the_servers_words(name):
    assert names.dns1123_subdomain(name) == [SUBDOMAIN]


def test_subdomain_counts_length():
    assert names.dns1123_subdomain("x" * 254) == ["must be no more than 253 characters"]


def test_a_prefix_may_end_in_a_dash():
    assert names.dns1123_subdomain("web-", prefix=True) == []
    assert names.dns1123_subdomain("web-") == [SUBDOMAIN]


def test_label_says_dots_if_only_dots_are_wrong():
    assert names.dns1123_label("x.y") == ["must not contain dots"]
    assert names.dns1123_label("A.b")[0].startswith("a lowercase RFC 1123 label must consist of")


def test_dns1035_label_starts_with_a_letter():
    assert names.dns1035_label("a1") == []
    assert names.dns1035_label("1a")[0].startswith("a DNS-1035 label must consist of")


def test_path_segment_refuses_slashes_and_dots():
    assert names.path_segment_name("a/b") == ["may not contain '/'"]
    assert names.path_segment_name("a/b%") == ["may not contain '/'", "may not contain '%'"]
    assert names.path_segment_name("..") == ["may not be '..'"]
    assert names.path_segment_name("system:node") == []


@pytest.mark.parametrize("key", ["a", "A_b.c-d", "example.com/x", "x" * 63])
def test_qualified_name_accepts(key):
    assert names.qualified_name(key) == []


@pytest.mark.parametrize(
    ("key", "errors"),
    [
        ("-a", [NAME_PART]),
        ("", ["name part must be non-empty", NAME_PART]),
        ("/a", ["prefix part must be non-empty"]),
        ("Ex.com/a", ["prefix part " + SUBDOMAIN]),
        ("x" * 64, ["name part must be no more than 63 bytes"]),
    ],
)
def test_qualified_name_refuses(key, errors):
    assert names.qualified_name(key) == errors


def test_qualified_name_has_one_slash_at_most():
    (text,) = names.qualified_name("a/b/c")
    assert text.startswith("a valid label key must consist of")
    assert text.endswith("with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')")


def test_label_values_may_be_empty_and_have_63_bytes():
    assert names.label_value("") == []
    assert names.label_value("x" * 64) == ["must be no more than 63 bytes"]
    assert names.label_value("b c")[0].startswith("a valid label must be an empty string or consist of")


def test_port_names():
    assert names.port_name("http") == []
    assert names.port_name("waytoolongportname") == ["must be no more than 15 characters"]
    assert names.port_name("80") == ["must contain at least one letter (a-z)"]
    assert names.port_name("a--b") == ["must not contain consecutive hyphens"]
    assert names.port_name("-a") == ["must not begin or end with a hyphen"]


def test_environment_names_are_relaxed():
    assert names.relaxed_env_name("1 a") == []
    assert names.relaxed_env_name("a=b") != []
    assert names.env_name("1a") != []


def test_config_keys_do_not_walk_up():
    assert names.config_key("..") == ["must not be '..'"]
    assert names.config_key("..a") == ["must not start with '..'"]
    assert names.config_key("a b")[0].startswith("a valid config key must consist of")
