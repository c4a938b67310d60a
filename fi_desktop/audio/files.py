"""Files that hold recordings: found in folders by their ending, known by the hash of their bytes.

The window and the queue use it, so it imports no decoder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

AUDIO_EXTENSIONS = frozenset({
    ".3ga", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".caf", ".flac", ".m4a",
    ".m4b", ".mka", ".mp1", ".mp2", ".mp3", ".mpa", ".mpc", ".oga", ".ogg", ".opus", ".ra", ".rf64", ".snd",
    ".spx", ".tta", ".voc", ".w64", ".wav", ".wave", ".weba", ".wma", ".wv",
})  # fmt: skip
VIDEO_EXTENSIONS = frozenset({
    ".3g2", ".3gp", ".asf", ".avi", ".dv", ".f4v", ".flv", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg",
    ".mpg", ".mts", ".mxf", ".ogm", ".ogv", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv",
})  # fmt: skip
MEDIA_EXTENSIONS = AUDIO_EXTENSIONS | VIDEO_EXTENSIONS

_HASH_BLOCK_BYTES = 1024 * 1024


def media_files(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the recordings among `paths`, each once, in the order given and sorted inside each folder.

    A file that is named itself is taken whatever its ending: what it is, is for the decoder to tell. Folders
        are walked; in them hidden entries, other files than recordings and sub-folders that may not be read
        are passed over. A path that does not exist is yielded too, so that its job can say so.
    """
    seen: set[str] = set()
    for path in paths:
        for file in _walk(path, set()) if path.is_dir() else (path,):
            real = os.path.realpath(file)
            if real not in seen:
                seen.add(real)
                yield file


def source_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, hex, read block by block.

    Raises:
        OSError: it cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_HASH_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _walk(folder: Path, above: set[str]) -> Iterator[Path]:
    # above: the real folders that lead here; a link to one of them would go round for ever.
    real = os.path.realpath(folder)
    if real in above:
        return
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: (entry.name.casefold(), entry.name))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError:
            continue
        if is_folder:
            yield from _walk(entry, above | {real})
        elif is_file and entry.suffix.lower() in MEDIA_EXTENSIONS:
            yield entry
