"""`fi-desktop jobs deidentify`: list what identifies people in a result, and write a copy without it."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.text import Text

from fi_desktop.cli.arguments import add_export_language, export_formats
from fi_desktop.cli.queue_access import find_job, idle_queue, job_folders, read_result
from fi_desktop.cli.run import export_options
from fi_desktop.cli.terminal import Terminal, say, say_json, warn
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import EXPORT_DEIDENTIFIED, Message
from fi_desktop.core.review import ReviewedTranscript
from fi_desktop.core.text import clock, one_line
from fi_desktop.core.transcript import Transcript
from fi_desktop.exporters.deidentified.copying import (
    CopyOptions,
    DeidentifiedCopy,
    deidentified,
    random_shift,
    write_copy,
    write_key,
)
from fi_desktop.exporters.deidentified.detection import Wanted, find
from fi_desktop.exporters.deidentified.identifiers import Identifier, IdentifierKind
from fi_desktop.exporters.deidentified.name_lists import read_clinic_list
from fi_desktop.settings import Settings

_NOTHING_TO_WRITE = Message("usage.deidentify", "Give --list, or --to and --output.")
_NO_SUCH_ITEM = Message("usage.no_item", "There is no item {number} in the list.")
_CONTEXT = 28  # characters on each side
_INDENT = 16  # aligned with the labels


def add_deidentify(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop jobs deidentify`."""
    kinds = ", ".join(kind.value for kind in IdentifierKind)
    parser.add_argument("id", type=int)
    parser.add_argument("--list", action="store_true", help="only list what was found; it is never complete")
    parser.add_argument("--json", action="store_true", help="print one JSON object per item")
    parser.add_argument("--to", type=export_formats, metavar="FORMAT,…", help="formats of the copy")
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FOLDER", help="folder for the copy, whose name is neutral"
    )
    parser.add_argument(
        "--add",
        action="append",
        default=[],
        type=_added,
        metavar="TEXT[=KIND]",
        help=f"also replace this text wherever it is said; one of {kinds}",
    )
    parser.add_argument("--keep", action="append", default=[], metavar="TEXT", help="never replace this text")
    parser.add_argument(
        "--keep-item", action="append", default=[], type=int, metavar="N", help="keep this item of the list"
    )
    parser.add_argument(
        "--shift-dates", action="store_true", help="move dates by a random number of weeks, without labels"
    )
    parser.add_argument(
        "--key", type=Path, metavar="FILE", help="write what the labels stand for; keep it apart"
    )
    add_export_language(parser)
    parser.set_defaults(command=_deidentify)


def _added(text: str) -> tuple[str, IdentifierKind]:
    written, mark, kind = text.rpartition("=")
    if not mark:
        return text, IdentifierKind.PERSON
    if kind not in tuple(IdentifierKind):
        raise argparse.ArgumentTypeError(f"{kind!r} is not one of {', '.join(IdentifierKind)}")
    return written, IdentifierKind(kind)


def _deidentify(settings: Settings, options: argparse.Namespace) -> int:
    if not options.list and (options.to is None or options.output is None):
        raise UserError(_NOTHING_TO_WRITE)
    with idle_queue(settings) as client:
        job = find_job(client, options.id)
    result = read_result(settings, job)
    transcript = result.transcript
    how = export_options(settings, options.lang, "")
    clinic = read_clinic_list(job_folders(settings).home_files)
    wanted = Wanted(tuple(options.add), tuple(options.keep))
    hints = (Path(job.path).stem, result.label.case)
    found = find(transcript, clinic, hints=hints, wanted=wanted)
    for number in options.keep_item:
        if not 1 <= number <= len(found):
            raise UserError(_NO_SUCH_ITEM, number=number)
    kept = set(options.keep_item)
    chosen = tuple(one for number, one in enumerate(found, start=1) if number not in kept)
    shift = random_shift() if options.shift_dates else None
    copy = deidentified(transcript, chosen, CopyOptions(how.labels, shift, _year(result)))
    if options.list:
        _list(transcript, found, copy, as_json=options.json)
        return 0
    files = write_copy(copy, options.to, options.output, how)
    if options.key is not None:
        write_key(copy.key, options.key)
    for file in files:
        say(str(file))
    warn(str(EXPORT_DEIDENTIFIED()))
    return 0


def _year(result: ReviewedTranscript) -> int:
    year = (result.label.recorded_at or result.transcript.provenance.created_at)[:4]
    return int(year) if year.isdecimal() else CopyOptions().year


def _list(
    transcript: Transcript, found: Sequence[Identifier], copy: DeidentifiedCopy, *, as_json: bool
) -> None:
    replaced = {one: name.label for name in copy.pseudonyms for one in name.identifiers}
    items = list(_items(transcript, found, replaced))
    if as_json:
        for item in items:
            say_json(item)
        return
    terminal = Terminal()
    for item in items:
        head = f"{item['number']:>4}  {clock(item['at_s']):>8}  {item['label'] or 'kept'}  ({item['kind']})"
        terminal.print(Text(head, "cyan"), soft_wrap=True)
        text = Text(" " * _INDENT + one_line(item["before"]))
        text.append(one_line(item["text"]), "reverse")
        text.append(one_line(item["after"]))
        terminal.print(text, soft_wrap=True)
    if not items:
        say("Nothing was found.")
    warn(str(EXPORT_DEIDENTIFIED()))


def _items(
    transcript: Transcript, found: Sequence[Identifier], replaced: dict[Identifier, str]
) -> Iterator[dict[str, Any]]:
    for number, one in enumerate(found, start=1):
        segment = transcript.segments[one.place.segment]
        yield {
            "number": number,
            "kind": one.kind.value,
            "label": replaced.get(one, ""),
            "text": one.text,
            "segment": one.place.segment,
            "start": one.place.start,
            "end": one.place.end,
            "at_s": segment.start,
            "speaker": segment.speaker,
            "before": segment.text[max(0, one.place.start - _CONTEXT) : one.place.start],
            "after": segment.text[one.place.end : one.place.end + _CONTEXT],
        }
