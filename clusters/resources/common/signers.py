"""Names of certificate signers. Models: kubernetes, core validation (ValidateSignerName)."""

from __future__ import annotations

from clusters.machinery.field import ErrorList, Path, go_quote, invalid, required, too_long
from clusters.machinery.names import dns1123_label, dns1123_subdomain

_MAX_DOMAIN = 253
_MAX_NAME = _MAX_DOMAIN + 1 + 253 + 1 + 63


def signer_name_errors(name: str, path: Path) -> ErrorList:
    """`example.com/signer-name`, long enough for a namespace and a name behind the slash."""
    if not name:
        return [required(path)]
    domain, slash, rest = name.partition("/")
    if not slash or "/" in rest:
        text = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
        return [invalid(path, name, text)]
    errors: ErrorList = [too_long(path, _MAX_DOMAIN)] if len(domain) > _MAX_DOMAIN else []
    for label in domain.split("."):
        if wrong := dns1123_label(label):
            errors += [invalid(path, domain, f"validating label {go_quote(label)}: {text}") for text in wrong]
            break
    if "." not in domain:
        text = "should be a domain with at least two segments separated by dots"
        errors.append(invalid(path, domain, text))
    for label in rest.split("."):
        if wrong := dns1123_subdomain(label):
            errors += [invalid(path, rest, f"validating label {go_quote(label)}: {text}") for text in wrong]
            break
    if len(name) > _MAX_NAME:
        errors.append(too_long(path, _MAX_NAME))
    return errors
