"""The columns of the job table: one entry each in `COLUMNS`.

Model, header, delegate, sorting, the column menu, remembered layout, tooltips and accessibility all read
these entries. Header state is stored by position, so new columns go to the end; `after` says where they are
shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from operator import attrgetter

from PySide6.QtCore import QCoreApplication, QObject, Qt

from fi_desktop.core.case_labels import DateSource
from fi_desktop.core.job import JobState
from fi_desktop.core.text import clock, percent, time_left
from fi_desktop.core.transcript import wrong_words
from fi_desktop.core.values import ReviewState, Stage
from fi_desktop.gui import widgets
from fi_desktop.gui.labels import UiLabels, sentence
from fi_desktop.gui.local_dates import date_lines, shown_date
from fi_desktop.jobs.queue_events import QueueHeld
from fi_desktop.viewmodel.progress import eta_s, spent_s
from fi_desktop.viewmodel.rows import Row
from fi_desktop.viewmodel.visible_rows import SortKey

NOTHING = "–"
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WIDEST_AGE_S = 59 * 60
# Unfinished jobs sort beyond all finished ones, the longest last: their order does not change with time.
_UNFINISHED = 1e12
_STATE_ORDER = {
    state: position
    for position, state in enumerate(
        (
            JobState.RUNNING,
            JobState.RETRYING,
            JobState.QUEUED,
            JobState.FAILED,
            JobState.CANCELLED,
            JobState.COMPLETED,
        )
    )
}


def QT_TRANSLATE_NOOP(_context: str, text: str) -> str:
    """Mark a text for lupdate, which looks for this name; Qt's own function is not typed."""
    return text


