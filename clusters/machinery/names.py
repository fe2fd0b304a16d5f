"""Rules for names, labels and other words, with the messages that the real server gives.

Every function returns the list of what is wrong (empty: valid), so a caller makes one field error of each.

Models: apimachinery, pkg/util/validation, pkg/api/validate/content and pkg/api/validation (names).
"""

from __future__ import annotations

import re
from functools import lru_cache

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = _LABEL + r"(\." + _LABEL + ")*"
_UNDERSCORE_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_UNDERSCORE_SUBDOMAIN = _UNDERSCORE_LABEL + r"(\." + _UNDERSCORE_LABEL + ")*"
_DNS1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_WILDCARD = r"\*\." + _SUBDOMAIN
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_VALUE = f"({_QUALIFIED})?"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_ENV_NAME = "[-._a-zA-Z][-._a-zA-Z0-9]*"
_C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
_HEADER = "[-A-Za-z0-9]+"
_PERCENT = "[0-9]+%"

_is_label = re.compile(_LABEL).fullmatch
_is_subdomain = re.compile(_SUBDOMAIN).fullmatch
_is_underscore_subdomain = re.compile(_UNDERSCORE_SUBDOMAIN).fullmatch
_is_dns1035 = re.compile(_DNS1035).fullmatch
_is_wildcard = re.compile(_WILDCARD).fullmatch
_is_qualified = re.compile(_QUALIFIED).fullmatch
_is_label_value = re.compile(_LABEL_VALUE).fullmatch
_is_config_key = re.compile(_CONFIG_KEY).fullmatch
_is_env_name = re.compile(_ENV_NAME).fullmatch
_is_c_identifier = re.compile(_C_IDENTIFIER).fullmatch
_is_header = re.compile(_HEADER).fullmatch
_is_percent = re.compile(_PERCENT).fullmatch
_has_letter = re.compile("[a-z]").search
_is_port_chars = re.compile("[-a-z0-9]+").fullmatch

EMPTY = "must be non-empty"


