"""The chain: numbered lines, each with a MAC under a key that moves forward, and signed checkpoints.

Each line is JSON. Its MAC is HMAC-SHA256 over the MAC before and the line, under a key that HKDF derives from
the chain key; the chain key then moves forward and the old one is gone. Who gets the present key can write
what comes next, but cannot change what was written before.

A checkpoint is a line that signs the SHA-256 of all lines so far (Ed25519) and names the key of the next
checkpoint, which moves forward in the same way. So the order, the number and the content of all lines can be
verified without any secret, and nobody can sign an earlier state again: the key for that is gone.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

KEY_BYTES = 32
FIRST_MAC = "0" * 64
"""What the first line of a trail is chained to."""

_MAC_KEY = ',"mac":"'
_SUFFIX_LENGTH = len(_MAC_KEY) + 64 + len('"}\n')
_encode = json.JSONEncoder(separators=(",", ":")).encode
_SIGNED = b"fi-desktop audit checkpoint 1\n"


class BrokenLine(ValueError):
    """A line is not the one that was written here."""


@dataclass(frozen=True, slots=True)
class ChainState:
    """All that is needed to write the next line; of the lines before, it holds only hashes.

    Attributes:
        number: of the last line; 0 before the first.
        mac: of the last line.
        digest: SHA-256 over the digest before and the line, for all lines so far.
        chain_key: for the next line's MAC.
        signing_key: for the next checkpoint.
    """

    number: int
    mac: str
    digest: str
    chain_key: bytes
    signing_key: bytes

    @classmethod
    def new(cls, number: int = 0, mac: str = FIRST_MAC, digest: str = FIRST_MAC) -> ChainState:
        """Return a state with new keys, behind a line that may belong to a chain whose keys are lost."""
        return cls(number, mac, digest, secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))

    @property
    def public_key(self) -> str:
        """The public key of the next checkpoint, in hexadecimal digits."""
        return _signer(self.signing_key).public_key().public_bytes_raw().hex()

    def append(self, fields: Mapping[str, Any]) -> tuple[bytes, ChainState]:
        """Return the line for `fields`, and the state after it; the number is added."""
        text = _text({"n": self.number + 1, **fields})
        mac_key, following = _mac_key_and_next(self.chain_key)
        mac = _mac(mac_key, self.mac, text)
        line = f'{text[:-1]}{_MAC_KEY}{mac}"}}\n'.encode("ascii")
        digest = digest_of(self.digest, line)
        return line, ChainState(self.number + 1, mac, digest, following, self.signing_key)

    def checkpoint(self, fields: Mapping[str, Any]) -> tuple[bytes, ChainState]:
        """Return a line that signs all lines so far, and the state after it, with the next signing key."""
        key = forward(self.signing_key)
        following = replace(self, signing_key=key).public_key
        signed = {**fields, "digest": self.digest, "next": following}
        text = _text({"n": self.number + 1, **signed})
        signature = _signer(self.signing_key).sign(_SIGNED + text.encode("ascii")).hex()
        line, after = self.append({**signed, "signature": signature})
        return line, replace(after, signing_key=key)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the trail.

    Attributes:
        number: from 1, without gaps.
        fields: all of it but the MAC.
        mac: its MAC.
        line: as it is on disk.
    """

    number: int
    fields: Mapping[str, Any]
    mac: str
    line: bytes

    @classmethod
    def of(cls, line: bytes) -> Entry:
        """Read a line.

        Raises:
            BrokenLine: it is not written as this program writes.
        """
        try:
            text, mac = _open(line.decode("ascii"))
            fields = json.loads(text)
            entry = cls(int(fields["n"]), fields, mac, line)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BrokenLine("not a line of the trail") from error
        if _text(fields) != text:  # a second form of the same values
            raise BrokenLine("not written by this program")
        return entry

    def has_mac(self, chain_key: bytes, previous: str) -> bool:
        """Whether its MAC is right."""
        text, mac = _open(self.line.decode("ascii"))
        return hmac.compare_digest(mac, mac_of(chain_key, previous, text))

    def is_signed(self, public_key: str, digest: str) -> bool:
        """Whether it is a checkpoint over `digest` with a valid signature."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        fields = dict(self.fields)
        try:
            signature = bytes.fromhex(fields.pop("signature"))
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_key))
            key.verify(signature, _SIGNED + _text(fields).encode("ascii"))
        except (InvalidSignature, KeyError, TypeError, ValueError):
            return False
        return bool(fields.get("digest") == digest)


def forward(key: bytes) -> bytes:
    """Return the key after `key`, from which `key` cannot be found."""
    return _mac_key_and_next(key)[1]


def mac_of(chain_key: bytes, previous: str, text: str) -> str:
    """Return a line's MAC: over the MAC before it and its text."""
    return _mac(_mac_key_and_next(chain_key)[0], previous, text)


def digest_of(previous: str, line: bytes) -> str:
    """Return the digest of all lines up to this one."""
    return hashlib.sha256(previous.encode("ascii") + line).hexdigest()


def _open(line: str) -> tuple[str, str]:
    """Return the text and the MAC of a line."""
    text, suffix = f"{line[:-_SUFFIX_LENGTH]}}}", line[-_SUFFIX_LENGTH:]
    mac = suffix[len(_MAC_KEY) : -len('"}\n')]
    if suffix != f'{_MAC_KEY}{mac}"}}\n':
        raise BrokenLine("a line without a MAC")
    return text, mac


def _text(fields: Mapping[str, Any]) -> str:
    return _encode(fields)


def _mac(mac_key: bytes, previous: str, text: str) -> str:
    return hmac.digest(mac_key, f"{previous}{text}".encode("ascii"), "sha256").hex()


def _mac_key_and_next(key: bytes) -> tuple[bytes, bytes]:
    derived = _derive(key, b"step", 2 * KEY_BYTES)
    return derived[:KEY_BYTES], derived[KEY_BYTES:]


def _derive(key: bytes, purpose: bytes, length: int = KEY_BYTES) -> bytes:
    algorithm, expand = _hkdf()
    return expand(algorithm, length, b"fi-desktop audit " + purpose).derive(key)


@cache
def _hkdf() -> tuple[SHA256, type[HKDFExpand]]:
    # imported here: it takes a moment, and a program that starts needs none of it
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

    return SHA256(), HKDFExpand


def _signer(key: bytes) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(_derive(key, b"sign"))
