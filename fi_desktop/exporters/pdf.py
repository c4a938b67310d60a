"""PDF: a document to keep and to print, which screen readers and searches can read.

Pages and tags are made in `pdf_pages` and `pdf_parts`, imported when needed: it takes half a second.
"""

from __future__ import annotations

import warnings

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.document import WrittenDocument, document_of
from fi_desktop.exporters.exporter import Exporter, ExportOptions
from fi_desktop.exporters.figures import WrittenFigures, figures_of


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the document; its letters are embedded, so it looks the same on every computer."""
    content = document_of(transcript, options)
    return _pages(content, options, content.figures)


def render_with_figures(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the document with the figures of the conversation above the text."""
    return _pages(document_of(transcript, options), options, figures_of(transcript, options))


def _pages(content: WrittenDocument, options: ExportOptions, figures: WrittenFigures | None) -> bytes:
    with warnings.catch_warnings():
        # packages have no Pillow, and pages no pictures
        warnings.filterwarnings("ignore", "Pillow could not be imported")
        from fi_desktop.exporters.pdf_parts import pages_of

    return pages_of(content, options.labels.page, figures)


EXPORTER = Exporter("pdf", "PDF", "pdf", "application/pdf", render, common=True, document=True)
WITH_FIGURES = Exporter(
    "pdf-figures", "PDF with figures", "pdf", "application/pdf", render_with_figures, document=True
)
