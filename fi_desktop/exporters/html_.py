"""HTML: one file for every browser, without scripts and links; prints well."""

from __future__ import annotations

from html import escape

from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.document import Utterance, WrittenDocument, document_of
from fi_desktop.exporters.exporter import Exporter, ExportOptions, TextRun, encoded
from fi_desktop.exporters.figures import SHARE_COLUMN, FigureRow, WrittenFigures, figures_of
from fi_desktop.exporters.template import PLAIN, DocumentLayout, DocumentTemplate

_POINTS = 11.0  # of the text

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
_FIGURES_STYLE = """
.figures { margin: 1.25rem 0; padding: .75rem 0; border: solid #d5dae0; border-width: 1px 0;
  break-inside: avoid; }
.figures h2 { font-size: 1rem; margin: 0 0 .5rem; }
.figures dl { display: flex; flex-wrap: wrap; gap: .25rem 1.75rem; margin-bottom: .5rem; }
.figures dt { color: #5f6b7a; font-weight: 400; font-size: .82rem; }
.figures table { border-collapse: collapse; width: 100%; font-size: .82rem;
  font-variant-numeric: tabular-nums; }
.figures th, .figures td { text-align: right; font-weight: 400; padding: .25rem 0 .25rem .6rem;
  border-bottom: 1px solid #e6e9ed; vertical-align: bottom; }
.figures thead th { color: #5f6b7a; }
.figures th:first-child { text-align: left; padding-left: 0; overflow-wrap: anywhere; }
.figures tbody th { font-weight: 600; }
.figures .share { white-space: nowrap; }
.bar { display: inline-block; width: 4rem; height: .6rem; background: #e6e9ed; text-align: left; }
.bar span { display: block; height: 100%; background: #3b6ea5; }
@media print { .bar, .bar span { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""
_TEMPLATE_STYLE = """
.letterhead { color: #5f6b7a; font-size: .9rem; border-bottom: 1px solid #d5dae0; padding-bottom: .6rem;
  margin-bottom: 1.1rem; }
