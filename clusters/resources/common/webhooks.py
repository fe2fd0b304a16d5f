"""Where a webhook is: a URL or a Service. Models: apiserver, pkg/util/webhook/validation.go."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from clusters.machinery.field import ErrorList, Path, invalid, required
from clusters.machinery.names import dns1123_subdomain
from clusters.machinery.types import Obj

SERVICE_PORT = 443
_FORM = "; desired format: https://host[/path]"


def client_errors(config: Obj, path: Path) -> ErrorList:
    """A client configuration."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        return [required(path, "exactly one of url or service is required")]
    if url is not None:
        return _url_errors(url, path.child("url"))
    return _service_errors(service or {}, path.child("service"))


def _url_errors(url: str, path: Path) -> ErrorList:
    parts = _split(url)
    errors: ErrorList = []
    if parts.scheme != "https":
        errors.append(invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}"))
    if not parts.netloc.rpartition("@")[2]:
        errors.append(invalid(path, "", f"host must be specified{_FORM}"))
    if "@" in parts.netloc:
        user = parts.netloc.rpartition("@")[0]
        errors.append(invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        errors.append(invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        errors.append(invalid(path, parts.query, "query parameters are not permitted in the URL"))
    return errors


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return SplitResult("", "", "", "", "")


def _service_errors(service: Obj, path: Path) -> ErrorList:
    # The real server takes the two for one another: what misses its namespace is told so at the name.
    pairs = (("name", "namespace"), ("namespace", "name"))
    errors: ErrorList = [required(path.child(told)) for told, missing in pairs if not service.get(missing)]
    port = service.get("port", SERVICE_PORT)
    if not 1 <= port <= 65535:
        errors.append(invalid(path.child("port"), port, "port is not valid: must be between 1 and 65535, inclusive"))
    where = service.get("path")
    return errors + (_path_errors(where, path.child("path")) if where and where != "/" else [])


def _path_errors(where: str, path: Path) -> ErrorList:
    if where == "//":
        return [invalid(path, where, "segment[0] may not be empty")]
    errors: ErrorList = []
    if not where.startswith("/"):
        errors.append(invalid(path, where, "must start with a '/'"))
    for i, step in enumerate(where[1:].removesuffix("/").split("/")):
        if not step:
            errors.append(invalid(path, where, f"segment[{i}] may not be empty"))
            continue
        errors += [invalid(path, where, f"segment[{i}]: {why}") for why in dns1123_subdomain(step)]
    return errors
