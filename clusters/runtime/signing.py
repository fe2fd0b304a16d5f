"""The installation's key for service account tokens, in its data directory: made on first use, whoever asks first.

    PLAYGROUND_DATA/pki/service-account.key

Web processes check tokens with it, workers sign those that Secrets ask for.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from clusters.apiserver.authn.keys import RsaKeys, new_pem


@cache
def service_account_keys(data_dir: Path) -> RsaKeys:
    folder = data_dir / "pki"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = folder / "service-account.key"
    if not file.exists():
        part = file.with_suffix(f".{os.getpid()}")
        part.touch(mode=0o600)
        part.write_bytes(new_pem())
        # Whoever links first has made the key; the others read it.
        try:
            file.hardlink_to(part)
        except FileExistsError:
            pass
        finally:
            part.unlink()
    return RsaKeys(file.read_bytes())
