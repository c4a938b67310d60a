"""The stages of the pipeline. Each saves its result in the job's folder, atomically.

A stage that finds its result there does nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from fi_desktop.audio.container import read_error
from fi_desktop.audio.decode import decode
from fi_desktop.audio.media_files import source_sha256
from fi_desktop.audio.recording import Recording
from fi_desktop.core import messages
from fi_desktop.core.codec import notes_from_json, notes_to_json, transcript_from_json, transcript_to_json
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.messages import Note
from fi_desktop.core.recorded_dates import date_in_metadata, local_moment
from fi_desktop.core.step_lines import corrected
from fi_desktop.core.transcript import Diarization, Grade, Region, Transcript, Transcription, Turn, Word
from fi_desktop.core.values import Stage
from fi_desktop.engines import registry, term_lists
from fi_desktop.engines.channels import ChannelMix, select_channels
from fi_desktop.engines.contracts import ResumableTranscriber, Speech, TranscriptionOptions, plain
from fi_desktop.engines.networks import release_networks
from fi_desktop.engines.registry import TranscriberChoice
from fi_desktop.engines.vad import detect_speech
from fi_desktop.pipeline.batch_file import BatchFile
from fi_desktop.pipeline.task import StageReporter, Task
from fi_desktop.system.files import RESULT, SEEK_TABLE, discard_stages
from fi_desktop.system.memory import release_freed_memory
from fi_desktop.system.result_files import keep_version, review_path, version_of
from fi_desktop.vault.job_files import CLEAR, JobFiles

_AUDIO = "audio.s16"
_DECODED = "decoded.json"
_SEEK_TABLE = f"{SEEK_TABLE}.part"
_MIX = "mix.json"
_SPEECH = "speech.npz"
_TURNS = "turns.json"
_WORDS = "words.json"
_BATCHES = "words.jsonl"
# How often a recording that changes while it is being read is read before the job is retried later.
_READS = 2
# The share of speech detection that selecting the channels takes, if there are several.
_SELECTION_SHARE = 0.5
_LONG_S = 120.0
"""In longer recordings the diarizer's networks make room for the words; loading them again takes 0.2 s."""
_ASKED = "asked"
"""Key of the options with which a saved result was made."""


@dataclass(frozen=True, slots=True)
class DecodedSource:
    """The decoded recording and the file that it was decoded from.

    Attributes:
        recording: its samples, in the job's folder.
        sha256: of the bytes that were decoded, hex.
        notes: what the decoder found wrong.
        fingerprint: of the file; see `_fingerprint`.
        recorded_at: when the file says it was recorded, see `CaseLabel`.
    """

    recording: Recording
    sha256: str
    notes: tuple[Note, ...]
    fingerprint: list[int] | None
    recorded_at: str = ""


def write_result(folder: Path, transcript: Transcript, files: JobFiles = CLEAR) -> str:
    """Write the result to the job's folder, where an earlier one is kept; return its version."""
    keep_version(folder, files.read)
    data = _json_bytes(transcript_to_json(transcript))
    files.write(folder / RESULT, data)
    return version_of(data)


@contextmanager
def attempt_mark(task: Task, stage: Stage) -> Iterator[None]:
    """Leave a mark in the job's folder if the worker is killed inside the block."""
    mark = _mark(task, stage)
    mark.touch()
    try:
        yield
    finally:
        mark.unlink(missing_ok=True)


def was_killed_in(task: Task, stage: Stage) -> bool:
    """Return whether the worker of the last attempt was killed in this stage."""
    return _mark(task, stage).exists()


def _mark(task: Task, stage: Stage) -> Path:
    return task.folder / f"{stage.value}.begun"


def decode_source(task: Task, reporter: StageReporter) -> DecodedSource:
    """Decode the recording, or load what was decoded."""
    audio, described = task.folder / _AUDIO, task.folder / _DECODED
    fingerprint = _fingerprint(task.path)
    if (saved := _read_json(task.files, described)) is not None and audio.is_file():
        # a recording that was moved away since still completes from what was decoded
        if fingerprint is None or saved["fingerprint"] == fingerprint:
            reporter.reused()
            recording = Recording(audio, saved["channels"], saved["samples"], seal=task.files.seal(_AUDIO))
            return DecodedSource(
                recording,
                saved["sha256"],
                notes_from_json(saved["notes"]),
                saved["fingerprint"],
                saved.get("recorded_at", ""),  # earlier versions did not save it
            )
        discard_stages(task.folder)
    source = _decode(task, audio, reporter)
    task.files.write(
        described,
        _json_bytes(
            {
                "fingerprint": source.fingerprint,
                "channels": source.recording.channels,
                "samples": source.recording.samples,
                "sha256": source.sha256,
                "notes": notes_to_json(source.notes),
                "recorded_at": source.recorded_at,
            }
        ),
    )
    return source