def max_length(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


def regex_error(message: str, pattern: str, *examples: str) -> str:
    """The server's sentence for a word that does not match `pattern`."""
    if not examples:
        return f"{message} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{e}', " for e in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def between(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def _size(text: str) -> int:
    """Length in bytes, as Go counts."""
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _mask_trailing_dash(name: str) -> str:
    """A generateName may end in `-`: the random suffix follows."""
    return name[:-2] + "a" if len(name) > 1 and name.endswith("-") else name


def dns1123_subdomain(name: str, *, prefix: bool = False) -> list[str]:
    """Most object names. `prefix`: it is a generateName."""
    if prefix:
        name = _mask_trailing_dash(name)
    errors = []
    if _size(name) > 253:
        errors.append(max_length(253))
    if not _is_subdomain(name):
        errors.append(
            regex_error(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
                "'.', and must start and end with an alphanumeric character",
                _SUBDOMAIN,
                "example.com",
            )
        )
    return errors


def dns1123_subdomain_with_underscore(name: str) -> list[str]:
    errors = []
    if _size(name) > 253:
        errors.append(max_length(253))
    if not _is_underscore_subdomain(name):
        errors.append(
            regex_error(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' "
                "or '.', and must start and end with an alphanumeric character",
                _UNDERSCORE_SUBDOMAIN,
                "example.com",
            )
        )
    return errors


def dns1123_label(name: str, *, prefix: bool = False) -> list[str]:
    """Namespaces, containers, volumes."""
    if prefix:
        name = _mask_trailing_dash(name)
    errors = []
    if _size(name) > 63:
        errors.append(max_length(63))
    if not _is_label(name):
        if _is_subdomain(name):
            errors.append("must not contain dots")
        else:
            errors.append(
                regex_error(
                    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', "
                    "and must start and end with an alphanumeric character",
                    _LABEL,
                    "my-name",
                    "123-abc",
                )
            )
    return errors


def dns1035_label(name: str, *, prefix: bool = False) -> list[str]:
    """Services."""
    if prefix:
        name = _mask_trailing_dash(name)
    errors = []
    if _size(name) > 63:
        errors.append(max_length(63))
    if not _is_dns1035(name):
        errors.append(
            regex_error(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                "alphabetic character, and end with an alphanumeric character",
                _DNS1035,
                "my-name",
                "abc-123",
            )
        )
    return errors


def wildcard_dns1123_subdomain(name: str) -> list[str]:
    """Hosts such as `*.example.com`."""
    errors = []
    if _size(name) > 253:
        errors.append(max_length(253))
    if not _is_wildcard(name):
        errors.append(
            regex_error(
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, "
                "which must consist of lower case alphanumeric characters, '-' or '.' and end with an "
                "alphanumeric character",
                _WILDCARD,
                "*.example.com",
            )
        )
    return errors


def path_segment_name(name: str, *, prefix: bool = False) -> list[str]:
    """Roles and bindings: anything that can stand in a URL path. `prefix`: it is a generateName."""
    if not prefix and name in (".", ".."):
        return [f"may not be '{name}'"]
    return [f"may not contain '{bad}'" for bad in ("/", "%") if bad in name]


@lru_cache(maxsize=8192)
def _qualified_name(key: str) -> tuple[str, ...]:
    errors: list[str] = []
    words = (
        "must consist of alphanumeric characters, '-', '_' or '.', "
        "and must start and end with an alphanumeric character"
    )
    sentence = regex_error(words, _QUALIFIED, "MyName", "my.name", "123-abc")
    prefix, slash, name = key.partition("/")
    if not slash:
        name = key
    elif "/" in name:
        return (
            f"a valid label key {sentence} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
        )
    elif not prefix:
        errors.append("prefix part " + EMPTY)
    else:
        bad = [e.replace("253 characters", "253 bytes") for e in dns1123_subdomain(prefix)]
        errors.extend("prefix part " + e for e in bad)
    if not name:
        errors.append("name part " + EMPTY)
    elif _size(name) > 63:
        errors.append("name part " + max_length(63, "bytes"))
    if not _is_qualified(name):
        errors.append("name part " + sentence)
    return tuple(errors)


def qualified_name(key: str) -> list[str]:
    """Label, annotation, taint and resource keys: `[prefix/]name`."""
    return list(_qualified_name(key))


@lru_cache(maxsize=8192)
def _label_value(value: str) -> tuple[str, ...]:
    errors = []
    if _size(value) > 63:
        errors.append(max_length(63, "bytes"))
    if not _is_label_value(value):
        errors.append(
            regex_error(
                "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
                "'.', and must start and end with an alphanumeric character",
                _LABEL_VALUE,
                "MyValue",
                "my_value",
                "12345",
            )
        )
    return tuple(errors)


def label_value(value: str) -> list[str]:
    return list(_label_value(value))


def config_key(key: str) -> list[str]:
    """Keys of ConfigMaps and Secrets."""
    errors = []
    if _size(key) > 253:
        errors.append(max_length(253))
    if not _is_config_key(key):
        errors.append(
            regex_error(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                _CONFIG_KEY,
                "key.name",
                "KEY_NAME",
                "key-name",
            )
        )
    return errors + _dots(key)


def env_name(name: str) -> list[str]:
    """Names of environment variables, by the strict rule (envFrom prefixes of old, initial validation)."""
    errors = []
    if not _is_env_name(name):
        errors.append(
            regex_error(
                "a valid environment variable name must consist of alphabetic characters, digits, '_', '-', "
                "or '.', and must not start with a digit",
                _ENV_NAME,
                "my.env-name",
                "MY_ENV.NAME",
                "MyEnvName1",
            )
        )
    return errors + _dots(name)


def relaxed_env_name(name: str) -> list[str]:
    """Names of environment variables as 1.34 and later accept them."""
    errors = []
    if not name:
        errors.append("environment variable name " + EMPTY)
    if any(not " " <= c <= "~" or c == "=" for c in name):
        errors.append(
            "a valid environment variable name must consist only of printable ASCII characters other than '='"
        )
    return errors


def c_identifier(name: str) -> list[str]:
    if _is_c_identifier(name):
        return []
    return [
        regex_error(
            "a valid C identifier must start with alphabetic character or '_', followed by a string of "
            "alphanumeric characters or '_'",
            _C_IDENTIFIER,
            "my_name",
            "MY_NAME",
            "MyName",
        )
    ]


def http_header_name(name: str) -> list[str]:
    if _is_header(name):
        return []
    return [regex_error("a valid HTTP header must consist of alphanumeric characters or '-'", _HEADER, "X-Header-Name")]


def percent(text: str) -> list[str]:
    if _is_percent(text):
        return []
    return [
        regex_error("a valid percent string must be a numeric string followed by an ending '%'", _PERCENT, "1%", "93%")
    ]


def port_name(name: str) -> list[str]:
    """Names of ports: IANA service names of at most 15 characters."""
    errors = []
    if _size(name) > 15:
        errors.append(max_length(15))
    if not _is_port_chars(name):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _has_letter(name):
        errors.append("must contain at least one letter (a-z)")
    if "--" in name:
        errors.append("must not contain consecutive hyphens")
    if name.startswith("-") or name.endswith("-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def port_number(port: int) -> list[str]:
    return [] if 1 <= port <= 65535 else [between(1, 65535)]


def _dots(name: str) -> list[str]:
    if name in (".", ".."):
        return [f"must not be '{name}'"]
    return ["must not start with '..'"] if name.startswith("..") else []
