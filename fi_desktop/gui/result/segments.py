"""The segments of a transcript as text: the list model, and the layout of its paragraphs."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import replace
from math import ceil
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QLineF,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    Qt,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QPainter,
    QPen,
    QTextCharFormat,
    QTextLayout,
    QTextLine,
    QTextOption,
)

from fi_desktop.core.changes import Splice
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.text import clock, harmless, search_key
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.txt import segment_line
from fi_desktop.gui.export_controller import export_options
from fi_desktop.gui.labels import UiLabels
from fi_desktop.viewmodel.result import (
    NOTHING,
    Match,
    SegmentText,
    find_matches,
    segment_texts,
    texts_of,
)

Index = QModelIndex | QPersistentModelIndex

_LINE_HEIGHT = 1.36  # of the font's height
_KEPT = 256  # layouts: several screens of them
_DOT = 2.0  # pixels
_PAD = 8  # pixels above and below a paragraph


class SegmentsModel(QAbstractListModel):
    """The segments of one transcript, in its order.

    Attributes:
        texts: the segments as they are read.
        named: whether any speaker is known.

    Its data may change for all rows, for the role of accessible texts alone: then only names did.
    """

    def __init__(self, transcript: Transcript, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
        self._keys: list[str] | None = None
        self._read(transcript, segment_texts(transcript, export_options()))

    @property
    def transcript(self) -> Transcript:
        """The transcript."""
        return self._transcript

    @property
    def doubtful(self) -> bool:
        """Whether any word was recognized with low confidence."""
        return any(mark.word.doubtful for segment in self.texts for mark in segment.marks)

    @property
    def overlapping(self) -> bool:
        """Whether another speaker overlaps any word."""
        return any(mark.word.overlap for segment in self.texts for mark in segment.marks)

    def show_transcript(self, transcript: Transcript) -> None:
        """Show a transcript that was corrected; only the rows that changed are read again."""
        before = self._transcript
        change = Splice.between(before.segments, transcript.segments)
        removed, added = len(change.before), len(change.after)
        new = texts_of(change.after, transcript.speakers, export_options())
        if self._keys is not None:
            self._keys[change.at : change.at + removed] = [search_key(segment.text) for segment in new]
        first, same = change.at, min(removed, added)
        kept, gone = first + same, first + removed  # the rows between them go, or others come before them
        self._read(transcript, (*self.texts[:first], *new[:same], *self.texts[kept:]))
        if same:
            self.dataChanged.emit(self.index(first), self.index(kept - 1))
        if added > removed:
            self.beginInsertRows(QModelIndex(), kept, first + added - 1)
            self._read(transcript, (*self.texts[:kept], *new[same:], *self.texts[kept:]))
            self.endInsertRows()
        elif added < removed:
            self.beginRemoveRows(QModelIndex(), kept, gone - 1)
            self._read(transcript, (*self.texts[:kept], *self.texts[gone:]))
            self.endRemoveRows()
        if before.people != transcript.people or before.speakers != transcript.speakers:
            last = self.index(self.rowCount() - 1)
            self.dataChanged.emit(self.index(0), last, [Qt.ItemDataRole.AccessibleTextRole])

    def _read(self, transcript: Transcript, texts: tuple[SegmentText, ...]) -> None:
        self._transcript = transcript
        self.texts = texts
        self.named = any(segment.label is not None for segment in texts)
        self._names: dict[str, str] = {}

    def name(self, row: int) -> str:
        """Return the speaker's name."""
        label = self.texts[row].label
        if label is None:
            return self._labels.unknown_speaker()
        if label not in self._names:
            self._names[label] = self._labels.speaker(label, self._transcript)
        return self._names[label]

    def language_tag(self, row: int) -> str:
        """Return the code of a segment's language, such as "EN"; "" if it is the recording's main one."""
        return (self.texts[row].language or "").upper()

    def start_time(self, row: int) -> str:
        """Return the start as text."""
        return clock(self.texts[row].start)

    def find(self, query: str) -> list[Match]:
        """Return the matches of a query, in order."""
        if self._keys is None:
            self._keys = [search_key(segment.text) for segment in self.texts]
        return list(find_matches(query, self._keys))

    def copied(self, rows: Iterable[int]) -> str:
        """Return rows as text to paste, one line each: "[00:01:02] Speaker 1: text"."""
        return harmless("\n".join(self._copied(row) for row in sorted(rows)))

    def speaker_tip(self, row: int) -> str | None:
        """Return why a segment's speaker is marked, if it is."""
        return self._unsure if self.texts[row].unsure else None

    @property
    def _unsure(self) -> str:
        return self.tr("Not sure who says it")

    def mark_tip(self, row: int, offset: int) -> str | None:
        """Return why the word at a character is marked, for its tooltip."""
        if self.texts[row].missing:
            return self.tr("No words were recognized in this speech: listen again")
        mark = self.texts[row].mark_at(offset)
        if mark is None:
            return None
        remarks = []
        if mark.word.doubtful:
            remarks.append(self.tr("Hard to hear: listen again"))
        if mark.word.overlap:
            remarks.append(self.tr("Someone else spoke at the same time"))
        return "\n".join(remarks)

    def _copied(self, row: int) -> str:
        segment = self._transcript.segments[row]
        if not segment.text.strip() and not segment.missing:
            segment = replace(segment, text=NOTHING)
        options = replace(export_options(), reviewed=ReviewedTranscript(self._transcript))
        return segment_line(segment, options, named=self.named)

    def _accessible_text(self, segment: SegmentText, row: int) -> str:
        text = segment.text
        if segment.language is not None:
            text = f"{self._labels.language(segment.language)}: {text}"
        if not self.named:
            return f"{clock(segment.start)}: {text}"
        return self.tr("{speaker}, {time}: {text}").format(
            speaker=self.name(row), time=clock(segment.start), text=text
        )

    def _marked_words(self, segment: SegmentText) -> str:
        doubtful = [mark.word.text for mark in segment.marks if mark.word.doubtful]
        overlapping = [mark.word.text for mark in segment.marks if mark.word.overlap]
        parts = [self._unsure] if segment.unsure else []
        if doubtful:
            parts.append(self.tr("Hard to hear: {words}").format(words=", ".join(doubtful)))
        if overlapping:
            parts.append(self.tr("Spoken over: {words}").format(words=", ".join(overlapping)))
        return ". ".join(parts)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 Qt's own signature
        """Return the number of segments."""
        return 0 if parent.isValid() else len(self.texts)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return a segment's text; for screen readers, with its speaker and time."""
        if not index.isValid():
            return None
        segment = self.texts[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return segment.text
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._accessible_text(segment, index.row())
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return self._marked_words(segment)
            case _:
                return None


class Paragraphs:
    """Lays out segment texts; exact for rows in view, estimated for the others.

    Laying out the 30,000 words of three hours takes a third of a second, too long for each step of a resize.
    An estimate from word widths takes a few milliseconds and is seldom a line off. What is known of a text
    stays known while its row moves or other rows change.

    Attributes:
        font: of the texts; line_height: of their lines, pixels.
        width: of the texts, pixels.
        top: offset of a text in its row, pixels.
    """

    top = _PAD

    def __init__(self, model: SegmentsModel, font: QFont) -> None:
        self._model = model
        # by the id of a text, which is kept with it: a new text may not get the id of an old one
        self._line_widths: dict[int, tuple[float, SegmentText]] = {}
        self._heights: dict[int, tuple[int, SegmentText]] = {}
        self._layouts: OrderedDict[int, tuple[QTextLayout, SegmentText]] = OrderedDict()
        self.width = 0
        self.set_font(font)

    def set_font(self, font: QFont) -> None:
        """Change the font."""
        self.font = font
        self._metrics = QFontMetricsF(font)
        self.line_height = ceil(self._metrics.height() * _LINE_HEIGHT)
        self._space = self._metrics.horizontalAdvance(" ")
        self._advances: dict[str, float] = {}
        self._line_widths.clear()
        self._clear()

    def set_width(self, width: int) -> None:
        """Change the width, pixels."""
        if width != self.width:
            self.width = width
            self._clear()

    def height(self, row: int) -> int:
        """Return the row's height, pixels."""
        text = self._model.texts[row]
        known = self._heights.get(id(text))
        if known is None:
            known = self._heights[id(text)] = self._layout_height(self._lay_out(text)), text
        return known[0]

    def estimates(self) -> list[int]:
        """Return the estimated height of each row, pixels."""
        return [self._estimate(text) for text in self._model.texts]

    def _estimate(self, text: SegmentText) -> int:
        known = self._line_widths.get(id(text))
        if known is None:
            known = self._line_widths[id(text)] = self._line_width(text.text), text
        return max(1, ceil(known[0] / max(1, self.width))) * self.line_height + 2 * _PAD

    def layout(self, row: int) -> QTextLayout:
        """Return the layout of a row's text."""
        text = self._model.texts[row]
        known = self._layouts.get(id(text))
        if known is None:
            known = self._layouts[id(text)] = self._lay_out(text), text
            if len(self._layouts) > _KEPT:
                self._layouts.popitem(last=False)
        else:
            self._layouts.move_to_end(id(text))
        return known[0]

    def dots(self, row: int) -> list[QLineF]:
        """Return the lines of dots under a row's low-confidence words."""
        marks = (mark for mark in self._model.texts[row].marks if mark.word.doubtful)
        layout = self.layout(row)
        return [line for mark in marks for line in below(layout, mark.start, mark.length)]

    def offset_at(self, row: int, point: QPointF) -> int | None:
        """Return the character at a point of a row's text, or None."""
        layout = self.layout(row)
        for number in range(layout.lineCount()):
            line = layout.lineAt(number)
            if line.naturalTextRect().contains(point):
                return line.xToCursor(point.x(), line.CursorPosition.CursorOnCharacter)
        return None

    def _clear(self) -> None:
        self._layouts.clear()
        self._heights.clear()

    def _line_width(self, text: str) -> float:
        """Return the text's width on one line, from cached widths of its words."""
        advances, total = self._advances, 0.0
        for word in text.split(" "):
            width = advances.get(word)
            if width is None:
                width = advances[word] = self._metrics.horizontalAdvance(word)
            total += width + self._space
        return total - self._space

    def _layout_height(self, layout: QTextLayout) -> int:
        last = layout.lineAt(layout.lineCount() - 1)
        return ceil(last.y() + last.height() + self._slack(last.height()) + 2 * _PAD)

    def _slack(self, height: float) -> float:
        return max(0.0, (self.line_height - height) / 2)

    def _lay_out(self, segment: SegmentText) -> QTextLayout:
        layout = QTextLayout(segment.text, self.font)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        layout.setTextOption(option)
        layout.setFormats([italic(mark.start, mark.length) for mark in segment.marks if mark.word.overlap])
        layout.beginLayout()
        y = 0.0
        while (line := layout.createLine()).isValid():
            line.setLineWidth(max(1, self.width))
            slack = self._slack(line.height())
            line.setPosition(QPointF(0, y + slack))
            y += line.height() + 2 * slack
        layout.endLayout()
        return layout


def italic(start: int, length: int) -> QTextLayout.FormatRange:
    """Return the format of overlapped words."""
    mark = QTextLayout.FormatRange()
    mark.start, mark.length = start, length
    form = QTextCharFormat()
    form.setFontItalic(True)
    mark.format = form
    return mark


def below(layout: QTextLayout, start: int, length: int) -> list[QLineF]:
    """Return the underlines of a range of characters, one per text line, on whole pixels."""
    found = []
    for number in range(layout.lineCount()):
        line = layout.lineAt(number)
        first = max(start, line.textStart())
        last = min(start + length, line.textStart() + line.textLength())
        if first < last:
            left, right = _x(line, first), _x(line, last)
            y = round(line.y() + line.ascent() + line.descent()) + 1
            found.append(QLineF(round(min(left, right)) + 1, y, round(max(left, right)), y))
    return found


def _x(line: QTextLine, offset: int) -> float:
    found: Any = line.cursorToX(offset)  # (x, offset); the type stubs say otherwise
    return float(found[0])


def paint_dots(painter: QPainter, lines: list[QLineF], colour: QColor) -> None:
    """Paint dotted underlines; Qt's own are hairlines that fade at some scales."""
    pen = QPen(colour, _DOT)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setDashPattern([0.001, 2.0])  # in widths of the pen: its caps are the dots
    painter.setPen(pen)
    painter.drawLines(lines)