def _decode(task: Task, audio: Path, reporter: StageReporter) -> DecodedSource:
    """Decode the recording to `audio` and hash the same bytes; start again if the file changes meanwhile.

    Raises:
        UserError, TransientError: what `decode` raises; audio.changing if the file changed each time.
    """
    seal = task.files.seal(_AUDIO)
    for _ in range(_READS):
        fingerprint = _fingerprint(task.path)
        try:
            if task.source is not None:
                decoded = task.source.decode(audio, reporter, seal)
                sha256 = task.source.sha256()
            else:
                decoded = decode(task.path, audio, progress=reporter, seekable=True, seal=seal)
                sha256 = source_sha256(task.path)
        except UserError:
            # An incomplete file may look damaged.
            if _fingerprint(task.path) == fingerprint:
                raise
            continue
        except OSError as error:
            raise read_error() from error
        if _fingerprint(task.path) == fingerprint:
            notes = tuple(warning.note for warning in decoded.warnings)
            if decoded.seek_table is not None:
                decoded.seek_table.write(task.folder / _SEEK_TABLE, task.files)
            recorded_at = date_in_metadata(decoded.dates, local_moment(time.time()))
            return DecodedSource(decoded.recording, sha256, notes, fingerprint, recorded_at)
    audio.unlink(missing_ok=True)
    raise TransientError(messages.AUDIO_CHANGING)


def keep_seek_table(folder: Path) -> None:
    """Keep what the decoder noted for playing, with the result that is written next."""
    with suppress(FileNotFoundError):
        (folder / _SEEK_TABLE).replace(folder / SEEK_TABLE)


def mix_channels(task: Task, recording: Recording, reporter: StageReporter) -> ChannelMix:
    """Select the channels to mix, or load the selection."""
    path = task.folder / _MIX
    if recording.channels == 1:
        return ChannelMix(recording)
    if (saved := _read_json(task.files, path)) is not None:
        return ChannelMix(replace(recording, mix=tuple(saved["mix"])), saved["apart"])
    mix = select_channels(recording, reporter.part(0.0, _SELECTION_SHARE))
    task.files.write(path, _json_bytes({"mix": mix.recording.mix, "apart": mix.separate}))
    return mix


def find_speech(task: Task, mix: ChannelMix, per_channel: bool | None, reporter: StageReporter) -> Speech:
    """Detect speech, or load it. per_channel: in each channel separately; None if either will do."""
    path = task.folder / _SPEECH
    if path.is_file():
        with np.load(BytesIO(task.files.read(path)), allow_pickle=False) as saved:
            if per_channel is None or bool(saved["per_channel"]) == per_channel:
                reporter.reused()
                regions = tuple(Region(float(start), float(end)) for start, end in saved["regions"])
                # Earlier versions did not save it.
                missed_s = float(saved["unheard_s"]) if "unheard_s" in saved else 0.0
                return Speech(saved["probability"], float(saved["hop_s"]), regions, missed_s)
    if per_channel and mix.speech is not None:
        speech = mix.speech
    else:
        progress = reporter if mix.recording.channels == 1 else reporter.part(_SELECTION_SHARE, 1.0)
        speech = detect_speech(mix.recording, per_channel=bool(per_channel), progress=progress)
    speech = replace(speech, regions=plain(speech.regions))
    content = BytesIO()
    np.savez(
        content,
        probability=speech.probability,
        hop_s=speech.hop_s,
        regions=np.array([(r.start, r.end) for r in speech.regions], dtype=float).reshape(-1, 2),
        per_channel=bool(per_channel),
        unheard_s=speech.missed_s,
    )
    task.files.write(path, content.getvalue())
    return speech


class DiarizeStage:
    """Loads the turns of an earlier attempt, or diarizes; the engine is loaded only if it is needed."""

    def __init__(self, task: Task, engine: str, sha256: str) -> None:
        """Look for saved turns; `engine` diarizes if there are none. `sha256`: of the recording."""
        self._task = task
        self._path = task.folder / _TURNS
        self._asked = [task.options.engine, str(task.options.speakers)]
        saved = _load_saved(task.files, self._path, self._asked)
        self._saved = None if saved is None else _diarization(saved)
        if task.keep_turns and self._saved is None:
            self._saved = _earlier_turns(task, sha256)
        self._engine = engine

    @property
    def per_channel(self) -> bool | None:
        """Whether speech has to be detected in each channel separately; None if turns are saved."""
        return registry.diarizers()[self._engine].per_channel if self._saved is None else None

    def run(self, recording: Recording, speech: Speech, reporter: StageReporter) -> Diarization:
        """Return the turns."""
        if self._saved is not None:
            reporter.reused()
            return self._saved
        task = self._task
        engine = registry.create_diarizer(
            self._engine, task.model_roots, memory_level=task.memory_level, threads=task.threads
        )
        found = plain(engine.diarize(recording, speech, speakers=task.options.speakers, progress=reporter))
        task.files.write(self._path, _json_bytes(asdict(found) | {_ASKED: self._asked}))
        return found


