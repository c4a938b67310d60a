"""Prints results: asks for the printer, and starts each result on a new page.

What is printed is the exported web page, without the parts of it that only browsers show.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMarginsF, QObject, QRectF, QSizeF, Qt, Signal, Slot
from PySide6.QtGui import QFont, QFontMetricsF, QPageLayout, QPageSize, QPainter, QTextDocument
from PySide6.QtWidgets import QDialog

from fi_desktop.audit.places import record_prints
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.exporter import ExportOptions
from fi_desktop.exporters.files import Exportable
from fi_desktop.exporters.template import PaperSize
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.message_bar import MessageBar
from fi_desktop.gui.template_choice import TemplateChoice

if TYPE_CHECKING:
    from PySide6.QtPrintSupport import QPrintDialog, QPrinter

_MARGINS_MM = QMarginsF(20, 18, 20, 14)
_FOOTER_POINTS = 8.0
_FOOTER_LINES = 2.5  # height of the footer, and of the space above it
_STYLE = "ul { -qt-list-indent: 0; }"  # Qt indents lists, whatever their page says
_REM = re.compile(r"(font-size: )?(\d*\.?\d+)rem\b")
_REM_POINTS, _REM_PIXELS = 12.0, 16.0  # in browsers; Qt knows points for letters, and pixels for the rest


@dataclass(frozen=True, slots=True)
class PrintedResults:
    """What is printed.

    Attributes:
        jobs: of the results.
        pages: the results as web pages.
        unreadable: number of results that could not be read.
        numbering: what is at the bottom of a page, with {number} and {total}.
        paper: the template's; None: the printer's.
    """

    jobs: tuple[int | None, ...]
    pages: tuple[str, ...]
    unreadable: int
    numbering: str
    paper: PaperSize | None


class PrintController(QObject):
    """Asks for a printer, and prints there.

    Attributes:
        dialog: asks; None while it is closed.

    Signals:
        printed: the number of results that the printer took.
    """

    printed = Signal(int)

    def __init__(self, bridge: Bridge, message: MessageBar) -> None:
        """Prepare. `message`: shows the outcome; the dialog opens over its window."""
        super().__init__(message)
        self._bridge = bridge
        self._message = message
        self.dialog: QPrintDialog | None = None

    def request(
        self, results: Sequence[Exportable], options: ExportOptions, templates: TemplateChoice | None
    ) -> None:
        """Ask where to print these results, unless the dialog is open."""
        if self.dialog is None and results:
            made = partial(_made, tuple(results), options, templates)
            self._bridge.run_task(made, self._ask, self._on_refused)

    def _ask(self, results: PrintedResults) -> None:
        from PySide6.QtPrintSupport import QPrintDialog, QPrinter

        if self.dialog is not None:
            return
        if not results.pages:
            self._report(results)
            return
        printer = QPrinter(QPrinter.PrinterMode.HighResolution)
        printer.setCreator("fi-desktop")
        printer.setDocName("fi-desktop")  # listed in the printer's queue, so no name of a patient
        if results.paper is not None:
            a4 = results.paper is PaperSize.A4
            printer.setPageSize(QPageSize(QPageSize.PageSizeId.A4 if a4 else QPageSize.PageSizeId.Letter))
        printer.setPageMargins(_MARGINS_MM, QPageLayout.Unit.Millimeter)
        self.dialog = QPrintDialog(printer, self._message.window())
        self.dialog.setWindowTitle(self.tr("Print"))
        self.dialog.finished.connect(partial(self._on_finished, results, printer))
        QDialog.open(self.dialog)  # QPrintDialog.open wants a slot

    def _on_finished(self, results: PrintedResults, printer: QPrinter, result: int) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None
        if result == QDialog.DialogCode.Accepted:
            self._print(results, printer)

    def _print(self, results: PrintedResults, printer: QPrinter) -> None:
        file = Path(printer.outputFileName()) if printer.outputFileName() else None
        record_prints(self._bridge.trail, results.jobs, file)
        if not print_pages(printer, results.pages, results.numbering):
            self._message.error(self.tr("The printer did not take the pages. Choose another one."))
            return
        self._report(results)
        self.printed.emit(len(results.pages))

    def _report(self, results: PrintedResults) -> None:
        sentences = []
        if results.pages:
            sentences.append(self.tr("%Ln result(s) given to the printer.", "", len(results.pages)))
        if results.unreadable:
            unreadable = self.tr(
                "%Ln result(s) cannot be read; retry to make them again.", "", results.unreadable
            )
            sentences.append(unreadable)
        tone = "info" if not results.unreadable else "warn" if results.pages else "bad"
        self._message.show_message(" ".join(sentences), tone, None)

    @Slot(str)
    def _on_refused(self, sentence: str) -> None:
        self._message.error(sentence)


def print_pages(printer: QPrinter, pages: Sequence[str], numbering: str) -> bool:
    """Print web pages, each from a new sheet; return whether the printer takes them.

    numbering: see `PrintedResults`.
    """
    painter = QPainter()
    if not painter.begin(printer):
        return False
    copies = 1 if printer.supportsMultipleCopies() else printer.copyCount()
    area = QRectF(0, 0, printer.width(), printer.height())
    wanted = _wanted(printer)
    sheets = [sheet for sheet in _sheets(printer, pages, area) if sheet.number in wanted]
    try:
        for place, sheet in enumerate(sheets * copies):
            if place and not printer.newPage():
                return False
            sheet.paint(painter, area, numbering)
    finally:
        done = painter.end()
    return done


@dataclass(frozen=True, slots=True)
class _Sheet:
    """One page.

    Attributes:
        document: what it is a page of.
        page, total: its number in the document, from 1, and their number.
        number: its number among all pages, from 1.
    """

    document: QTextDocument
    page: int
    total: int
    number: int

    def paint(self, painter: QPainter, area: QRectF, numbering: str) -> None:
        """Paint it. `area`: of the paper; the rest is as for `print_pages`."""
        size = self.document.pageSize()
        top = (self.page - 1) * size.height()
        painter.save()
        painter.translate(0, -top)
        self.document.drawContents(painter, QRectF(0, top, size.width(), size.height()))
        painter.restore()
        painter.setFont(_footer_font(self.document))
        metrics = QFontMetricsF(painter.font(), painter.device())
        number = numbering.format(number=self.page, total=self.total)
        title = self.document.metaInformation(QTextDocument.MetaInformation.DocumentTitle)
        left = area.width() - metrics.horizontalAdvance(f"{number}    ")
        bottom = Qt.AlignmentFlag.AlignBottom
        painter.drawText(
            area,
            bottom | Qt.AlignmentFlag.AlignLeft,
            metrics.elidedText(title, Qt.TextElideMode.ElideRight, left),
        )
        painter.drawText(area, bottom | Qt.AlignmentFlag.AlignRight, number)


def _sheets(printer: QPrinter, pages: Sequence[str], area: QRectF) -> Iterator[_Sheet]:
    number = 0
    for page in pages:
        document = QTextDocument()
        document.setDefaultStyleSheet(_STYLE)
        document.documentLayout().setPaintDevice(printer)
        document.setDocumentMargin(0)
        style, end, content = page.partition("</style>")
        document.setHtml(_REM.sub(_in_units_of_qt, style) + end + content)
        footer = QFontMetricsF(_footer_font(document), printer).height() * _FOOTER_LINES
        document.setPageSize(QSizeF(area.width(), area.height() - footer))
        total = document.pageCount()
        for each in range(1, total + 1):
            number += 1
            yield _Sheet(document, each, total, number)


def _in_units_of_qt(length: re.Match[str]) -> str:
    letters, rem = length[1], float(length[2])
    return f"{letters}{rem * _REM_POINTS:g}pt" if letters else f"{rem * _REM_PIXELS:g}px"


def _footer_font(document: QTextDocument) -> QFont:
    font = QFont(document.defaultFont())
    font.setPointSizeF(_FOOTER_POINTS)
    return font


def _wanted(printer: QPrinter) -> range:
    """Return the numbers of the pages that the person chose."""
    if printer.printRange() is not type(printer).PrintRange.PageRange or not printer.fromPage():
        return range(1, 1 << 31)
    return range(printer.fromPage(), printer.toPage() + 1)


def _made(
    results: tuple[Exportable, ...], options: ExportOptions, templates: TemplateChoice | None
) -> PrintedResults:
    """Return results as web pages; on any thread.

    Raises:
        UserError: the template cannot be used.
    """
    if templates is not None:
        results, options = templates.apply(results, options)
    jobs: list[int | None] = []
    pages: list[str] = []
    for result in results:
        try:
            reviewed = result.read()
        except (OSError, ValueError, KeyError):
            continue
        page = EXPORTERS["html"].render(reviewed.transcript, replace(options, reviewed=reviewed))
        jobs.append(result.job)
        pages.append(page.decode())
    return PrintedResults(
        tuple(jobs),
        tuple(pages),
        len(results) - len(pages),
        options.labels.page,
        options.template.page,
    )
