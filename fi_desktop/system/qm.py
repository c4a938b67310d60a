"""Reads translations that Qt's `lrelease` compiled, without Qt.

A `.qm` file starts with 16 bytes of magic, followed by blocks: a byte that names the block, its length, and
its content. The block of messages is a list of fields: a byte that names the field, and for texts a length
and a content. All numbers are big-endian.
"""

from __future__ import annotations

from struct import error as StructError
from struct import unpack_from

_MAGIC = bytes.fromhex("3cb86418caef9c95cd211cbf60a1bddd")
_MESSAGES = 0x69
_END, _TRANSLATION, _OLD, _SOURCE, _CONTEXT, _COMMENT = 1, 3, 5, 6, 7, 8
_TEXTS = (_TRANSLATION, _SOURCE, _CONTEXT, _COMMENT)
_NONE = 0xFFFFFFFF  # length of a text that is absent
_NUMBER_BYTES = 4


def translations(content: bytes, context: str) -> dict[str, str]:
    """Return the translations of a context by their source text.

    Args:
        content: of a `.qm` file.
        context: such as "Messages"; of a text with several forms, only the first is returned.

    Raises:
        ValueError: it is no `.qm` file, or is damaged.
    """
    if not content.startswith(_MAGIC):
        raise ValueError("not a .qm file")
    try:
        return _found(_block(content), context)
    except (StructError, IndexError) as error:
        raise ValueError("damaged .qm file") from error


def _block(content: bytes) -> bytes:
    """Return the content of the block of messages."""
    at = len(_MAGIC)
    while at < len(content):
        name, length = unpack_from(">BI", content, at)
        at += 1 + _NUMBER_BYTES
        if name == _MESSAGES:
            return content[at : at + length]
        at += length
    return b""


def _found(block: bytes, context: str) -> dict[str, str]:
    found: dict[str, str] = {}
    fields: dict[int, bytes] = {}
    at = 0
    while at < len(block):
        field = block[at]
        at += 1
        if field == _END:
            if fields.get(_CONTEXT, b"").decode("utf-8") == context and _TRANSLATION in fields:
                found[fields.get(_SOURCE, b"").decode("utf-8")] = fields[_TRANSLATION].decode("utf-16-be")
            fields = {}
        elif field == _OLD:
            at += _NUMBER_BYTES
        elif field in _TEXTS:
            (length,) = unpack_from(">I", block, at)
            at += _NUMBER_BYTES
            if length != _NONE:
                fields.setdefault(field, block[at : at + length])
                at += length
        else:
            raise ValueError(f"unknown field {field}")
    return found
