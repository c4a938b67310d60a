"""What a token writes: Whisper's tokens are sequences of bytes, each written as a printable letter.

Source: https://github.com/openai/gpt-2, `src/encoder.py`, `bytes_to_unicode`.
"""

from __future__ import annotations

from typing import Any

_PRINTABLE = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
_OTHERS = [byte for byte in range(256) if byte not in _PRINTABLE]
_BYTES = {chr(byte): byte for byte in _PRINTABLE} | {chr(256 + n): byte for n, byte in enumerate(_OTHERS)}


def spell_token(tokenizer: Any, end: int, token: int) -> bytes:
    """Return what a token writes, UTF-8, which may begin or end within a letter.

    The end of a text writes a space, tokens beyond it nothing.

    tokenizer: of the `tokenizers` library; end: the token that ends a text.
    """
    if token >= end:
        return b" " if token == end else b""
    return bytes(_BYTES[letter] for letter in tokenizer.id_to_token(token) or "" if letter in _BYTES)
