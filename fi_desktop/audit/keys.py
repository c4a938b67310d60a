"""The keys of the audit trail on disk.

`keys` holds what verification needs: the first chain key of each chain, and the key of the codes for names.
It is sealed in a sealed home; the first key of a chain that begins while that is locked waits in
`keys-begun`. `state` holds what the next line needs, and is written over in place with each batch, so that
the keys before are gone. It is in clear: a program that nobody has unlocked writes the next line too. All are
readable by this account only.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from fi_desktop.audit.chain import KEY_BYTES, ChainState
from fi_desktop.system.files import write_whole
from fi_desktop.vault.home_files import HomeFiles

_BEGUN = "keys-begun"
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


def keys_name(folder: Path) -> str:
    """Return the path of the keys in the home of a trail in a folder."""
    return f"{folder.name}/keys"


def load_roots(folder: Path, files: HomeFiles | None = None) -> RootKeys:
    """Return the keys that verification needs; new ones if there are none yet.

    files: of the home, which may be sealed.

    Raises:
        UserError: they are sealed, and the vault is locked.
        OSError: they cannot be read.
        ValueError: they are damaged.
    """
    begun = _load_begun(folder)
    try:
        data = json.loads((files or HomeFiles(folder.parent)).read(keys_name(folder)))
        chains = {} if begun.fresh else _parsed(data["chains"])
        return RootKeys(chains | begun.chains, bytes.fromhex(data["names"]))
    except FileNotFoundError:
        return RootKeys(begun.chains, secrets.token_bytes(KEY_BYTES))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("the keys of the audit trail are damaged") from error


def save_roots(folder: Path, roots: RootKeys, files: HomeFiles | None = None) -> None:
    """Write the keys that verification needs. Raises as `load_roots`."""
    content = json.dumps({"chains": _written(roots.chains), "names": roots.names.hex()})
    (files or HomeFiles(folder.parent)).write(keys_name(folder), content.encode())
    (folder / _BEGUN).unlink(missing_ok=True)


def save_begun(folder: Path, number: int, key: bytes, *, fresh: bool) -> None:
    """Keep the first key of a chain until the vault is unlocked; fresh: there are no other chains."""
    chains = {} if fresh else _load_begun(folder).chains
    fresh = fresh or _load_begun(folder).fresh
    content = json.dumps({"chains": _written({**chains, number: key}), "fresh": fresh})
    write_whole(folder / _BEGUN, content.encode(), mode=0o600)


def has_begun(folder: Path) -> bool:
    """Whether a chain began while the vault was locked."""
    return (folder / _BEGUN).exists()


@dataclass(frozen=True, slots=True)
class _Begun:
    chains: dict[int, bytes]
    fresh: bool = False


def _load_begun(folder: Path) -> _Begun:
    try:
        data = json.loads((folder / _BEGUN).read_bytes())
        return _Begun(_parsed(data["chains"]), bool(data["fresh"]))
    except FileNotFoundError:
        return _Begun({})
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError("the keys of the audit trail are damaged") from error


def _written(chains: Mapping[int, bytes]) -> dict[str, str]:
    return {str(number): key.hex() for number, key in chains.items()}


def _parsed(chains: Mapping[str, str]) -> dict[int, bytes]:
    return {int(number): bytes.fromhex(key) for number, key in chains.items()}


def load_state(folder: Path) -> TrailState | None:
    """Return where the trail ends; None if that is not known or damaged."""
    try:
        data = json.loads((folder / "state").read_bytes())
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
        os.write(handle, content.ljust(_STATE_BYTES).encode("ascii"))
    finally:
        os.close(handle)