class CellTexts(QObject):
    """Texts of cells that need more than a line.

    Attributes:
        labels: the window's labels.
        retries: how often a job is retried.
        held: what keeps waiting jobs from starting.
        shows_cases: whether a job with a case is called by that, and not by its file's name.
    """

    def __init__(self, parent: QObject, *, retries: int) -> None:
        super().__init__(parent)
        self.labels = UiLabels(self)
        self.retries = retries
        self.held = QueueHeld()
        self.shows_cases = False

    def title(self, row: Row) -> str:
        """Return what a job is called."""
        return row.case if self.shows_cases and row.case else row.name

    def name_key(self) -> SortKey:
        """Return what the names are sorted by."""
        return _title_key if self.shows_cases else _NAME_KEY

    def name(self, row: Row, _now: float = 0.0) -> str:
        """Return the name of a recording or batch."""
        if row.summary is None:
            return self.title(row)
        recordings = self.tr("%Ln recording(s)", "", row.summary.total)
        return f"{row.name} – {recordings}"

    def detail(self, row: Row, now: float) -> str:
        """Return the line below the name, or "" if there is nothing to add."""
        summary = row.summary
        if summary is None:
            return self.labels.detail(row, now, self.retries, self.held)
        completed = summary.done - summary.failed - summary.cancelled
        parts = [self.tr("%Ln completed", "", completed)]
        if summary.failed:
            parts.append(self.tr("%Ln failed", "", summary.failed))
        if summary.cancelled:
            parts.append(self.tr("%Ln cancelled", "", summary.cancelled))
        return ", ".join(parts)

    def name_tip(self, row: Row, now: float) -> str:
        """Return the path, the time of submission and the detail."""
        added = self.tr("Added {moment}").format(moment=self.labels.moment(row.submitted_at))
        return widgets.plain_tooltip("\n".join(filter(None, (row.path, added, self.detail(row, now)))))

    def date(self, row: Row, _now: float = 0.0) -> str:
        """Return when it was recorded, on one line."""
        return shown_date(row.recorded_at) or NOTHING

    def date_tip(self, row: Row, _now: float) -> str:
        """Return when it was recorded, and what says so."""
        if not row.recorded_at:
            return ""
        return f"{shown_date(row.recorded_at)}\n{self.labels.date_source(row.label.recorded_from)}"

    def dates(self) -> list[str]:
        """Return the widest dates and times, each on its line."""
        return [part for at in ("2026-11-28T10:58:00", "2026-11-28T20:58:00") for part in date_lines(at)]

    def state(self, row: Row, _now: float) -> str:
        """Return the state on one line."""
        return " · ".join(self.state_lines(row))

    def state_lines(self, row: Row) -> tuple[str, ...]:
        """Return the state; on a second line a legal hold, how many of a batch failed, or a kept result."""
        state = self.labels.state_of(row)
        if row.on_hold:
            return state, self.tr("Legal hold")
        if row.exportable and row.state is not JobState.COMPLETED:
            return state, self.tr("Result kept")
        if row.summary is None or not row.summary.failed or row.state is not JobState.COMPLETED:
            return (state,)
        return state, self.tr("%Ln failed", "", row.summary.failed)

    def stage(self, row: Row, _now: float) -> str:
        """Return the stage and progress of a running job, or the grade of a result."""
        if row.summary is not None:
            return percent(row.share)
        if row.state is JobState.COMPLETED:
            return self.labels.grade(row.grade) or NOTHING
        if row.state is JobState.RUNNING:
            return f"{self.labels.stage(row.stage)}, {percent(row.share)}"
        return NOTHING

    def stage_tip(self, row: Row, _now: float) -> str:
        """Return what a grade means."""
        return self.labels.grade_sentence(row.grade) if row.state is JobState.COMPLETED else ""

    def speakers(self, row: Row, _now: float) -> str:
        """Return the number of speakers found; before that, the number requested."""
        if row.summary is not None:
            return NOTHING
        if row.speakers is not None:
            return str(row.speakers or NOTHING)  # 0: diarization failed, and there is a transcript
        requested = row.requested_speakers
        return self.automatic() if requested == "auto" else self.labels.requested_speakers(requested)

    def language(self, row: Row, _now: float) -> str:
        """Return the language found; before that, the one requested."""
        if row.summary is not None:
            return NOTHING
        return self.automatic() if row.language is None else self.labels.language(row.language)

    def automatic(self) -> str:
        """Return what stands for a number or language that is to be detected."""
        return self.tr("Auto")

    def time(self, row: Row, now: float) -> str:
        """Return how long the job has been waiting or running, or took."""
        spent = spent_s(row, now)
        return NOTHING if spent is None else clock(spent)

    def time_tip(self, row: Row, _now: float) -> str:
        """Return what the time measures."""
        if row.state is JobState.RUNNING:
            return self.tr("Time running so far")
        if not row.state.final:
            return self.tr("Time waiting so far")
        return "" if row.summary is not None else self.tr("Total time, with retries")

    def time_left(self, row: Row, now: float) -> str:
        """Return the predicted time until a running job or batch is done."""
        if row.state is not JobState.RUNNING or row.cancelling:
            return NOTHING
        left_s = eta_s(row, now)
        return self.calculating() if left_s is None else time_left(left_s)

    def calculating(self) -> str:
        """Return what stands for an unknown time left."""
        return self.tr("calculating…")

    def finished(self, row: Row, now: float) -> str:
        """Return how long ago the job finished."""
        return NOTHING if row.finished_at is None else self.labels.ago(row.finished_at, now)

    def finished_tip(self, row: Row, _now: float) -> str:
        """Return when the job finished."""
        return "" if row.finished_at is None else self.labels.moment(row.finished_at)

    def ages(self) -> tuple[str, str]:
        """Return the widest ways to say how long ago something was."""
        return self.labels.ago(0, _WIDEST_AGE_S), self.labels.day(0)


class Ticks(Enum):
    """When a column's text changes as time passes."""

    NEVER = "never"
    WHILE_ACTIVE = "while jobs wait or run"
    ALWAYS = "always"


CellText = Callable[[CellTexts, Row, float], str]


def _no_tip(_texts: CellTexts, _row: Row, _now: float) -> str:
    return ""


def _no_width(_texts: CellTexts) -> tuple[str, ...]:
    return ()


def _is_running(row: Row) -> bool:
    return row.state is JobState.RUNNING


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of the job table.

    Attributes:
        key: identifies the column in code and tests.
        title: heading; marked for translation in the context "Column".
        text: what a cell says, given the row and the time.
        sort_key: what the column sorts by; made from the row alone.
        tip: explains the heading in a sentence.
        cell_tip: tooltip of a cell.
        width: the widest texts a cell may have; the heading always fits.
        align: of heading and cells.
        hidden: whether the column is hidden until someone shows it.
        after: key of the column that it follows until someone moves it; "": the one before it here.
        icon: whether an icon precedes the text.
        emphasized: whether a cell's text is not dimmed.
        ticks: when texts change as time passes.
        sort_key_at: makes the sort key, for a column whose order depends on the time.
        sort_key_by: makes it, for a column whose texts depend on a setting.
    """

    key: str
    title: str
    text: CellText
    sort_key: SortKey
    tip: str = ""
    cell_tip: CellText = _no_tip
    width: Callable[[CellTexts], Iterable[str]] = _no_width
    align: Qt.AlignmentFlag = RIGHT
    hidden: bool = False
    after: str = ""
    icon: bool = False
    emphasized: Callable[[Row], bool] = _is_running
    ticks: Ticks = Ticks.NEVER
    sort_key_at: Callable[[float], SortKey] | None = None
    sort_key_by: Callable[[CellTexts], SortKey] | None = None

    @property
    def heading(self) -> str:
        """The title in the window's language."""
        return QCoreApplication.translate("Column", self.title)

    @property
    def heading_tip(self) -> str:
        """The tip in the window's language."""
        return QCoreApplication.translate("Column", self.tip) if self.tip else ""


