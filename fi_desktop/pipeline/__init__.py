"""From a recording to a transcript: decode, detect speech, diarize, transcribe, join.

Runs in a worker and knows nothing of the queue. Each stage saves its result in the job's folder
(`stages.py`), and a later attempt resumes at the first stage without one. The transcript is on disk before
`run` returns, so the queue can mark the job COMPLETED.

Diarization and transcription are independent: if one fails for good, the job completes with the other, and a
note says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from fi_desktop import __version__
from fi_desktop.audio.waveform import write_waveform
from fi_desktop.core import messages
from fi_desktop.core.alignment import assign_speakers, missing_segments, segments_of, segments_of_words
from fi_desktop.core.codec import options_to_json
from fi_desktop.core.errors import CancelledByUser, ErrorInfo, FiError, Interrupted, UserError, error_info
from fi_desktop.core.messages import Note
from fi_desktop.core.number_style import restyle
from fi_desktop.core.transcript import (
    Diarization,
    Grade,
    Provenance,
    Transcript,
    Transcription,
    summarize,
)
from fi_desktop.core.values import EngineChoice, SpeakerCount, Stage, Summary
from fi_desktop.engines import registry
from fi_desktop.engines.contracts import Speech
from fi_desktop.pipeline import stages
from fi_desktop.pipeline.task import PipelineReporter, StageReporter, Task
from fi_desktop.system import log
from fi_desktop.system.files import discard_stages

__all__ = ["PipelineReporter", "Task", "run"]

T = TypeVar("T")

_MISSING = {
    Stage.DIARIZE: messages.RESULT_SPEAKERS_MISSING,
    Stage.TRANSCRIBE: messages.RESULT_WORDS_MISSING,
}
# Missed speech is worth a note from this length on, if it is at least this share of all speech.
_MISSED_S = 2.0
_MISSED_SHARE = 0.1
# The same for speech without words.
_WITHOUT_WORDS_S = 2.0
_WITHOUT_WORDS_SHARE = 0.01
_KILLED = error_info(FiError(messages.WORKER_KILLED))


def run(task: Task, reporter: PipelineReporter) -> Summary:
    """Do a job, resuming at the first stage without a saved result.

    Returns: what the table shows; the transcript is in `task.folder`.
    Raises: UserError for what the person can fix, TransientError for what may pass by itself, and what
        `reporter` raises.
    """
    task.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        transcript = _transcript(task, reporter)
    except (UserError, CancelledByUser):
        discard_stages(task.folder)  # the job is not retried
        raise
    version = stages.write_result(task.folder, transcript, task.files)
    discard_stages(task.folder)
    return summarize(transcript, version)


def _transcript(task: Task, reporter: PipelineReporter) -> Transcript:
    with StageReporter(reporter, Stage.DECODE) as stage:
        source = stages.decode_source(task, stage)
    reporter.measured(source.recording.duration)
    # Choose both engines first, so that a missing model is reported at once.
    transcriber = registry.choose_transcriber(task.options.transcriber, task.model_roots)
    engine = task.options.engine
    if engine != registry.AUTO:
        engine = registry.check(engine, task.model_roots)
    with StageReporter(reporter, Stage.SPEECH) as stage:
        mix = stages.mix_channels(task, source.recording, stage)
        if engine == registry.AUTO:
            engine = registry.best_diarizer(separate=mix.separate)
        reporter.chosen(EngineChoice(engine, transcriber.name if transcriber is not None else ""))
        diarize = stages.DiarizeStage(task, engine, source.sha256)
        speech = stages.find_speech(task, mix, diarize.per_channel, stage)
    recording = mix.recording
    if not speech.regions:
        raise UserError(messages.AUDIO_NO_SPEECH)
    halves = _Halves(task, reporter, both=transcriber is not None)
    diarization = halves.run(Stage.DIARIZE, lambda stage: diarize.run(recording, speech, stage))
    transcription = None
    if transcriber is not None:
        transcription = halves.run(
            Stage.TRANSCRIBE, lambda stage: stages.transcribe(task, transcriber, recording, speech, stage)
        )
    with StageReporter(reporter, Stage.JOIN):
        transcript = _join(task, source, speech, diarization, transcription, halves.notes())
    write_waveform(task.folder, source.recording, task.files)
    stages.keep_seek_table(task.folder)
    return transcript


class _Halves:
    """Runs diarization and transcription; on the last attempt, one of them may fail."""

    def __init__(self, task: Task, reporter: PipelineReporter, *, both: bool) -> None:
        """both: the job has both halves; else its only one must not fail."""
        self._task = task
        self._reporter = reporter
        self._both = both
        self._failed: dict[Stage, ErrorInfo] = {}

    def run(self, stage: Stage, half: Callable[[StageReporter], T]) -> T | None:
        """Return the result of one half; None if it failed for good and the other may still succeed."""
        if not self._both or self._failed:
            return self._run(stage, half)
        if self._task.last_attempt and stages.was_killed_in(self._task, stage):
            # it would kill the worker again, and the other half with it
            self._skip(stage, _KILLED)
            return None
        try:
            with stages.attempt_mark(self._task, stage):
                return self._run(stage, half)
        except (CancelledByUser, Interrupted):
            raise
        except Exception as error:
            if not self._task.last_attempt and not isinstance(error, UserError):
                raise
            self._skip(stage, error_info(error))
            return None

    def _run(self, stage: Stage, half: Callable[[StageReporter], T]) -> T:
        with StageReporter(self._reporter, stage) as reporter:
            return half(reporter)

    def _skip(self, stage: Stage, error: ErrorInfo) -> None:
        log.event("STAGE_SKIPPED", job=self._task.job_id, stage=stage.value, code=error.code)
        self._failed[stage] = error

    def notes(self) -> tuple[Note, ...]:
        """Return a note for each missing half, with the reason."""
        return tuple(_MISSING[stage](reason=error.note) for stage, error in self._failed.items())


def _join(
    task: Task,
    source: stages.DecodedSource,
    speech: Speech,
    diarization: Diarization | None,
    transcription: Transcription | None,
    notes: tuple[Note, ...],
) -> Transcript:
    diarized = diarization or Diarization((), engine="")
    transcribed = transcription or Transcription((), language=None, engine="")
    if transcription is None:
        segments = segments_of(diarized.turns)
    else:
        words = assign_speakers(transcribed.words, diarized.turns, diarized.exclusive, diarized.unsure)
        words = tuple(restyle(words, task.options.numbers, transcribed.language))
        segments = segments_of_words(words, missing_segments(transcribed.missing, diarized.turns))
    grade = diarized.grade
    warnings = tuple(_voice_notes(diarized, task.options.speakers))
    speech_s = sum(region.duration for region in speech.regions)
    if speech.missed_s >= max(_MISSED_S, _MISSED_SHARE * (speech_s + speech.missed_s)):
        grade = Grade.FAIR if grade is Grade.CLEAR else grade
        warnings = (*warnings, messages.RESULT_UNHEARD(length=speech.missed_s))
    without_words_s = sum(region.duration for region in transcribed.missing)
    if transcribed.words and without_words_s >= max(_WITHOUT_WORDS_S, _WITHOUT_WORDS_SHARE * speech_s):
        warnings = (*warnings, messages.RESULT_NOT_UNDERSTOOD(length=round(without_words_s, 1)))
    return Transcript(
        duration=source.recording.duration,
        speech=speech_s,
        turns=diarized.turns,
        segments=segments,
        provenance=Provenance(
            app_version=__version__,
            engine=diarized.engine,
            model=diarized.model,
            options=options_to_json(task.options),
            source_sha256=source.sha256,
            source_name=task.path.name,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            transcriber=transcribed.engine,
            transcriber_model=transcribed.model,
            confidence_model=transcribed.confidence_model,
            recorded_at=source.recorded_at,
        ),
        grade=grade,
        details=diarized.details,
        language=transcribed.language,
        notes=(*source.notes, *notes, *transcribed.notes, *warnings),
        probable_speakers=diarized.probable_speakers,
        people=diarized.people,
        exclusive=diarized.exclusive if transcription is None else (),
        unsure=diarized.unsure if transcription is None else (),
    )


def _voice_notes(diarized: Diarization, asked: SpeakerCount) -> Iterator[Note]:
    """Yield what the person must know about the voices and their number."""
    found, probable = len(diarized.speakers), diarized.probable_speakers
    expected = str(asked).replace("-", "–") if asked.minimum is not None else str(found)
    if found == 1 < (asked.minimum or 0):
        yield messages.RESULT_ONE_VOICE(asked=expected)
    elif 1 < found < (asked.minimum or 0):
        yield messages.RESULT_FEWER_VOICES(found=found, asked=expected)
    if probable == 1:
        yield messages.RESULT_PROBABLY_ONE(asked=expected)
    elif probable is not None:
        yield messages.RESULT_PROBABLY_OTHER_NUMBER(probable=probable, asked=expected)
    elif diarized.grade is Grade.DOUBTFUL:
        yield messages.RESULT_DOUBTFUL_VOICES()
