"""The stages of a job, from a file to a transcript: decode, find speech, diarize, transcribe, join.

Runs in a worker; knows nothing of the queue. What each stage made is saved in the job's folder when it is
done (`stages.py`), and a later attempt begins at the first stage that is not. The result is on disk before
`run` returns, so that the queue may say COMPLETED.

To diarize and to transcribe are two parts that need not know of each other: where one of them fails for
good, the job completes with the other, and says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from fi_desktop import __version__
from fi_desktop.core import messages
from fi_desktop.core.alignment import assign_speakers, segments_of, segments_of_words
from fi_desktop.core.codec import options_to_json
from fi_desktop.core.errors import CancelledByUser, ErrorInfo, FiError, Interrupted, UserError, error_info
from fi_desktop.core.messages import Note
from fi_desktop.core.transcript import (
    Diarization,
    Grade,
    Provenance,
    Transcript,
    Transcription,
    summarize,
)
from fi_desktop.core.values import EngineChoice, Stage, Summary
from fi_desktop.engines import registry
from fi_desktop.engines.contracts import Speech
from fi_desktop.pipeline import stages
from fi_desktop.pipeline.work import Report, Telling, Work
from fi_desktop.system import log
from fi_desktop.system.files import discard_stages

__all__ = ["Report", "Work", "run"]

T = TypeVar("T")

_MISSING = {
    Stage.DIARIZE: messages.RESULT_SPEAKERS_MISSING,
    Stage.TRANSCRIBE: messages.RESULT_WORDS_MISSING,
}
# What may be speech and was not found is told from so much on, if it is this share of all that may be speech.
_UNHEARD_S = 2.0
_UNHEARD_SHARE = 0.1
_KILLED = error_info(FiError(messages.WORKER_KILLED))


def run(work: Work, report: Report) -> Summary:
    """Do a job, from the first stage that is not done yet.

    Returns: what the table shows; the whole result lies in `work.folder`.
    Raises: UserError for what the person can mend, TransientError for what may pass, whatever `report`
        raises.
    """
    work.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        transcript = _transcript(work, report)
    except (UserError, CancelledByUser):
        discard_stages(work.folder)  # no retry will want them
        raise
    stages.write_result(work.folder, transcript)
    discard_stages(work.folder)
    return summarize(transcript)


def _transcript(work: Work, report: Report) -> Transcript:
    with Telling(report, Stage.DECODE) as telling:
        decoded = stages.decoded(work, telling)
    report.measured(decoded.recording.duration)
    # both are chosen before anything is done: what is not installed is said at once
    pack = registry.choose_transcriber(work.options.transcriber, work.models)
    engine = work.options.engine
    if engine != registry.AUTO:
        engine = registry.check(engine, work.models)
    with Telling(report, Stage.SPEECH) as telling:
        mix = stages.mixed(work, decoded.recording, telling)
        if engine == registry.AUTO:
            engine = registry.best(work.models, apart=mix.apart)
        report.chosen(EngineChoice(engine, pack.name if pack is not None else ""))
        turns = stages.Turns(work, engine)
        speech = stages.speech(work, mix, turns.per_channel, telling)
    recording = mix.recording
    if not speech.regions:
        raise UserError(messages.AUDIO_NO_SPEECH)
    parts = _Parts(work, report, either=pack is not None)
    diarization = parts.do(Stage.DIARIZE, lambda telling: turns.diarized(recording, speech, telling))
    transcription = None
    if pack is not None:
        words = stages.Words(work, pack)
        transcription = parts.do(
            Stage.TRANSCRIBE, lambda telling: words.transcribed(recording, speech, telling)
        )
    with Telling(report, Stage.JOIN):
        return _join(work, decoded, speech, diarization, transcription, parts.notes())


class _Parts:
    """Does the parts of the work of which either is worth having, once no further try can have both."""

    def __init__(self, work: Work, report: Report, *, either: bool) -> None:
        """Prepare. `either`: there are two of them; else the one has to be done."""
        self._work = work
        self._report = report
        self._either = either
        self._failed: dict[Stage, ErrorInfo] = {}

    def do(self, stage: Stage, part: Callable[[Telling], T]) -> T | None:
        """Return what the part gives; None where it failed for good and the other can still be had."""
        if not self._either or self._failed:
            return self._do(stage, part)
        if self._work.last_try and stages.was_killed_in(self._work, stage):
            # it would take the worker down again, and with it what the other part gives
            self._give_up(stage, _KILLED)
            return None
        try:
            with stages.marked(self._work, stage):
                return self._do(stage, part)
        except (CancelledByUser, Interrupted):
            raise
        except Exception as error:
            if not self._work.last_try and not isinstance(error, UserError):
                raise
            self._give_up(stage, error_info(error))
            return None

    def _do(self, stage: Stage, part: Callable[[Telling], T]) -> T:
        with Telling(self._report, stage) as telling:
            return part(telling)

    def _give_up(self, stage: Stage, error: ErrorInfo) -> None:
        log.event("STAGE_GIVEN_UP", job=self._work.job_id, stage=stage.value, code=error.code)
        self._failed[stage] = error

    def notes(self) -> tuple[Note, ...]:
        """Return what is missing and why."""
        return tuple(_MISSING[stage](reason=error.note) for stage, error in self._failed.items())


def _join(
    work: Work,
    decoded: stages.Decoded,
    speech: Speech,
    diarization: Diarization | None,
    transcription: Transcription | None,
    notes: tuple[Note, ...],
) -> Transcript:
    known = diarization or Diarization((), engine="")
    said = transcription or Transcription((), language=None, engine="")
    if transcription is None:
        segments = segments_of(known.turns)
    else:
        segments = segments_of_words(assign_speakers(said.words, known.turns, known.exclusive))
    doubt = (messages.RESULT_DOUBTFUL_VOICES(),) if known.grade is Grade.DOUBTFUL else ()
    spoken_s = sum(region.duration for region in speech.regions)
    grade = known.grade
    if speech.unheard_s >= max(_UNHEARD_S, _UNHEARD_SHARE * (spoken_s + speech.unheard_s)):
        grade = Grade.FAIR if grade is Grade.CLEAR else grade
        doubt = (*doubt, messages.RESULT_UNHEARD(length=speech.unheard_s))
    return Transcript(
        duration=decoded.recording.duration,
        speech=spoken_s,
        turns=known.turns,
        segments=segments,
        provenance=Provenance(
            app_version=__version__,
            engine=known.engine,
            model=known.model,
            options=options_to_json(work.options),
            source_sha256=decoded.sha256,
            source_name=work.path.name,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            transcriber=said.engine,
            transcriber_model=said.model,
        ),
        grade=grade,
        details=known.details,
        language=said.language,
        notes=(*decoded.notes, *notes, *said.notes, *doubt),
    )
