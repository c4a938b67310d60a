"""The keys of the audit trail on disk.

`keys` holds what verification needs: the first chain key of each chain, and the key of the codes for names.
`state` holds what the next line needs, and is written over in place with each batch, so that the keys before
are gone. Both are readable by this account only. `seal` and `unseal` are the one place where a vault can wrap
them.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.audit.chain import KEY_BYTES, ChainState
from fi_desktop.system.files import write_whole

_STATE_BYTES = 512  # one sector: written as a whole


@dataclass(frozen=True, slots=True)
class TrailState:
    """Where the trail ends.

    Attributes:
        chain: for the next line.
        file: number of the last file, from 1.
        size: its length in bytes.
        stored: the highest number of a stored act in the trail.
    """

    chain: ChainState
    file: int
    size: int
    stored: int = 0


@dataclass(frozen=True, slots=True)
class RootKeys:
    """What verification needs.

    Attributes:
        chains: first chain key by the number of the line before its first; more than one if keys were lost.
        names: key of the codes for names.
    """

    chains: dict[int, bytes]
    names: bytes


def seal(secret: bytes) -> bytes:
    """Return a secret as it is stored."""
    return secret


def unseal(stored: bytes) -> bytes:
    """Return a secret that `seal` made storable."""
    return stored


def load_roots(folder: Path) -> RootKeys:
    """Return the keys that verification needs; new ones if there are none yet.

    Raises:
        OSError: they cannot be read.
        ValueError: they are damaged.
    """
    try:
        data = json.loads(unseal((folder / "keys").read_bytes()))
        chains = {int(number): bytes.fromhex(key) for number, key in data["chains"].items()}
        return RootKeys(chains, bytes.fromhex(data["names"]))
    except FileNotFoundError:
        return RootKeys({}, secrets.token_bytes(KEY_BYTES))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("the keys of the audit trail are damaged") from error


def save_roots(folder: Path, roots: RootKeys) -> None:
    """Write the keys that verification needs."""
    chains = {str(number): key.hex() for number, key in roots.chains.items()}
    content = json.dumps({"chains": chains, "names": roots.names.hex()})
    write_whole(folder / "keys", seal(content.encode()), mode=0o600)


def load_state(folder: Path) -> TrailState | None:
    """Return where the trail ends; None if that is not known or damaged."""
    try:
        data = json.loads(unseal((folder / "state").read_bytes()))
        chain = ChainState(
            int(data["n"]),
            str(data["mac"]),
            str(data["digest"]),
            bytes.fromhex(data["chain"]),
            bytes.fromhex(data["sign"]),
        )
        return TrailState(chain, int(data["file"]), int(data["size"]), int(data["stored"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def save_state(folder: Path, state: TrailState) -> None:
    """Write where the trail ends, over the bytes of the state before.

    Not fsynced: after a power cut, the lines that an older state does not know are checked with its keys.
    """
    chain = state.chain
    content = json.dumps(
        {
            "n": chain.number,
            "mac": chain.mac,
            "digest": chain.digest,
            "chain": chain.chain_key.hex(),
            "sign": chain.signing_key.hex(),
            "file": state.file,
            "size": state.size,
            "stored": state.stored,
        },
        separators=(",", ":"),
    )
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0)
    handle = os.open(folder / "state", flags, 0o600)
    try:
        os.write(handle, seal(content.ljust(_STATE_BYTES).encode("ascii")))
    finally:
        os.close(handle)
