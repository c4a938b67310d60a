"""Authenticated encryption: AES-256-GCM, and keys derived by HKDF-SHA-256 (pyca/cryptography).

A context is bound to what is sealed: it must be given again to unseal, so that nothing can be put in the
place of something else.
"""

from __future__ import annotations

import os
import secrets
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
SEAL_BYTES = NONCE_BYTES + TAG_BYTES
"""How much longer something is once it is sealed."""
_NONCES_AT_ONCE = 256


class SealBroken(ValueError):
    """What was sealed was changed, cut, swapped, or sealed with another key."""


def new_key() -> bytes:
    """Return a random 256-bit key."""
    return secrets.token_bytes(KEY_BYTES)


def derived(key: bytes, purpose: str, salt: bytes = b"") -> bytes:
    """Return the 256-bit key for a purpose that follows from a key, and nothing else follows from."""
    return HKDF(SHA256(), KEY_BYTES, salt, purpose.encode()).derive(key)


def seal(key: bytes, data: bytes, context: bytes) -> bytes:
    """Return sealed data, with its random nonce in front."""
    nonce = _nonces.take()
    return nonce + AESGCM(key).encrypt(nonce, data, context)


def unseal(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """Return what `seal` sealed.

    Raises:
        SealBroken: the key, the data or the context is another.
    """
    if len(sealed) < SEAL_BYTES:
        raise SealBroken("too short")
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except InvalidTag as error:
        raise SealBroken("not sealed with this key for this place") from error


class _Nonces:
    """Random nonces of the system, many at a time: the queue's thread seals several rows for each job, and
    would wait for its turn after each call.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._left: list[bytes] = []

    def take(self) -> bytes:
        with self._lock:
            if not self._left:
                random = secrets.token_bytes(NONCE_BYTES * _NONCES_AT_ONCE)
                self._left = [random[at : at + NONCE_BYTES] for at in range(0, len(random), NONCE_BYTES)]
            return self._left.pop()

    def forget(self) -> None:
        """Forget what is left, and the lock: a forked process must not use the same."""
        self._lock, self._left = threading.Lock(), []


_nonces = _Nonces()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_nonces.forget)


class ChunkCipher:
    """Seals the chunks of one file: each with the file's key, its number and whether it is the last one."""

    def __init__(self, key: bytes, salt: bytes) -> None:
        """Derive the file's key. key: of files of its kind; salt: random, of this file."""
        self._cipher = AESGCM(derived(key, "file", salt))

    def seal(self, number: int, data: bytes, *, last: bool) -> bytes:
        """Return a sealed chunk."""
        return self._cipher.encrypt(_nonce(number, last=last), data, None)

    def unseal(self, number: int, sealed: bytes, *, last: bool) -> bytes:
        """Return a chunk.

        Raises:
            SealBroken: it is another chunk, or was changed.
        """
        try:
            return self._cipher.decrypt(_nonce(number, last=last), sealed, None)
        except InvalidTag as error:
            raise SealBroken("a chunk was changed, cut or swapped") from error


def _nonce(number: int, *, last: bool) -> bytes:
    """Return a chunk's nonce: its number and the last-mark (STREAM, Hoang et al. 2015)."""
    return number.to_bytes(NONCE_BYTES - 1, "big") + bytes([last])