def transcribe(
    task: Task,
    chosen: TranscriberChoice,
    recording: Recording,
    speech: Speech,
    reporter: StageReporter,
) -> Transcription:
    """Transcribe, or load the words of an earlier attempt."""
    path, options = task.folder / _WORDS, task.options
    likely = () if options.language else task.likely_languages
    asked = [options.transcriber, options.language, list(options.vocabulary), options.prompt, list(likely)]
    asked += [list(options.vocabulary_lists)] if options.vocabulary_lists else []
    if (saved := _load_saved(task.files, path, asked)) is not None:
        reporter.reused()
        words = tuple(Word(**word) for word in saved.pop("words"))
        # Earlier versions did not save it.
        missing = tuple(Region(**region) for region in saved.pop("missing", ()))
        return Transcription(words, notes=notes_from_json(saved.pop("notes")), missing=missing, **saved)
    if recording.duration > _LONG_S:
        release_networks()
        release_freed_memory()
    engine = registry.create_transcriber(chosen, memory_level=task.memory_level, threads=task.threads)
    lists = term_lists.wanted(options.vocabulary_lists, task.vocabulary_roots)
    terms, problems = term_lists.read_all(lists, task.vocabulary_roots)
    wanted = TranscriptionOptions(options.language, options.vocabulary, options.prompt, terms, likely)
    if isinstance(engine, ResumableTranscriber):
        batches = BatchFile(task.folder / _BATCHES, asked, task.files)
        found = engine.transcribe(recording, speech, options=wanted, progress=reporter, finished=batches)
    else:
        found = engine.transcribe(recording, speech, options=wanted, progress=reporter)
    found = plain(found)
    found = replace(found, notes=(*found.notes, *problems))
    task.files.write(path, _json_bytes(asdict(found) | {"notes": notes_to_json(found.notes), _ASKED: asked}))
    return found


def _load_saved(files: JobFiles, path: Path, asked: list[Any]) -> dict[str, Any] | None:
    """Return a stage's saved result if the options are the same: they may change between attempts."""
    saved: dict[str, Any] | None = _read_json(files, path)
    return saved if saved is not None and saved.pop(_ASKED, None) == asked else None


def _diarization(saved: dict[str, Any]) -> Diarization:
    return Diarization(
        turns=tuple(Turn(**turn) for turn in saved["turns"]),
        engine=saved["engine"],
        model=saved["model"],
        grade=Grade(saved["grade"]) if saved["grade"] else None,
        details=saved["details"],
        exclusive=tuple(Turn(**turn) for turn in saved.get("exclusive", ())),
        probable_speakers=saved.get("probable_speakers"),
        unsure=tuple(Region(**region) for region in saved.get("unsure", ())),
    )


def _earlier_turns(task: Task, sha256: str) -> Diarization | None:
    """Return the turns of the job's present result, as people corrected them, and who speaks.

    None if it has none, or is of other bytes.
    """
    try:
        data = task.files.read(task.folder / RESULT)
        machine = transcript_from_json(json.loads(data))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    result = machine
    with suppress(OSError, ValueError, KeyError, TypeError):  # without a review, or with a damaged one
        steps = task.files.read_lines(review_path(task.folder, version_of(data)))
        result = corrected(machine, steps)
    made, probable = result.provenance, result.probable_speakers
    if made.source_sha256 != sha256 or not made.engine:
        return None
    return Diarization(
        turns=result.turns,
        engine=made.engine,
        model=made.model,
        grade=result.grade,
        details=result.details,
        exclusive=result.exclusive if result.turns == machine.turns else (),
        unsure=result.unsure if result.turns == machine.turns else (),
        probable_speakers=None if probable == len(result.speakers) else probable,
        people=result.people,
    )


def _fingerprint(path: Path) -> list[int] | None:
    """Return a file's size and modification time, or None if it cannot be read.

    The inode is left out: it can change by itself on network and user-space file systems.
    """
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _read_json(files: JobFiles, path: Path) -> Any:
    try:
        return json.loads(files.read(path))
    except FileNotFoundError:
        return None


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, indent=1).encode("ascii")
