"""Texts in the person's language: labels of states, stages and engines, errors and notes, exports.

Texts are translated at each call, so that a change of language shows with the next repaint.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale, QObject, QTime

from fi_desktop.core import messages
from fi_desktop.core.case_labels import DateSource
from fi_desktop.core.errors import ErrorInfo
from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.messages import CONTEXT, MESSAGES, Message, Note, Phrasing, Value
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Provenance, Role, Transcript
from fi_desktop.core.values import NumberStyle, Priority, ReviewState, Stage
from fi_desktop.engines import registry
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.phrases import LABELS, Labels
from fi_desktop.gui.language import current_language, language_name
from fi_desktop.jobs.queue_events import QueueHeld
from fi_desktop.jobs.transitions import ChangeResult
from fi_desktop.models import catalog
from fi_desktop.viewmodel.rows import Row

_WORDS_MISSING = messages.RESULT_WORDS_MISSING.code
_MISSING = (_WORDS_MISSING, messages.RESULT_SPEAKERS_MISSING.code)
_SHORT = QLocale.FormatType.ShortFormat
_NOT_HELD = QueueHeld()
_DOUBT = messages.RESULT_DOUBTFUL_VOICES.code
# these say more precisely what is doubtful
_PROBABLY = (messages.RESULT_PROBABLY_ONE.code, messages.RESULT_PROBABLY_OTHER_NUMBER.code)


class UiLabels(QObject):
    """Texts for states, stages, grades, dates, speakers, languages, engines and errors."""

    def state(self, state: JobState) -> str:
        """Return the name of a job state."""
        match state:
            case JobState.QUEUED:
                return self.tr("Waiting")
            case JobState.RUNNING:
                return self.tr("Running")
            case JobState.RETRYING:
                return self.tr("Retrying")
            case JobState.COMPLETED:
                return self.tr("Completed")
            case JobState.FAILED:
                return self.tr("Failed")
            case JobState.CANCELLED:
                return self.tr("Cancelled")

    def state_of(self, row: Row) -> str:
        """Return the name of a row's state, or "Cancelling…"."""
        return self.cancelling() if row.cancelling else self.state(row.state)

    def cancelling(self) -> str:
        """Return the label of a running job that is being cancelled."""
        return self.tr("Cancelling…")

    def stage(self, stage: Stage | None) -> str:
        """Return the name of a running job's stage; None: it has not reported one yet."""
        match stage:
            case None:
                return self.tr("Starting")
            case Stage.DECODE:
                return self.tr("Reading the file")
            case Stage.SPEECH:
                return self.tr("Finding speech")
            case Stage.DIARIZE:
                return self.tr("Identifying speakers")
            case Stage.TRANSCRIBE:
                return self.tr("Transcribing")
            case Stage.JOIN:
                return self.tr("Finishing")

    def term_list(self, name: str) -> str:
        """Return the title of a vocabulary list; of a clinic's own, its file name."""
        match name:
            case "general":
                return self.tr("General practice")
            case "cardiology":
                return self.tr("Cardiology")
            case "diabetes":
                return self.tr("Diabetes and endocrinology")
            case "psychiatry":
                return self.tr("Psychiatry")
            case "paediatrics":
                return self.tr("Pediatrics")
            case "oncology":
                return self.tr("Oncology")
        return name.replace("_", " ")

    def numbers(self, style: NumberStyle) -> str:
        """Return the name of a way to write numbers."""
        match style:
            case NumberStyle.AS_HEARD:
                return self.tr("Numbers as transcribed")
            case NumberStyle.DIGITS:
                return self.tr("Numbers in digits (40 mg)")
            case NumberStyle.WORDS:
                return self.tr("Numbers in words")

    def grade(self, grade: str | None) -> str:
        """Return the name of a result's grade; "" if it has no grade."""
        match grade:
            case "clear":
                return self.tr("Clear")
            case "fair":
                return self.tr("Fair")
            case "doubtful":
                return self.tr("Please check")
            case _:
                return ""

    def grade_sentence(self, grade: str | None) -> str:
        """Return a sentence that explains a grade; "" if there is no grade."""
        match grade:
            case "clear":
                return self.tr("The voices are clearly different.")
            case "fair":
                return self.tr("The voices are fairly different: worth a quick check.")
            case "doubtful":
                return sentence(messages.RESULT_DOUBTFUL_VOICES())
            case _:
                return ""

    def remarks(self, grade: str | None, notes: tuple[Note, ...]) -> str:
        """Return warnings about a result; "" if there are none."""
        if grade == "doubtful" and not any(note.code in _PROBABLY for note in notes):
            others = (sentence(note) for note in notes if note.code != _DOUBT)
            return " ".join((self.grade_sentence(grade), *others))
        return " ".join(map(sentence, notes))

    def is_incomplete(self, notes: tuple[Note, ...]) -> bool:
        """Whether speakers or words are missing from the result."""
        return any(note.code in _MISSING for note in notes)

    def error(self, error: ErrorInfo | None) -> str:
        """Return an error as a sentence; "" if there is no error."""
        return sentence(error) if error is not None else ""

    def moment(self, at: float) -> str:
        """Return date and time in the person's locale. `at`: seconds since the epoch."""
        moment = QDateTime.fromSecsSinceEpoch(round(at))
        return QLocale().toString(moment, _SHORT)

    def exact(self, at: float) -> str:
        """Return date and time with seconds, in the format of `moment`."""
        moment, locale, short = QDateTime.fromMSecsSinceEpoch(round(at * 1000)), QLocale(), _SHORT
        time_format = locale.timeFormat(short).replace("mm", "mm:ss")
        return f"{locale.toString(moment.date(), short)} {locale.toString(moment.time(), time_format)}"

    def day(self, at: float) -> str:
        """Return a date in the person's locale. `at`: seconds since the epoch."""
        day = QDateTime.fromSecsSinceEpoch(round(at)).date()
        return QLocale().toString(day, _SHORT)

    def date_source(self, source: DateSource | None) -> str:
        """Return what says when a recording was made; None: nobody knows."""
        match source:
            case DateSource.PERSON:
                return self.tr("Entered by hand")
            case DateSource.NAME:
                return self.tr("By the file name")
            case DateSource.METADATA:
                return self.tr("By the recorder")
            case DateSource.FILE:
                return self.tr("When the file was last changed")
            case None:
                return self.tr("Date unknown")

    def ago(self, at: float, now: float) -> str:
        """Return how long ago something was; after a day, its date. `at`, `now`: seconds since the epoch."""
        minutes = int(max(0.0, now - at) // 60)
        if minutes < 1:
            return self.tr("just now")
        if minutes < 60:
            return self.tr("{number} min ago").format(number=minutes)
        if minutes < 24 * 60:
            return self.tr("{number} h ago").format(number=minutes // 60)
        return self.day(at)

    def outcome(self, outcome: AttemptOutcome | None) -> str:
        """Return how an attempt ended; None: it is running."""
        match outcome:
            case None:
                return self.tr("Running")
            case AttemptOutcome.COMPLETED:
                return self.tr("Completed")
            case AttemptOutcome.FAILED:
                return self.tr("Failed")
            case AttemptOutcome.CRASHED:
                return self.tr("The worker stopped unexpectedly")
            case AttemptOutcome.RELEASED:
                return self.tr("Returned to the queue when the program stopped")
            case AttemptOutcome.CANCELLED:
                return self.tr("Cancelled")

    def worker(self, name: str) -> str:
        """Return "Worker 2" for "worker-2"; otherwise the program itself does the work."""
        kind, _, number = name.partition("-")
        if kind == "worker" and number.isdecimal():
            return self.tr("Worker {number}").format(number=number)
        return self.tr("This program")

    def device(self, device: str) -> str:
        """Return the name of a device: "cuda:0", "cpu", or "server" for whatever the server has."""
        kind, _, number = device.partition(":")
        if kind == "server":
            return self.tr("Server")
        return self.tr("GPU {number}").format(number=number) if kind == "cuda" else self.tr("Processor")

    def speaker(self, label: str, transcript: Transcript) -> str:
        """Return what a speaker is called: by name, role, or number."""
        named = ExportOptions(export_labels(), reviewed=ReviewedTranscript(transcript))
        return named.speaker(label)

    def role(self, role: Role) -> str:
        """Return the name of a role."""
        return export_labels().roles[role]

    def review_state(self, state: ReviewState) -> str:
        """Return how far a result is checked."""
        match state:
            case ReviewState.DRAFT:
                return self.tr("Draft")
            case ReviewState.REVIEWED:
                return self.tr("Reviewed")
            case ReviewState.SIGNED:
                return self.tr("Signed")

    def reviews(self) -> dict[str, ReviewState]:
        """Return the states of review by their names."""
        return {self.review_state(state): state for state in ReviewState}

    def unknown_speaker(self) -> str:
        """Return the name of an unknown speaker."""
        return self.tr("Unknown")

    def language(self, codes: str) -> str:
        """Return the names of one or several languages, separated by commas, with a capital letter.

        A language whose code (ISO 639-1) is unknown is named by its code.
        """
        *others, last = map(language_name, codes.split(","))
        text = last
        if others and last.casefold().startswith(("i", "hi")):
            text = self.tr("{languages} and {last}", "the name of the last one starts with I or Hi")
        elif others:
            text = self.tr("{languages} and {last}")
        text = text.format(languages=", ".join(others), last=last) if others else last
        return text[:1].upper() + text[1:]

    def requested_language(self, codes: str | None) -> str:
        """Return the languages chosen for a recording; None: detect them."""
        return self.tr("Detect automatically") if codes is None else self.language(codes)

    def requested_speakers(self, speakers: str) -> str:
        """Return the number of speakers chosen for a recording: "2", "2-4" or "auto"."""
        if speakers == "auto":
            return self.tr("Detect automatically")
        return speakers.replace("-", "–")

    def priority(self, priority: Priority) -> str:
        """Return the name of a priority."""
        match priority:
            case Priority.URGENT:
                return self.tr("Urgent")
            case Priority.NORMAL:
                return self.tr("Normal")
            case Priority.LOW:
                return self.tr("Low")

    def engine(self, name: str) -> str:
        """Return the name of a diarizer or transcriber."""
        match name:
            case "auto":
                return self.tr("Automatic")
            case "builtin":
                return self.tr("Built-in")
            case "channels":
                return self.tr("One speaker per channel")
            case "pyannote":
                return self.tr("pyannote (requires its model)")
            case "whisper":
                return self.tr("Whisper")
            case "":
                return self.tr("Speakers missing")
            case _:
                return registry.title(name)

    def transcriber(self, name: str) -> str:
        """Return the name of "auto", "none", a model pack, or a transcriber that uses no packs."""
        match name:
            case "auto":
                return self.tr("Automatic (best installed)")
            case "none":
                return self.tr("None (only who spoke when)")
            case _:
                return registry.title(name) if name in registry.transcribers() else catalog.title(name)

    def detail(self, row: Row, now: float, retries: int, held: QueueHeld = _NOT_HELD) -> str:
        """Return the line below a job's name: its error, warnings, next retry, or what it waits for."""
        if row.exportable and row.state is not JobState.COMPLETED:
            return " ".join(filter(None, (self._status(row, now, retries, held), self.kept_result(row))))
        return self._status(row, now, retries, held)

    def held(self, held: QueueHeld) -> str:
        """Return why waiting jobs do not start; "" if they do."""
        if held.until is not None:
            return self.waiting_until(held.until)
        return self.tr("Waiting for mains power") if held.for_mains else ""

    def waiting_until(self, at: float) -> str:
        """Return that a job waits for a time, of the next 24 hours. `at`: seconds since the epoch."""
        clock = QDateTime.fromSecsSinceEpoch(round(at)).time()
        return self.tr("Waiting until {time}").format(time=QLocale().toString(clock, _SHORT))

    def with_speakers(self, number: int) -> str:
        """Return the label of the button that processes a recording again with another number of speakers."""
        return self.tr("Process again with %Ln speaker(s)", "", number)

    def unchanged(self, change: ChangeResult) -> str:
        """Return why a recording is not processed again with other options; "" if it is."""
        if change.known:
            return self.tr("Another job in the list has this recording and these options.")
        return self.tr("This recording is being processed.") if change.started else ""

    def kept_result(self, row: Row) -> str:
        """Return what happens to the earlier result of a job that is being processed again."""
        if row.state is JobState.FAILED:
            return self.tr("The earlier result is still there.")
        return self.tr("The earlier result stays until the new one is ready.")

    def _status(self, row: Row, now: float, retries: int, held: QueueHeld) -> str:
        match row.state:
            case JobState.QUEUED if row.start_at:
                return self.waiting_until(row.start_at)
            case JobState.QUEUED if held.holds and row.start_at is None:
                return self.held(held)
            case JobState.RETRYING if row.due_at is not None:
                wait = clock(row.due_at - now + 0.5)
                if not row.charged:  # waits for free disk space, which costs no retry
                    return self.tr("Trying again in {wait}").format(wait=wait) + f" · {self.error(row.error)}"
                again = self.tr("Retry {number}/{retries} in {wait}").format(
                    number=row.charged, retries=retries, wait=wait
                )
                return f"{again} · {self.error(row.error)}"
            case JobState.FAILED:
                return self.error(row.error)
            case JobState.COMPLETED:
                return self.remarks(row.grade, row.notes)
            case JobState.QUEUED if row.attempts and not row.exportable:
                return self.tr("Waiting for its next attempt")
            case _:
                return ""


class NoTranscriptReason(Enum):
    """Why a result has no transcript."""

    OFF = auto()
    FAILED = auto()
    NO_MODEL = auto()
    NOTHING_HEARD = auto()


def no_transcript_reason(provenance: Provenance, notes: Iterable[Note]) -> NoTranscriptReason:
    """Return why a result has no words."""
    if any(note.code == _WORDS_MISSING for note in notes):
        return NoTranscriptReason.FAILED
    if provenance.transcriber:
        return NoTranscriptReason.NOTHING_HEARD
    return (
        NoTranscriptReason.OFF
        if provenance.options.get("transcriber") == "none"
        else NoTranscriptReason.NO_MODEL
    )


class NoTranscriptLabels(QObject):
    """Explains why a result has no transcript."""

    def sentence(self, reason: NoTranscriptReason, notes: Iterable[Note]) -> str:
        """Return the reason as a sentence."""
        match reason:
            case NoTranscriptReason.OFF:
                return self.tr("Transcription was switched off for this recording.")
            case NoTranscriptReason.FAILED:
                cause = next(dict(note.values)["reason"] for note in notes if note.code == _WORDS_MISSING)
                return self.tr("Transcription failed: {reason}").format(reason=sentence(cause))
            case NoTranscriptReason.NOTHING_HEARD:
                return self.tr("No words were recognized in this recording.")
            case NoTranscriptReason.NO_MODEL:
                return self.tr("No transcription model was installed when this recording was processed.")

    def advice(self, reason: NoTranscriptReason) -> str:
        """Return what the person can do about it; "" if nothing."""
        match reason:
            case NoTranscriptReason.NO_MODEL:
                return self.tr("Words can be added; who spoke when stays as it is.")
            case NoTranscriptReason.OFF | NoTranscriptReason.FAILED:
                return self.tr("This shows who spoke when.")
            case NoTranscriptReason.NOTHING_HEARD:
                return ""

    def short(self, reason: NoTranscriptReason) -> str:
        """Return the reason in a few words, shown instead of a model's name."""
        match reason:
            case NoTranscriptReason.OFF:
                return self.tr("None: switched off")
            case NoTranscriptReason.FAILED:
                return self.tr("None: failed")
            case NoTranscriptReason.NOTHING_HEARD:
                return self.tr("None: no words recognized")
            case NoTranscriptReason.NO_MODEL:
                return self.no_model()

    def no_model(self) -> str:
        """Return the text shown instead of a model's name if none is installed."""
        return self.tr("None: no model is installed")


class _Translated(Phrasing):
    """Speaks the language of the window."""

    def template(self, message: Message) -> str:
        return translated(message.text)

    def number(self, value: float, decimals: int) -> str:
        return QLocale().toString(float(value), "f", decimals)


_phrasing = _Translated()


def clock_time(text: str) -> str:
    """Return a time of the day, "HH:MM", in the person's locale."""
    return QLocale().toString(QTime.fromString(text, "HH:mm"), _SHORT)


def export_labels() -> Labels:
    """Return the labels of exported files, in the window's language."""
    return LABELS[current_language()]


def translated(text: str) -> str:
    """Return a text from below the window, such as a title, in the person's language."""
    return QCoreApplication.translate(CONTEXT, text)


def sentence(said: ErrorInfo | Value | None) -> str:
    """Return what an error or a note says; "" for None."""
    match said:
        case None:
            return ""
        case ErrorInfo():
            message = MESSAGES.get(said.code)
            known = message is not None and _phrasing.fits(message, said.values)
            return _phrasing.say(said.note) if known else said.message
        case Note():
            return _phrasing.say(said)
    return str(said)
