"""HTML: one file for every browser, without scripts and links; prints well."""

from __future__ import annotations

from html import escape

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.document import Utterance, WrittenDocument, document_of
from fi_desktop.exporters.exporter import Exporter, ExportOptions, TextRun, encoded

_STYLE = """
:root { color-scheme: light; }
body { font: 11pt/1.5 "Segoe UI", "Noto Sans", "Helvetica Neue", Arial, sans-serif; color: #1f2933;
  max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0; font-size: .9rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
.state { font-weight: 600; padding: .4rem .75rem; border-left: .25rem solid; overflow-wrap: anywhere; }
.draft { color: #8a5a00; background: #fff4d6; }
.checked { color: #1e6b3a; background: #e6f4ea; }
.remarks { color: #5f6b7a; font-size: .82rem; list-style: none; padding: 0; overflow-wrap: anywhere; }
.turn { display: grid; grid-template-columns: 5.2rem 1fr; margin: .45rem 0; break-inside: avoid; }
.at { color: #5f6b7a; font-size: .82rem; padding-top: .15rem; font-variant-numeric: tabular-nums; }
.said { overflow-wrap: anywhere; }
mark { background: none; color: inherit; text-decoration: underline dotted #8a5a00; }
footer { color: #5f6b7a; font-size: .75rem; margin-top: 2rem; border-top: 1px solid #d5dae0;
  padding-top: .5rem; overflow-wrap: anywhere; }
@page { margin: 2cm; }
@media print { body { margin: 0; max-width: none; padding: 0; }
  .state { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
# nothing is loaded and nothing runs, even if a text were taken for markup
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the page."""
    content = document_of(transcript, options)
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n" for name, value in content.facts)
    remarks = "".join(f"<li>{escape(remark)}</li>\n" for remark in content.remarks)
    kind = "checked" if content.checked else "draft"
    return encoded(
        f"""<!DOCTYPE html>
<html lang="{content.code}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(content.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<h1 dir="auto">{escape(content.title)}</h1>
<dl>
{facts}</dl>
<p class="state {kind}">{escape(content.status)}</p>
<ul class="remarks">
{remarks}</ul>
</header>
<main{_language(content.spoken)}>
{_turns(content)}</main>
<footer>{escape(content.footer)}</footer>
</body>
</html>
"""
    )


def _turns(content: WrittenDocument) -> str:
    if not content.utterances:
        return f"<p>{escape(content.silence)}</p>\n"
    return "".join(
        f'<p class="turn"><span class="at">{escape(one.span)}</span> '
        f'<span class="said"{_language(one.language)}><b>{name_html(one)}</b> {text_html(one)}</span></p>\n'
        for one in content.utterances
    )


def name_html(utterance: Utterance) -> str:
    """Return a speaker's name, as HTML; in another direction than the text, it does not reorder it."""
    return f"<bdi>{escape(utterance.speaker)}</bdi>{':' if utterance.runs else ''}"


def text_html(utterance: Utterance) -> str:
    """Return what was said, as HTML."""
    said = "".join(map(_run, utterance.runs))
    return f'<span dir="rtl">{said}</span>' if utterance.rtl else said


def _run(run: TextRun) -> str:
    text = escape(run.text)
    if run.doubtful:
        text = f"<mark>{text}</mark>"
    return f"<i>{text}</i>" if run.overlap else text


def _language(code: str | None) -> str:
    return "" if code is None else f' lang="{escape(code)}"'


EXPORTER = Exporter("html", "Web page", "html", "text/html", render)
