"""The stages of a job, from a file to a transcript: decode, find speech, diarize, transcribe, join.

Runs in a worker; knows nothing of the queue. What each stage made is saved in the job's folder when it is
done (temp file, fsync, rename), and a later attempt begins at the first stage that is not. The result is on
disk before `run` returns, so that the queue may say COMPLETED.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from fi_desktop import __version__
from fi_desktop.audio.decode import decode
from fi_desktop.audio.files import source_sha256
from fi_desktop.audio.recording import Recording
from fi_desktop.core.errors import Cancelled, TransientError, UserError
from fi_desktop.core.job import JobOptions, Stage, Summary
from fi_desktop.core.records import options_to_json
from fi_desktop.core.speakers import segments_of
from fi_desktop.core.transcript import DOUBT, Diarization, Grade, Provenance, Region, Transcript, Turn
from fi_desktop.engines import registry
from fi_desktop.engines.base import Diarizer, Speech
from fi_desktop.engines.silero import find_speech
from fi_desktop.files import RESULT, replacing, write_whole

_AUDIO = "audio.s16"
_DECODED = "decoded.json"
_SPEECH = "speech.npz"
_TURNS = "turns.json"


@dataclass(frozen=True, slots=True)
class Work:
    """A job as a worker gets it: plain data.

    Attributes:
        folder: the job's own folder, for stages and result.
        models: folders in which models are looked for, best first.
        frugality: how often the job ran out of memory before; see `engines.registry.create`.
        threads: how many threads of the processor it may use.
        last_try: no further attempt follows an error.
    """

    job_id: int
    path: Path
    options: JobOptions
    folder: Path
    models: tuple[Path, ...]
    frugality: int = 0
    threads: int = 1
    last_try: bool = False


class Report(Protocol):
    """What the pipeline tells while it works; both calls may raise to stop it."""

    def progress(self, stage: Stage, fraction: float) -> None:
        """So much of the stage is done, 0 to 1."""

    def measured(self, duration_s: float) -> None:
        """The recording is so long; the time limits grow with it."""


@dataclass(frozen=True, slots=True)
class _Decoded:
    """What the first stage made, and of which file."""

    recording: Recording
    sha256: str
    notes: tuple[str, ...]


def run(work: Work, report: Report) -> Summary:
    """Do a job, from the first stage that is not done yet.

    Returns: what the table shows; the whole result lies in `work.folder`.
    Raises: UserError for what the person can mend, TransientError for what may pass, whatever `report`
        raises.
    """
    work.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        summary = _run_stages(work, report)
    except (UserError, Cancelled):
        discard_stages(work.folder)  # no retry will want them
        raise
    discard_stages(work.folder)
    return summary


def _run_stages(work: Work, report: Report) -> Summary:
    decoded = _decode(work, _tell(report, Stage.DECODE))
    report.measured(decoded.recording.duration)
    name = registry.choose(work.options.engine, decoded.recording, work.models)
    engine = registry.create(name, work.models, frugality=work.frugality)
    speech = _find_speech(work, decoded.recording, engine, _tell(report, Stage.SPEECH))
    diarization = _diarize(work, decoded.recording, engine, speech, _tell(report, Stage.DIARIZE))
    report.progress(Stage.JOIN, 0.0)
    transcript = _join(work, decoded, speech, diarization)
    write_whole(work.folder / RESULT, _json_bytes(transcript.to_json()))
    return Summary(
        speakers=len(transcript.speakers),
        duration_s=transcript.duration,
        engine=diarization.engine,
        grade=transcript.grade.value if transcript.grade else None,
        notes=transcript.notes,
    )


def discard_stages(folder: Path) -> None:
    """Delete all but the result: a patient's speech is not kept longer than a retry may want it.

    That includes what an attempt that was killed left half written.
    """
    for path in folder.iterdir():
        if path.name != RESULT:
            path.unlink(missing_ok=True)


def _tell(report: Report, stage: Stage) -> Callable[[float], None]:
    def progress(fraction: float) -> None:
        report.progress(stage, min(1.0, max(0.0, fraction)))

    progress(0.0)
    return progress


def _decode(work: Work, progress: Callable[[float], None]) -> _Decoded:
    audio, described = work.folder / _AUDIO, work.folder / _DECODED
    fingerprint = _fingerprint(work.path)
    if (saved := _read_json(described)) is not None and audio.is_file():
        # a recording that was moved away since is still done from what was decoded
        if fingerprint is None or saved["fingerprint"] == fingerprint:
            recording = Recording(audio, saved["channels"], saved["samples"])
            return _Decoded(recording, saved["sha256"], tuple(saved["notes"]))
        discard_stages(work.folder)
    decoded = decode(work.path, audio, progress=progress)
    recording = decoded.recording
    notes = [warning.message for warning in decoded.warnings]
    try:
        sha256 = source_sha256(work.path)
    except OSError as error:
        message = "The recording could not be read to its end."
        raise TransientError("audio.read", message) from error
    write_whole(
        described,
        _json_bytes(
            {
                "fingerprint": fingerprint,
                "channels": recording.channels,
                "samples": recording.samples,
                "sha256": sha256,
                "notes": notes,
            }
        ),
    )
    return _Decoded(recording, sha256, tuple(notes))


def _find_speech(
    work: Work, recording: Recording, engine: Diarizer, progress: Callable[[float], None]
) -> Speech:
    path = work.folder / _SPEECH
    if path.is_file():
        with np.load(path, allow_pickle=False) as saved:
            if bool(saved["per_channel"]) == engine.per_channel:
                regions = tuple(Region(float(start), float(end)) for start, end in saved["regions"])
                return Speech(saved["probability"], float(saved["hop_s"]), regions)
    speech = find_speech(recording, per_channel=engine.per_channel, progress=progress)
    with replacing(path) as file:
        np.savez(
            file,
            probability=speech.probability,
            hop_s=speech.hop_s,
            regions=np.array([(r.start, r.end) for r in speech.regions], dtype=float).reshape(-1, 2),
            per_channel=engine.per_channel,
        )
    return speech


def _diarize(
    work: Work, recording: Recording, engine: Diarizer, speech: Speech, progress: Callable[[float], None]
) -> Diarization:
    path = work.folder / _TURNS
    if (saved := _read_json(path)) is not None:
        turns = tuple(Turn(**turn) for turn in saved["turns"])
        grade = Grade(saved["grade"]) if saved["grade"] else None
        return Diarization(turns, saved["engine"], saved["model"], grade, saved["details"])
    if not speech.regions:
        raise UserError("audio.no_speech", "Nobody speaks in this recording.")
    diarization = engine.diarize(recording, speech, speakers=work.options.speakers, progress=progress)
    write_whole(path, _json_bytes(asdict(diarization)))
    return diarization


def _join(work: Work, decoded: _Decoded, speech: Speech, diarization: Diarization) -> Transcript:
    doubt = (DOUBT,) if diarization.grade is Grade.DOUBTFUL else ()
    return Transcript(
        duration=decoded.recording.duration,
        speech=sum(region.duration for region in speech.regions),
        turns=diarization.turns,
        segments=segments_of(diarization.turns),
        provenance=Provenance(
            app_version=__version__,
            engine=diarization.engine,
            model=diarization.model,
            options=options_to_json(work.options),
            source_sha256=decoded.sha256,
            source_name=work.path.name,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        ),
        grade=diarization.grade,
        details=diarization.details,
        notes=(*decoded.notes, *doubt),
    )


def _fingerprint(path: Path) -> list[int] | None:
    """Size and time of the last change, or None where the file cannot be seen."""
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
