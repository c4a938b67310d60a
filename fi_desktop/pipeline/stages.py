"""What each stage makes, saved in the job's folder when it is done (temp file, fsync, rename).

A stage that finds its file there does nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.audio.container import read_error
from fi_desktop.audio.decode import decode
from fi_desktop.audio.media_files import source_sha256
from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.codec import notes_from_json, notes_to_json, plain, transcript_to_json
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.messages import Note
from fi_desktop.core.transcript import Diarization, Grade, Region, Transcript, Transcription, Turn, Word
from fi_desktop.core.values import Stage
from fi_desktop.engines import registry
from fi_desktop.engines.channels import Mix, mix_channels
from fi_desktop.engines.contracts import Hints, Speech
from fi_desktop.engines.vad import find_speech
from fi_desktop.models import Pack
from fi_desktop.pipeline.work import Telling, Work
from fi_desktop.system.files import RESULT, discard_stages, replacing, write_whole

_AUDIO = "audio.s16"
_DECODED = "decoded.json"
_MIX = "mix.json"
_SPEECH = "speech.npz"
_TURNS = "turns.json"
_WORDS = "words.json"
# How often a recording that changes while it is read is read before it is left for later.
_READINGS = 2
# The share of finding speech after which the channels of a recording with several are judged.
_MIXED = 0.5
_ASKED = "asked"
"""Beside what a stage found: the options that it was found with."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """What the first stage made, and of which file.

    Attributes:
        sha256: of the bytes that were decoded, hex.
        fingerprint: of the file that held them; see `_fingerprint`.
    """

    recording: Recording
    sha256: str
    notes: tuple[Note, ...]
    fingerprint: list[int] | None


def write_result(folder: Path, transcript: Transcript) -> None:
    """Put the result on disk."""
    write_whole(folder / RESULT, _json_bytes(transcript_to_json(transcript)))


@contextmanager
def marked(work: Work, stage: Stage) -> Iterator[None]:
    """Leave a mark in the job's folder where the worker is killed inside the block."""
    mark = _mark(work, stage)
    mark.touch()
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def was_killed_in(work: Work, stage: Stage) -> bool:
    """Whether the last attempt's worker was killed in this stage."""
    return _mark(work, stage).exists()


def _mark(work: Work, stage: Stage) -> Path:
    return work.folder / f"{stage.value}.begun"


def decoded(work: Work, telling: Telling) -> Decoded:
    """Decode the recording, or find it decoded."""
    audio, described = work.folder / _AUDIO, work.folder / _DECODED
    fingerprint = _fingerprint(work.path)
    if (saved := _read_json(described)) is not None and audio.is_file():
        # a recording that was moved away since is still done from what was decoded
        if fingerprint is None or saved["fingerprint"] == fingerprint:
            telling.kept()
            recording = Recording(audio, saved["channels"], saved["samples"])
            return Decoded(recording, saved["sha256"], notes_from_json(saved["notes"]), saved["fingerprint"])
        discard_stages(work.folder)
    made = _read(work, audio, telling)
    write_whole(
        described,
        _json_bytes(
            {
                "fingerprint": made.fingerprint,
                "channels": made.recording.channels,
                "samples": made.recording.samples,
                "sha256": made.sha256,
                "notes": notes_to_json(made.notes),
            }
        ),
    )
    return made


def _read(work: Work, audio: Path, telling: Telling) -> Decoded:
    """Decode the recording to `audio` and hash the same bytes: it is read again if it changed meanwhile.

    Raises:
        UserError, TransientError: what `decode` raises; audio.changing if it changed each time.
    """
    for _ in range(_READINGS):
        fingerprint = _fingerprint(work.path)
        try:
            made = decode(work.path, audio, progress=telling)
            sha256 = source_sha256(work.path)
        except UserError:
            # Half of a file may make no sense.
            if _fingerprint(work.path) == fingerprint:
                raise
            continue
        except OSError as error:
            raise read_error() from error
        if _fingerprint(work.path) == fingerprint:
            notes = tuple(warning.note for warning in made.warnings)
            return Decoded(made.recording, sha256, notes, fingerprint)
    audio.unlink(missing_ok=True)
    raise TransientError(messages.AUDIO_CHANGING)


def mixed(work: Work, recording: Recording, telling: Telling) -> Mix:
    """Find out which channels are heard, or find it found out."""
    path = work.folder / _MIX
    if recording.channels == 1:
        return Mix(recording)
    if (saved := _read_json(path)) is not None:
        return Mix(replace(recording, mix=tuple(saved["mix"])), saved["apart"])
    mix = mix_channels(recording, telling.part(0.0, _MIXED))
    write_whole(path, _json_bytes({"mix": mix.recording.mix, "apart": mix.apart}))
    return mix


