"""Files that people take for recordings and no decoder reads, recognized by their first bytes."""

from __future__ import annotations

from fi_desktop.core.errors import UserError

HEAD_BYTES = 128
"""How much of a file `foreign_error` needs."""

_SENTENCES = {
    "audio.dictation": "This dictation is in a format that only its recorder's own program reads: export it "
    "there as WAV, and add that file.",
    "audio.dictation_locked": "This dictation is encrypted: decrypt it in its recorder's own program, export "
    "it there as WAV, and add that file.",
    "audio.project": "This is an Audacity project and not a recording: export it there as WAV, and add that "
    "file.",
    "audio.shortcut": "This is a shortcut and not the recording: add the file that it points to.",
}

_SHELL_LINK = b"L\x00\x00\x00\x01\x14\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00F"  # MS-SHLLINK, 2.1
_KNOWN = (
    ((0, b"\x03ds2"), "audio.dictation"),  # Digital Speech Standard Pro; FFmpeg reads the older .dss
    ((0, b"\x03enc"), "audio.dictation_locked"),
    ((0, b"MS_VOICE"), "audio.dictation"),  # Sony .dvf and .msv
    ((68, b"AUDY"), "audio.project"),  # .aup3, an SQLite file; this is its application id
    ((0, _SHELL_LINK), "audio.shortcut"),  # .lnk
    ((0, b"[InternetShortcut]"), "audio.shortcut"),  # .url
    ((0, b"[Desktop Entry]"), "audio.shortcut"),
    ((0, b"book\x00\x00\x00\x00mark"), "audio.shortcut"),  # an alias of macOS
)


def foreign_error(head: bytes) -> UserError | None:
    """Return what to do with a file that begins so; None: it may be a recording."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    for (offset, magic), code in _KNOWN:
        if head.startswith(magic, offset) or (magic.startswith(b"[") and text.startswith(magic)):
            return UserError(code, _SENTENCES[code])
    return None