.letterhead p { margin: 0; min-height: 1em; overflow-wrap: anywhere; }
.letterhead p:first-child { color: #1f2933; font-weight: 600; font-size: 1rem; }
footer p { margin: .15rem 0; }
.line { color: #5f6b7a; font-size: .75rem; padding-top: .25rem; font-variant-numeric: tabular-nums; }
.untimed .turn { display: block; }
.numbered .turn { grid-template-columns: 2.4rem 5.2rem 1fr; }
.numbered.untimed .turn { display: grid; grid-template-columns: 2.4rem 1fr; }
.question { margin-top: 1rem; break-after: avoid; }
.answer .said { padding-left: 1.1rem; border-left: 2px solid #e6e9ed; }
table.turns { border-collapse: collapse; width: 100%; }
.turns th, .turns td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0;
  border-bottom: 1px solid #e6e9ed; }
.turns thead th { color: #5f6b7a; font-size: .82rem; font-weight: 600; border-bottom-color: #9aa5b1; }
.turns tbody th { font-weight: 600; max-width: 11rem; overflow-wrap: anywhere; }
.turns .at { white-space: nowrap; }
.turns tr { break-inside: avoid; }
"""
# nothing is loaded and nothing runs, even if a text were taken for markup
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def render(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the page."""
    content = document_of(transcript, options)
    return _page(content, content.figures)


def render_with_figures(transcript: Transcript, options: ExportOptions) -> bytes:
    """Return the page with the figures of the conversation above the text."""
    return _page(document_of(transcript, options), figures_of(transcript, options))


def _page(content: WrittenDocument, figures: WrittenFigures | None) -> bytes:
    told = "" if figures is None else _figures(figures)
    style = _style(content.template) + ("" if figures is None else _FIGURES_STYLE)
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
<style>{style}</style>
</head>
<body>
<header>
{_letterhead(content)}<h1 dir="auto">{escape(content.title)}</h1>
<dl>
{facts}</dl>
<p class="state {kind}">{escape(content.status)}</p>
<ul class="remarks">
{remarks}</ul>
</header>
{told}<main{_kinds(content)}{_language(content.spoken)}>
{turns_html(content)}</main>
<footer>{_foot(content)}</footer>
</body>
</html>
"""
    )


def _style(template: DocumentTemplate) -> str:
    if template is PLAIN:
        return _STYLE
    style = _STYLE + _TEMPLATE_STYLE
    if template.text_size is not None:
        share = template.scale(_POINTS)
        style += f"html {{ font-size: {share:.1%}; }}\nbody {{ font-size: {template.text_size:g}pt; }}\n"
    return style + (f"@page {{ size: {template.page.value}; }}\n" if template.page is not None else "")


def _letterhead(content: WrittenDocument) -> str:
    lines = "".join(f'<p dir="auto">{escape(line)}</p>\n' for line in content.heading)
    return f'<div class="letterhead">\n{lines}</div>\n' if lines else ""


def _foot(content: WrittenDocument) -> str:
    if not content.closing:
        return escape(content.footer)
    lines = "".join(f'\n<p dir="auto">{escape(line)}</p>' for line in content.closing)
    return f"{lines}\n<p>{escape(content.footer)}</p>\n"


def _kinds(content: WrittenDocument) -> str:
    kinds = {"numbered": content.template.line_numbers, "untimed": not content.template.times}
    names = " ".join(name for name, has in kinds.items() if has)
    return f' class="{names}"' if names else ""


def _figures(figures: WrittenFigures) -> str:
    headings = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in figures.headings)
    rows = "".join(f"<tr>{_row(row)}</tr>\n" for row in figures.rows)
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>\n" for name, value in figures.facts
    )
    notes = "".join(f"<li>{escape(note)}</li>\n" for note in figures.notes)
    return f"""<section class="figures">
<h2>{escape(figures.title)}</h2>
<dl>
{facts}</dl>
<table>
<thead><tr>{headings}</tr></thead>
<tbody>
{rows}</tbody>
</table>
<ul class="remarks">
{notes}</ul>
</section>
"""


def _row(row: FigureRow) -> str:
    cells = [f"<td>{escape(cell)}</td>" for cell in row.cells]
    cells[0] = f'<th scope="row"><bdi>{escape(row.cells[0])}</bdi></th>'
    bar = f'<span class="bar"><span style="width:{row.share * 100:.0f}%"></span></span>'
    cells[SHARE_COLUMN] = f'<td class="share">{escape(row.cells[SHARE_COLUMN])} {bar}</td>'
    return "".join(cells)


def turns_html(content: WrittenDocument) -> str:
    """Return what was said, in the layout of the document; readable without a style sheet."""
    if not content.utterances:
        return f"<p>{escape(content.silence)}</p>\n"
    if content.template.layout is DocumentLayout.TABLE:
        return _table(content)
    return "".join(_turn(content, *numbered) for numbered in enumerate(content.utterances, start=1))


def _turn(content: WrittenDocument, number: int, one: Utterance) -> str:
    template = content.template
    kind, said = "turn", f"<b>{name_html(one)}</b> {text_html(one)}"
    if template.layout is DocumentLayout.QUESTIONS:
        kind = "turn question" if one.asks else "turn answer"
        said = f"<b>{name_html(one)} {text_html(one)}</b>" if one.asks else said
    line = f'<span class="line">{number}</span> ' if template.line_numbers else ""
    at = f'<span class="at">{escape(one.span)}</span> '
    if not template.times:
        said, at = said if one.runs else f"{said}{at}", ""
    return f'<p class="{kind}">{line}{at}<span class="said"{_language(one.language)}>{said}</span></p>\n'


def _table(content: WrittenDocument) -> str:
    headings = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in content.columns)
    rows = []
    for number, one in enumerate(content.utterances, start=1):
        *before, name = content.cells(number, one)
        cells = "".join(f'<td class="at">{escape(cell)}</td>' for cell in before)
        said = text_html(one) if one.runs else escape(content.wordless(one))
        name = f'<th scope="row"><bdi>{escape(name)}</bdi></th>'
        rows.append(f'<tr>{cells}{name}<td class="said"{_language(one.language)}>{said}</td></tr>\n')
    return f"""<table class="turns">
<thead><tr>{headings}</tr></thead>
<tbody>
{"".join(rows)}</tbody>
</table>
"""


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


EXPORTER = Exporter("html", "Web page", "html", "text/html", render, document=True)
WITH_FIGURES = Exporter(
    "html-figures", "Web page with figures", "html", "text/html", render_with_figures, document=True
)