def speech(work: Work, mix: Mix, per_channel: bool | None, telling: Telling) -> Speech:
    """Find speech, or find it found. `per_channel`: in each channel by itself; None: either will do."""
    path = work.folder / _SPEECH
    if path.is_file():
        with np.load(path, allow_pickle=False) as saved:
            if per_channel is None or bool(saved["per_channel"]) == per_channel:
                telling.kept()
                regions = tuple(Region(float(start), float(end)) for start, end in saved["regions"])
                # Speech that an earlier version saved lacks the last.
                unheard_s = float(saved["unheard_s"]) if "unheard_s" in saved else 0.0
                return Speech(saved["probability"], float(saved["hop_s"]), regions, unheard_s)
    if per_channel and mix.speech is not None:
        found = mix.speech
    else:
        progress = telling if mix.recording.channels == 1 else telling.part(_MIXED, 1.0)
        found = find_speech(mix.recording, per_channel=bool(per_channel), progress=progress)
    found = replace(found, regions=plain(found.regions))
    with replacing(path) as file:
        np.savez(
            file,
            probability=found.probability,
            hop_s=found.hop_s,
            regions=np.array([(r.start, r.end) for r in found.regions], dtype=float).reshape(-1, 2),
            per_channel=bool(per_channel),
            unheard_s=found.unheard_s,
        )
    return found


class Turns:
    """Who spoke when: saved, or to be found by an engine, which is not loaded before it is needed."""

    def __init__(self, work: Work, engine: str) -> None:
        """Look whether it is saved; `engine`: what diarizes if not."""
        self._work = work
        self._path = work.folder / _TURNS
        self._asked = [work.options.engine, str(work.options.speakers)]
        self._saved = _saved_for(self._path, self._asked)
        self._engine = engine

    @property
    def per_channel(self) -> bool | None:
        """Whether speech is wanted in each channel by itself; None: it does not matter any more."""
        return registry.per_channel(self._engine) if self._saved is None else None

    def diarized(self, recording: Recording, speech: Speech, telling: Telling) -> Diarization:
        """Diarize, or find it done."""
        if self._saved is not None:
            telling.kept()
            return _diarization(self._saved)
        work = self._work
        engine = registry.create(self._engine, work.models, frugality=work.frugality, threads=work.threads)
        found = plain(engine.diarize(recording, speech, speakers=work.options.speakers, progress=telling))
        write_whole(self._path, _json_bytes(asdict(found) | {_ASKED: self._asked}))
        return found


class Words:
    """What was said: saved, or to be found by an engine."""

    def __init__(self, work: Work, pack: Pack) -> None:
        """Prepare; `pack`: the model that transcribes if need be."""
        self._work = work
        self._pack = pack

    def transcribed(self, recording: Recording, speech: Speech, telling: Telling) -> Transcription:
        """Transcribe, or find it done."""
        work, path = self._work, self._work.folder / _WORDS
        options = work.options
        asked = [options.transcriber, options.language, list(options.vocabulary), options.prompt]
        if (saved := _saved_for(path, asked)) is not None:
            telling.kept()
            words = tuple(Word(**word) for word in saved.pop("words"))
            return Transcription(words, notes=notes_from_json(saved.pop("notes")), **saved)
        engine = registry.create_transcriber(self._pack, frugality=work.frugality, threads=work.threads)
        hints = Hints(options.language, options.vocabulary, options.prompt)
        found = plain(engine.transcribe(recording, speech, hints=hints, progress=telling))
        write_whole(path, _json_bytes(asdict(found) | {"notes": notes_to_json(found.notes), _ASKED: asked}))
        return found


def _saved_for(path: Path, asked: list[Any]) -> dict[str, Any] | None:
    """Return what a stage saved, where it was asked for the same: options may change between attempts."""
    saved: dict[str, Any] | None = _read_json(path)
    return saved if saved is not None and saved.pop(_ASKED, None) == asked else None


def _diarization(saved: dict[str, Any]) -> Diarization:
    return Diarization(
        turns=tuple(Turn(**turn) for turn in saved["turns"]),
        engine=saved["engine"],
        model=saved["model"],
        grade=Grade(saved["grade"]) if saved["grade"] else None,
        details=saved["details"],
        exclusive=tuple(Turn(**turn) for turn in saved.get("exclusive", ())),
    )


def _fingerprint(path: Path) -> list[int] | None:
    """Size and time of the last change, or None where the file cannot be seen.

    Not the inode: on network and user-space file systems, it may change by itself.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode("ascii")
