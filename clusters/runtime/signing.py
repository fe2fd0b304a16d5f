"""The keys of a cluster: what signs its service accounts' tokens and its clients' certificates.

    PLAYGROUND_DATA/pki/service-account.key   the installation's, made on first use, whoever asks first

Both are one cluster's alone: the tokens by the key's id, which names the cluster and is part of what is signed, the
certificates by an authority of the cluster's own. Uids do not tell clusters apart, for a seed makes the same ones
again. Web processes check with them, workers sign.
"""

from __future__ import annotations

import os
from functools import cache, lru_cache
from pathlib import Path

from clusters.apiserver.authn import jwt
from clusters.apiserver.authn.keys import RsaKeys, new_pem
from clusters.client.component import Keys
from clusters.runtime.authority import ClientAuthority


@cache
def _service_account_pem(data_dir: Path) -> bytes:
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
    return file.read_bytes()


def identity_of(number: int, created: int) -> str:
    """What tells a cluster from every other of the installation, also from one that was deleted."""
    return f"{number}/{created}"


@lru_cache(maxsize=512)
def token_keys(data_dir: Path, identity: str) -> RsaKeys:
    return RsaKeys(_service_account_pem(data_dir), identity)


@lru_cache(maxsize=512)
def client_authority(secret: str, number: int, created: int) -> ClientAuthority:
    return ClientAuthority(secret, identity_of(number, created), number)


def controller_keys(data_dir: Path, secret: str, root_ca: str, number: int, created: int) -> Keys:
    """What the controllers of a cluster are given."""
    tokens, authority = token_keys(data_dir, identity_of(number, created)), client_authority(secret, number, created)
    return Keys(
        root_ca=root_ca,
        client_ca=authority.pem,
        sign_token=lambda claims: jwt.encode(claims, tokens),
        sign_certificate=authority.sign,
    )
