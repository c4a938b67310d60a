"""Markdown: text with headings and bold names, for note programs and wikis (CommonMark)."""

from __future__ import annotations

import re

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.document import Utterance, document_of
from fi_desktop.exporters.exporter import Exporter, ExportOptions, encoded

# what could become formatting, a link or a tag; no line starts with what was said
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&!$])")


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the document: one paragraph per turn."""
    content = document_of(transcript, options)
    lines = [
        f"# {_escaped(content.title)}",
        "",
        *(f"- **{_escaped(name)}:** {_escaped(value)}" for name, value in content.facts),
        "",
        f"> **{_escaped(content.status)}**",
        "",
        *(f"- {_escaped(remark)}" for remark in content.remarks),
        "",
        "---",
        "",
    ]
    for utterance in content.utterances:
        lines += [_turn(utterance), ""]
    if not content.utterances:
        lines += [_escaped(content.silence), ""]
    return encoded("\n".join(lines))


def _turn(utterance: Utterance) -> str:
    at = f"\\[{_escaped(utterance.span)}\\] "
    if not utterance.runs:
        return f"{at}**{_escaped(utterance.speaker)}**"
    language = f"\\[{_escaped(utterance.language.upper())}\\] " if utterance.language else ""
    return f"{at}**{_escaped(utterance.speaker)}:** {language}{_escaped(utterance.text)}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)


EXPORTER = Exporter("md", "Markdown", "md", "text/markdown", render)
