"""What both sides say to each other over a channel: greeting, proofs, one request, one answer.

    server → client   greeting, nonce
    client → server   greeting, nonce, proof
    server → client   proof
    client → server   proof, request
    server → client   proof, answer

A proof is an HMAC under the key of the endpoint over its purpose, both nonces, and what it seals. Each side
therefore knows that the other one can read the data folder before a request is sent, and nothing that was
recorded proves anything on another connection. Until a client has proved this, it can send 100 bytes.
"""

from __future__ import annotations

import hmac
import json
import secrets
from typing import Any

from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.rpc.framing import Channel

MESSAGE_TIMEOUT_S = 2.0
"""How long to wait for a message that is due, all of it."""
LONGEST_MESSAGE_BYTES = 64 * 2**20

_GREETING = b"fi-desktop ipc 2\n"  # the number changes with the order of messages above
_NONCE_BYTES = 32
_PROOF_BYTES = 32
_LONGEST_GREETING_BYTES = 100


class NotAuthenticated(ValueError):
    """The other side does not know the key."""


class Session:
    """A channel on which both sides have proved that they know the key."""

    def __init__(self, channel: Channel, key: bytes, nonces: bytes) -> None:
        self._channel, self._key, self._nonces = channel, key, nonces

    def send(self, purpose: bytes, body: bytes) -> None:
        """Send a message; TimeoutError or OSError if the other side does not take it."""
        self._channel.send(_proof(self._key, purpose, self._nonces, body) + body, MESSAGE_TIMEOUT_S)

    def receive(self, purpose: bytes, timeout_s: float = MESSAGE_TIMEOUT_S) -> bytes:
        """Return the other side's next message.

        Raises:
            NotAuthenticated: its proof is wrong.
            TimeoutError, EOFError, OSError, ValueError: see `Channel.receive`.
        """
        sealed = self._channel.receive(LONGEST_MESSAGE_BYTES, timeout_s)
        proof, body = sealed[:_PROOF_BYTES], sealed[_PROOF_BYTES:]
        _check(proof, _proof(self._key, purpose, self._nonces, body))
        return body


def accept_client(channel: Channel, key: bytes) -> Session:
    """Prove the key to a client, once it proved it.

    Raises:
        NotAuthenticated: it does not know the key, or is another version.
        TimeoutError, EOFError, OSError, ValueError: it does not say so in time.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    channel.send(_GREETING + nonce, MESSAGE_TIMEOUT_S)
    client_nonce, proof = _after_greeting(channel)
    nonces = nonce + client_nonce
    _check(proof, _proof(key, b"client", nonces))
    channel.send(_proof(key, b"server", nonces), MESSAGE_TIMEOUT_S)
    return Session(channel, key, nonces)


def join_server(channel: Channel, key: bytes) -> Session:
    """Prove the key to the owner of a data folder, and have it prove it; nothing else was sent until then.

    Raises:
        UserError: ipc.version, it greets otherwise.
        NotAuthenticated, TimeoutError, EOFError, OSError, ValueError: as in `accept_client`.
    """
    try:
        nonce, _ = _after_greeting(channel)
    except ValueError as error:
        raise UserError(messages.IPC_VERSION) from error
    own_nonce = secrets.token_bytes(_NONCE_BYTES)
    nonces = nonce + own_nonce
    channel.send(_GREETING + own_nonce + _proof(key, b"client", nonces), MESSAGE_TIMEOUT_S)
    _check(channel.receive(_PROOF_BYTES, MESSAGE_TIMEOUT_S), _proof(key, b"server", nonces))
    return Session(channel, key, nonces)


def to_bytes(message: dict[str, Any]) -> bytes:
    """Return a message as JSON.

    Raises:
        UserError: ipc.too_large, the other side would not read it.
    """
    body = json.dumps(message).encode()
    if len(body) + _PROOF_BYTES > LONGEST_MESSAGE_BYTES:
        raise UserError(messages.IPC_TOO_LARGE)
    return body


def _after_greeting(channel: Channel) -> tuple[bytes, bytes]:
    """Return the nonce of the other side's greeting, and what follows."""
    greeting = channel.receive(_LONGEST_GREETING_BYTES, MESSAGE_TIMEOUT_S)
    rest = greeting.removeprefix(_GREETING)
    if rest == greeting or len(rest) < _NONCE_BYTES:
        raise NotAuthenticated("not a greeting of this version")
    return rest[:_NONCE_BYTES], rest[_NONCE_BYTES:]


def _proof(key: bytes, purpose: bytes, nonces: bytes, body: bytes = b"") -> bytes:
    return hmac.digest(key, purpose + b"\n" + nonces + body, "sha256")


def _check(proof: bytes, expected: bytes) -> None:
    if not hmac.compare_digest(proof, expected):
        raise NotAuthenticated("a message without proof")
