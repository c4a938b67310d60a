"""Paints the cells of the job table: name and detail, state and review with icons, stage with a bar."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPalette
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTableView, QWidget

from fi_desktop.core.case_labels import DateSource
from fi_desktop.core.job import JobState
from fi_desktop.core.text import percent
from fi_desktop.gui import theme
from fi_desktop.gui.job_table.columns import NAME, NOTHING, RIGHT, Column
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.local_dates import date_lines
from fi_desktop.gui.widgets import draw_text, paint_background, paint_focus
from fi_desktop.viewmodel.rows import Row

_PAD = 10
_ICON = 16
_BAR_HEIGHT = 4
_GUTTER = 22  # left of the name; holds the arrow of a batch
_ARROW = 12


class JobDelegate(QStyledItemDelegate):
    """Paints a row's cells; columns without a painter show plain text.

    Attributes:
        row_height: height of two lines of text, pixels.
    """

    def __init__(self, view: QTableView, model: JobsModel) -> None:
        super().__init__(view)
        self._view = view
        self._model = model
        self._painters = {
            "name": self._paint_name,
            "date": self._paint_date,
            "state": self._paint_state,
            "stage": self._paint_stage,
            "review": self._paint_review,
        }
        self.set_font(view.font())

    def set_font(self, font: QFont) -> None:
        """Measure for this font."""
        self._name_font = theme.scaled(font, 1.0, QFont.Weight.Medium)
        self._detail_font = theme.scaled(font, 0.9)
        self._number_font = theme.tabular(font)
        self._text_font = QFont(font)
        heights = QFontMetrics(self._name_font).height() + QFontMetrics(self._detail_font).height()
        self.row_height = heights + 16

    def arrow(self, area: QRect, index: QModelIndex | QPersistentModelIndex) -> QRect:
        """Return the area of the arrow that collapses or expands a batch; empty if there is no arrow."""
        row = self._model.row(index)
        if index.column() != NAME or row.batch is None:
            return QRect()
        if row.summary is None and not self._view.selectionModel().isRowSelected(index.row()):
            return QRect()  # expanded jobs show it only while selected
        return QRect(area.left(), area.top(), _GUTTER, area.height())

    def _paint_arrow(self, painter: QPainter, area: QRect, row: Row, palette: QPalette) -> None:
        arrow = theme.pixmap("chevron", _ARROW, theme.quiet(palette), self._view.devicePixelRatioF())
        painter.save()
        painter.translate(area.center() + QPoint(1, 1))
        painter.rotate(-90 if row.summary is not None else 0)
        painter.drawPixmap(QPoint(-_ARROW // 2, -_ARROW // 2), arrow)
        painter.restore()

    def _paint_name(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        texts = self._model.texts
        detail = texts.detail(row, self._model.now())
        area = option.rect.adjusted(_GUTTER, 7, -_PAD, -8)
        name_height = QFontMetrics(self._name_font).height()
        top = area if not detail else QRect(area.left(), area.top(), area.width(), name_height)
        text = option.palette.color(QPalette.ColorRole.Text)
        draw_text(painter, top, texts.name(row), self._name_font, text, elide=Qt.TextElideMode.ElideMiddle)
        if detail:
            below = QRect(area.left(), top.bottom() + 2, area.width(), area.bottom() - top.bottom())
            draw_text(painter, below, detail, self._detail_font, self._detail_colour(option.palette, row))

    def _detail_colour(self, palette: QPalette, row: Row) -> QColor:
        if row.state is JobState.FAILED:
            return theme.tone("warn" if row.exportable else "bad", palette)
        if row.state is JobState.RETRYING or (row.state is JobState.COMPLETED and row.grade == "doubtful"):
            return theme.tone("warn", palette)
        return theme.quiet(palette)

    def _paint_date(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        """Paint the date, and below it the time; what only the file's last change says is quiet."""
        lines = date_lines(row.recorded_at) or (NOTHING,)
        quiet = theme.quiet(option.palette)
        by_file = row.recorded_from in ("", DateSource.FILE)
        colour = quiet if by_file else option.palette.color(QPalette.ColorRole.Text)
        day_font, time_font = self._number_font, theme.tabular(self._detail_font)
        heights = [QFontMetrics(font).height() for font in (day_font, time_font)[: len(lines)]]
        area = option.rect.adjusted(_PAD, 0, -4, 0)
        area.setTop(option.rect.center().y() - sum(heights) // 2 + 1)
        area.setHeight(heights[0])
        draw_text(painter, area, lines[0], day_font, colour)
        if len(lines) > 1:
            area.translate(0, heights[0])
            draw_text(painter, area, lines[1], time_font, quiet)

    def _paint_state(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        kept = row.exportable and row.state is not JobState.COMPLETED
        tone = "warn" if row.cancelling or (kept and row.state is JobState.FAILED) else ""
        colour = theme.tone(tone or theme.STATE_TONES[row.state], option.palette)
        icon = "state-cancelled" if row.cancelling else f"state-{row.state.value.lower()}"
        state, *more = self._model.texts.state_lines(row)
        if not more:
            self._paint_icon_text(painter, option, icon, state, colour)
            return
        heights = QFontMetrics(self._text_font).height(), QFontMetrics(self._detail_font).height()
        middle = option.rect.center().y()
        self._paint_icon_text(painter, option, icon, state, colour, lifted=heights[1] // 2)
        below = option.rect.adjusted(_PAD + _ICON + 7, 0, -4, 0)
        below.setTop(middle - sum(heights) // 2 + heights[0])
        below.setHeight(heights[1])
        quiet = theme.quiet(option.palette) if kept else theme.tone("bad", option.palette)
        draw_text(painter, below, more[0], self._detail_font, quiet)

    def _paint_icon_text(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        icon: str,
        text: str,
        colour: QColor,
        *,
        lifted: int = 0,
    ) -> None:
        area = option.rect.adjusted(_PAD, -lifted, -4, -lifted)
        pixmap = theme.pixmap(icon, _ICON, colour, self._view.devicePixelRatioF())
        painter.drawPixmap(area.left(), area.center().y() - _ICON // 2 + 1, pixmap)
        draw_text(painter, area.adjusted(_ICON + 7, 0, 0, 0), text, self._text_font, colour)

    def _paint_stage(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        if row.summary is not None or row.state is JobState.RUNNING:
            self._paint_bar(painter, option, row)
        elif row.state is JobState.COMPLETED and row.grade in theme.GRADE_TONES:
            colour = theme.tone(theme.GRADE_TONES[row.grade], option.palette)
            icon = "warning" if row.grade == "doubtful" else f"grade-{row.grade}"
            self._paint_icon_text(painter, option, icon, self._model.texts.labels.grade(row.grade), colour)

    def _paint_review(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        if row.exportable and row.summary is None:
            colour = theme.tone(theme.REVIEW_TONES[row.review], option.palette)
            text = self._model.texts.labels.review_state(row.review)
            self._paint_icon_text(painter, option, f"review-{row.review.value}", text, colour)

    def _paint_bar(self, painter: QPainter, option: QStyleOptionViewItem, row: Row) -> None:
        metrics = QFontMetrics(self._detail_font)
        room = option.rect.adjusted(_PAD, 0, -_PAD, 0)
        height = metrics.height() + 5 + _BAR_HEIGHT
        area = QRect(room.left(), room.center().y() - height // 2 + 1, room.width(), height)
        line = QRect(area.left(), area.top(), area.width(), metrics.height())
        text = option.palette.color(QPalette.ColorRole.Text)
        number_font = theme.tabular(self._detail_font)
        share_width = theme.digits_width(self._detail_font, "100 %")
        stage = self._model.texts.labels.stage(row.stage) if row.summary is None else ""
        draw_text(painter, line.adjusted(0, 0, -share_width - 6, 0), stage, self._detail_font, text)
        share = percent(row.share)
        draw_text(painter, line, share, number_font, theme.quiet(option.palette), right=True)
        bar = QRectF(area.left(), area.bottom() + 1 - _BAR_HEIGHT, area.width(), _BAR_HEIGHT)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.mix(option.palette.color(QPalette.ColorRole.Base), text, 0.13))
        painter.drawRoundedRect(bar, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)
        if row.share > 0:
            bar.setWidth(max(_BAR_HEIGHT, bar.width() * row.share))
            painter.setBrush(theme.tone("warn" if row.cancelling else "info", option.palette))
            painter.drawRoundedRect(bar, _BAR_HEIGHT / 2, _BAR_HEIGHT / 2)

    def _paint_text(self, painter: QPainter, option: QStyleOptionViewItem, row: Row, column: Column) -> None:
        text = column.text(self._model.texts, row, self._model.now())
        strong = text != NOTHING and column.emphasized(row)
        colour = option.palette.color(QPalette.ColorRole.Text) if strong else theme.quiet(option.palette)
        if column.align == RIGHT:
            area = option.rect.adjusted(4, 0, -_PAD, 0)
            draw_text(painter, area, text, self._number_font, colour, right=True)
        else:
            draw_text(painter, option.rect.adjusted(_PAD, 0, -4, 0), text, self._text_font, colour)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        """Paint a cell."""
        row = self._model.row(index)
        painter.save()
        paint_background(painter, option)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        column = self._model.columns[index.column()]
        if (paint := self._painters.get(column.key)) is not None:
            paint(painter, option, row)
        else:
            self._paint_text(painter, option, row, column)
        if (arrow := self.arrow(option.rect, index)).isValid():
            self._paint_arrow(painter, arrow, row, option.palette)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, on=False)
        paint_focus(painter, option, self._view, index.row())
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Return the height of two lines."""
        return QSize(80, self.row_height)


def column_width(widget: QWidget, texts: list[str], *, icon: bool) -> int:
    """Return the width in pixels that shows each of these texts whole."""
    widest = max(theme.digits_width(widget.font(), text) for text in texts)
    return widest + (_ICON + 7 if icon else 0) + 2 * _PAD + 6