_NAME_KEY = attrgetter("search_key")


def _title_key(row: Row) -> str:
    return row.case_key or row.search_key


def _time_left_key(now: float) -> SortKey:
    return lambda row: (eta_s(row, now) or 0.0) if row.state is JobState.RUNNING else 0.0


COLUMNS = (
    Column(
        "name",
        QT_TRANSLATE_NOOP("Column", "Recording"),
        text=CellTexts.name,
        sort_key=_NAME_KEY,
        sort_key_by=CellTexts.name_key,
        cell_tip=CellTexts.name_tip,
        align=LEFT,
        ticks=Ticks.WHILE_ACTIVE,  # the detail may count down to a retry
    ),
    Column(
        "state",
        QT_TRANSLATE_NOOP("Column", "State"),
        text=CellTexts.state,
        sort_key=lambda row: _STATE_ORDER[row.state],
        cell_tip=CellTexts.name_tip,
        width=lambda texts: [*map(texts.labels.state, JobState), texts.labels.cancelling()],
        align=LEFT,
        icon=True,
    ),
    Column(
        "stage",
        QT_TRANSLATE_NOOP("Column", "Stage"),
        text=CellTexts.stage,
        sort_key=lambda row: 1.0 if row.state is JobState.COMPLETED else row.share,
        tip=QT_TRANSLATE_NOOP("Column", "Current step, or how reliable the result is"),
        cell_tip=CellTexts.stage_tip,
        width=lambda texts: [texts.labels.stage(stage) + " 100 %" for stage in Stage],
        align=LEFT,
    ),
    Column(
        "speakers",
        QT_TRANSLATE_NOOP("Column", "Speakers"),
        text=CellTexts.speakers,
        sort_key=lambda row: row.speakers or 0,
        tip=QT_TRANSLATE_NOOP("Column", "Number of speakers found, or requested"),
        width=lambda texts: ["2–4", texts.automatic()],
        emphasized=lambda row: row.speakers is not None,
    ),
    Column(
        "length",
        QT_TRANSLATE_NOOP("Column", "Length"),
        text=lambda _texts, row, _now: NOTHING if row.duration_s is None else clock(row.duration_s),
        sort_key=lambda row: row.duration_s or 0.0,
        tip=QT_TRANSLATE_NOOP("Column", "Length of the recording"),
        width=lambda _texts: ["00:00:00"],
        emphasized=lambda _row: True,
    ),
    Column(
        "time",
        QT_TRANSLATE_NOOP("Column", "Time"),
        text=CellTexts.time,
        sort_key=lambda row: row.ran_s or 0.0 if row.state.final else _UNFINISHED - row.since,
        tip=QT_TRANSLATE_NOOP("Column", "Time waiting or running so far, or total time with retries"),
        cell_tip=CellTexts.time_tip,
        width=lambda _texts: ["00:00:00"],
        ticks=Ticks.WHILE_ACTIVE,
    ),
    Column(
        "left",
        QT_TRANSLATE_NOOP("Column", "Time left"),
        text=CellTexts.time_left,
        sort_key=_time_left_key(0.0),
        tip=QT_TRANSLATE_NOOP("Column", "Estimated time until it is done"),
        width=lambda texts: ["≈ 0:00:00", texts.calculating()],
        ticks=Ticks.WHILE_ACTIVE,
        sort_key_at=_time_left_key,
    ),
    Column(
        "attempts",
        QT_TRANSLATE_NOOP("Column", "Attempts"),
        text=lambda _texts, row, _now: str(row.attempts) if row.attempts else NOTHING,
        sort_key=attrgetter("attempts"),
        tip=QT_TRANSLATE_NOOP("Column", "Number of attempts so far"),
        width=lambda _texts: ["00"],
        hidden=True,
    ),
    Column(
        "submitted",
        QT_TRANSLATE_NOOP("Column", "Added"),
        text=lambda texts, row, now: texts.labels.ago(row.submitted_at, now),
        sort_key=attrgetter("submitted_at"),
        cell_tip=lambda texts, row, _now: texts.labels.moment(row.submitted_at),
        width=CellTexts.ages,
        align=LEFT,
        hidden=True,
        ticks=Ticks.ALWAYS,
    ),
    Column(
        "finished",
        QT_TRANSLATE_NOOP("Column", "Finished"),
        text=CellTexts.finished,
        sort_key=lambda row: row.finished_at or 0.0,
        cell_tip=CellTexts.finished_tip,
        width=CellTexts.ages,
        align=LEFT,
        hidden=True,
        ticks=Ticks.ALWAYS,
    ),
    Column(
        "engine",
        QT_TRANSLATE_NOOP("Column", "Engine"),
        text=lambda texts, row, _now: NOTHING if row.summary else texts.labels.engine(row.engine),
        sort_key=attrgetter("engine"),
        tip=QT_TRANSLATE_NOOP("Column", "Engine that identifies the speakers"),
        width=lambda texts: [texts.labels.engine("builtin"), texts.labels.engine("channels")],
        align=LEFT,
        hidden=True,
    ),
    Column(
        "language",
        QT_TRANSLATE_NOOP("Column", "Language"),
        text=CellTexts.language,
        sort_key=lambda row: row.language or "",
        tip=QT_TRANSLATE_NOOP("Column", "Language found, or requested"),
        width=lambda texts: [texts.labels.language("es"), texts.labels.language("en")],
        align=LEFT,
        hidden=True,
    ),
    Column(
        "batch",
        QT_TRANSLATE_NOOP("Column", "Batch"),
        text=lambda _texts, row, _now: NOTHING if row.batch is None else str(row.batch),
        sort_key=lambda row: row.batch or 0,
        tip=QT_TRANSLATE_NOOP("Column", "Recordings added together have the same number"),
        width=lambda _texts: ["000000"],
        hidden=True,
    ),
    Column(
        "wrong",
        QT_TRANSLATE_NOOP("Column", "Wrong words"),
        text=lambda _texts, row, _now: NOTHING if row.wrong_share is None else percent(row.wrong_share),
        sort_key=lambda row: -1.0 if row.wrong_share is None else row.wrong_share,
        tip=QT_TRANSLATE_NOOP("Column", "Share of the words that is probably wrong"),
        cell_tip=lambda _texts, row, _now: sentence(wrong_words(row.wrong_share)),
        width=lambda _texts: [percent(1.0)],
        hidden=True,
    ),
    Column(
        "review",
        QT_TRANSLATE_NOOP("Column", "Review"),
        text=lambda texts, row, _now: (
            texts.labels.review_state(row.review) if row.exportable and row.summary is None else NOTHING
        ),
        sort_key=lambda row: list(ReviewState).index(row.review) if row.exportable else -1,
        tip=QT_TRANSLATE_NOOP("Column", "Whether a person has reviewed or signed the result"),
        width=lambda texts: [texts.labels.review_state(state) for state in ReviewState],
        align=LEFT,
        icon=True,
        emphasized=lambda row: row.review is not ReviewState.DRAFT,
    ),
    Column(
        "date",
        QT_TRANSLATE_NOOP("Column", "Date"),
        text=CellTexts.date,
        sort_key=attrgetter("recorded_at"),
        tip=QT_TRANSLATE_NOOP("Column", "When it was recorded"),
        cell_tip=CellTexts.date_tip,
        width=CellTexts.dates,
        align=LEFT,
        after="name",
        emphasized=lambda row: row.recorded_from != DateSource.FILE,
    ),
    Column(
        "case",
        QT_TRANSLATE_NOOP("Column", "Case"),
        text=lambda _texts, row, _now: row.case or NOTHING,
        sort_key=attrgetter("case_key"),
        tip=QT_TRANSLATE_NOOP("Column", "Name that you give to the patient or the visit"),
        cell_tip=lambda _texts, row, _now: row.case,
        width=lambda _texts: ["0000 María José García"],
        align=LEFT,
        hidden=True,
        after="name",
        emphasized=lambda _row: True,
    ),
)
NAME = 0
"""The first column names the row; it cannot be hidden."""


def column_index(key: str) -> int:
    """Return the position of a column of `COLUMNS`."""
    return next(index for index, column in enumerate(COLUMNS) if column.key == key)
