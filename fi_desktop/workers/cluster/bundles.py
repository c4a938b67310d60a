"""What travels of a job, as sealed files: its samples as FLAC, its small files, and its result.

The recording itself never leaves the desktop, and is parsed there. The server gets the decoded samples, which
FLAC keeps bit by bit, and the file that says how they were decoded: to the pipeline there, the first stage is
done. Of the recording's name the server learns nothing; the desktop puts it into the result.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core import messages
from fi_desktop.core.codec import transcript_from_json
from fi_desktop.core.errors import FiError, UserError
from fi_desktop.core.transcript import Transcript
from fi_desktop.engines import term_lists
from fi_desktop.system.files import RESULT
from fi_desktop.system.result_files import review_path, version_of
from fi_desktop.vault.job_files import JobFiles
from fi_desktop.vault.sealed_file import FileSeal, FileWriter, reading
from fi_desktop.vault.sealing import derived

AUDIO = "audio.s16"
"""The decoded samples in a job's folder; see `pipeline/stages.py`."""
DECODED = "decoded.json"
VOCABULARY = "vocabulary"
"""The folder of the desktop's vocabulary lists, in the job's folder on the server."""

# what an attempt can go on from; a result and its review, if its turns are to stay
_STAGES = (DECODED, "mix.json", "speech.npz", "turns.json", "words.json")
_BATCHES = "words.jsonl"
_SENT = re.compile(
    rf"decoded\.json|mix\.json|speech\.npz|turns\.json|words\.jsonl?|{re.escape(RESULT)}"
    rf"|review-[0-9a-f]{{16}}\.jsonl|{VOCABULARY}/([a-z]{{2,3}}/)?[\w -]{{1,100}}\.txt"
)
_BLOCK_FRAMES = 10 * SAMPLE_RATE_HZ
_LARGEST_SMALL = 256 * 1024**2
_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def seal_of(key: bytes, what: str) -> FileSeal:
    """Return how a file of an attempt is sealed on the way. key: of the attempt; what: which file."""
    return FileSeal(derived(key, f"fi-desktop transfer {what}"))


# ---- samples


def write_audio(
    recording: Recording, target: Path, seal: FileSeal, progress: Callable[[float], None]
) -> None:
    """Write a recording's samples to a sealed FLAC file. progress: called with the fraction done."""
    with _writing(seal, target) as file:
        _encode(recording, file, progress)


def _encode(recording: Recording, file: FileWriter, progress: Callable[[float], None]) -> None:
    layout = _LAYOUTS[recording.channels]
    with av.open(_Appending(file), "w", format="flac") as container:
        stream = cast(AudioStream, container.add_stream("flac", rate=SAMPLE_RATE_HZ))
        stream.layout = layout
        stream.format = "s16"
        with reading(recording.seal, recording.path) as source:
            for start in range(0, recording.samples, _BLOCK_FRAMES):
                count = min(_BLOCK_FRAMES, recording.samples - start)
                raw = source.read(2 * count * recording.channels)
                samples = np.frombuffer(raw, dtype="<i2").reshape(1, -1)
                frame = av.AudioFrame.from_ndarray(samples, format="s16", layout=layout)
                frame.sample_rate = SAMPLE_RATE_HZ
                frame.pts = start
                container.mux(stream.encode(frame))
                progress((start + count) / recording.samples)
        container.mux(stream.encode(None))


def read_audio(source: Path, seal: FileSeal, target: Path, target_seal: FileSeal, channels: int) -> int:
    """Write the samples of a sealed FLAC file as a job's folder has them; return how many a channel has."""
    samples = 0
    with (
        reading(seal, source) as file,
        _writing(target_seal, target) as out,
        av.open(file, "r", format="flac") as container,
    ):
        for frame in container.decode(audio=0):
            block = _interleaved(frame.to_ndarray(), channels)
            out.write(block.astype("<i2").tobytes())
            samples += block.size // channels
    return samples


def _interleaved(block: NDArray[Any], channels: int) -> NDArray[np.int16]:
    """Return the samples of a frame in order; a frame is (1, samples x channels), or (channels, samples)."""
    if block.dtype != np.int16 or block.size % channels:
        raise FiError(messages.CLUSTER_ODD)
    return np.ascontiguousarray(block.T if block.shape[0] == channels > 1 else block).reshape(-1)


