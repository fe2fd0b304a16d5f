"""What people and logs may see of an address with a password in it."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r"(?i)([?&][^=&]*password=)[^&]*")


def without_password(url: str) -> str:
    """The URL with `***` for its password. What cannot be parsed is masked rather too much than too little: all up
    to the last `@` counts as credentials."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return url
    credentials, at, place = rest.rpartition("@")
    if at and ":" in credentials:
        rest = f"{credentials.partition(':')[0]}:***@{place}"
    return _PARAMETER.sub(r"\1***", f"{scheme}{separator}{rest}")