class _Appending:
    """A `FileWriter` as FFmpeg wants it: it cannot seek."""

    def __init__(self, file: FileWriter) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        """Append bytes."""
        self._file.write(bytes(data))
        return len(data)


# ---- small files


def small_files(
    folder: Path, files: JobFiles, *, keep_turns: bool, lists: Iterable[str], roots: Iterable[Path]
) -> dict[str, bytes]:
    """Return the files, in clear, that an attempt on the server needs.

    Args:
        folder: of the job.
        files: how they are read.
        keep_turns: the turns of the present result stay.
        lists: the names of the vocabulary lists that the job wants.
        roots: the folders with lists.
    """
    found = {name: files.read(folder / name) for name in _STAGES if (folder / name).is_file()}
    if (folder / _BATCHES).is_file():
        found[_BATCHES] = files.read_lines(folder / _BATCHES)
    if keep_turns and (folder / RESULT).is_file():
        found[RESULT] = files.read(folder / RESULT)
        review = review_path(folder, version_of(found[RESULT]))
        with suppress(FileNotFoundError):
            found[review.name] = files.read_lines(review)
    found |= _lists(lists, tuple(roots))
    return {name: data for name, data in found.items() if _SENT.fullmatch(name)}


def _lists(names: Iterable[str], roots: tuple[Path, ...]) -> dict[str, bytes]:
    """Return vocabulary lists as files; one that cannot be read is left out, and the result says so."""
    found: dict[str, bytes] = {}
    for name in names:
        with suppress(UserError):
            for term in term_lists.read(name, roots):
                place = "/".join(filter(None, (VOCABULARY, term.language, f"{name}.txt")))
                line = f"{term.text} = {term.said}\n" if term.said else f"{term.text}\n"
                found[place] = found.get(place, b"") + line.encode()
    return found


def write_small_files(content: Mapping[str, bytes], folder: Path, files: JobFiles) -> None:
    """Write what `small_files` returned to the job's folder on the server.

    Raises:
        FiError: no desktop of ours sends that.
    """
    for name, data in content.items():
        if not _SENT.fullmatch(name):
            raise FiError(messages.CLUSTER_ODD)
        path = folder / name
        if name.startswith(f"{VOCABULARY}/"):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(data)
        elif name.endswith(".jsonl"):
            lines = enumerate(data.splitlines())
            path.write_bytes(b"".join(files.line(name, number, line) for number, line in lines))
        else:
            files.write(path, data)


def write_bundle(content: Mapping[str, bytes], target: Path, seal: FileSeal) -> None:
    """Write files by name as one sealed file."""
    data = {name: base64.b64encode(item).decode("ascii") for name, item in content.items()}
    with _writing(seal, target) as file:
        file.write(json.dumps(data, separators=(",", ":")).encode("ascii"))


def read_bundle(source: Path, seal: FileSeal) -> dict[str, bytes]:
    """Return what `write_bundle` wrote.

    Raises:
        FiError: it is something else.
        SealBroken: it was changed, or sealed with another key.
    """
    if source.stat().st_size > _LARGEST_SMALL:
        raise FiError(messages.CLUSTER_ODD)
    try:
        said = json.loads(seal.read(source))
        return {str(name): base64.b64decode(item, validate=True) for name, item in said.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise FiError(messages.CLUSTER_ODD) from error


# ---- results


def returned_transcript(content: Mapping[str, bytes], source_name: str, sha256: str) -> Transcript:
    """Return the transcript in a result, with the recording's name.

    sha256: of the recording that was sent.

    Raises:
        FiError: it is no result of this recording.
    """
    transcript = transcript_of(content.get(RESULT, b""))
    if transcript.provenance.source_sha256 != sha256:
        raise FiError(messages.CLUSTER_ODD)
    return replace(transcript, provenance=replace(transcript.provenance, source_name=source_name))


def transcript_of(result: bytes) -> Transcript:
    """Return the transcript in a result file's content.

    Raises:
        FiError: it has no transcript.
    """
    try:
        return transcript_from_json(json.loads(result))
    except (KeyError, TypeError, ValueError) as error:
        raise FiError(messages.CLUSTER_ODD) from error


@contextmanager
def _writing(seal: FileSeal, target: Path) -> Iterator[FileWriter]:
    """Give the block a sealed file to write, which is complete if the block succeeds."""
    file = seal.writer(target)
    try:
        yield file
        file.finish()
    finally:
        file.close()
