"""Arguments that several commands share: files, job options, batches."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from fi_desktop.core.case_labels import checked_date, plain_case
from fi_desktop.core.errors import UserError
from fi_desktop.core.values import JobOptions, NumberStyle, Priority, SpeakerCount, parse_languages
from fi_desktop.engines import registry
from fi_desktop.exporters import EXPORTERS
from fi_desktop.exporters.phrases import LABELS
from fi_desktop.settings import SPECS

PRIORITIES = "|".join(priority.name.lower() for priority in Priority)
STDIN = Path("-")
"""Given as a file: the list of files is read from stdin."""


def recording_path(text: str) -> Path:
    """Return an absolute path without ".." parts, so that one recording has one path."""
    path = Path(text).absolute()
    return path.resolve() if ".." in path.parts else path


def recording_path_or_stdin(text: str) -> Path:
    """Return an absolute path, or `STDIN` for "-"."""
    return STDIN if text == str(STDIN) else recording_path(text)


def priority(text: str) -> Priority:
    """Parse a priority."""
    try:
        return Priority[text.upper()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{text!r} is not one of {PRIORITIES}") from None


def case_label(text: str) -> str:
    """Return a case label as it is stored."""
    return plain_case(text)


def recorded_date(text: str) -> str:
    """Parse a local date, with or without a time."""
    try:
        return checked_date(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-29") from None


def add_export_language(parser: argparse.ArgumentParser) -> None:
    """Declare `--lang`."""
    parser.add_argument(
        "--lang",
        choices=LABELS,
        help="language of the texts that exports add, such as headings (default: the program's)",
    )


def add_export_template(parser: argparse.ArgumentParser) -> None:
    """Declare `--template`."""
    parser.add_argument(
        "--template",
        metavar="NAME",
        help='how documents look, see `fi-desktop templates list`; "" for none (default: the setting\'s)',
    )


def export_formats(text: str) -> tuple[str, ...]:
    """Parse a comma-separated list of export formats."""
    names = tuple(name.strip() for name in text.split(","))
    for name in names:
        if name not in EXPORTERS:
            raise argparse.ArgumentTypeError(f"{name!r} is not one of {', '.join(EXPORTERS)}")
    return names


def add_command(commands: Any, name: str, summary: str) -> argparse.ArgumentParser:
    """Add a command to what `add_subparsers` returned; `summary` has no capital and no full stop."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=summary, description=f"{summary[0].upper()}{summary[1:]}."
    )
    return parser


def add_batch(parser: argparse.ArgumentParser) -> None:
    """Declare --batch."""
    parser.add_argument("--batch", type=int, metavar="ID", help="all jobs added together with job ID")


def add_setting(
    parser: argparse.ArgumentParser, option: str, name: str, detail: str = "", **keywords: Any
) -> None:
    """Declare an option for a setting, with the setting's title and parser; `detail` follows the title."""
    spec = SPECS[name]

    def parse(text: str) -> Any:
        try:
            return spec.parse(text)
        except UserError as error:
            raise argparse.ArgumentTypeError(error.message) from None

    title = f"{spec.title[0].lower()}{spec.title[1:]}"
    parser.add_argument(option, dest=name, type=parse, help=f"{title}{detail}", **keywords)


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that `job_options` reads."""
    add_setting(parser, "--speakers", "speakers", metavar="N|MIN-MAX|auto")
    add_setting(parser, "--engine", "engine", choices=registry.diarizer_names())
    add_setting(
        parser, "--transcriber", "transcriber", " (auto: the best one installed)", metavar="MODEL|auto|none"
    )
    add_setting(
        parser, "--language", "spoken_language", ", such as es or es,en (auto: detect)", metavar="CODES|auto"
    )
    add_setting(parser, "--vocabulary", "vocabulary", ", such as names of drugs", metavar="TERM,…")
    add_setting(
        parser,
        "--vocabulary-list",
        "vocabulary_lists",
        ", such as cardiology (`fi-desktop vocabulary list`)",
        metavar="NAME,…",
    )
    add_setting(parser, "--numbers", "numbers", ": heard, digits or words", metavar="STYLE")
    parser.add_argument("--prompt", help="an example of the text, spelled the way you want it")


def job_options(default: JobOptions, arguments: argparse.Namespace) -> JobOptions:
    """Return the options given on the command line; those not given are as in `default`."""
    language = arguments.spoken_language
    return replace(
        default,
        speakers=SpeakerCount.parse(arguments.speakers) if arguments.speakers else default.speakers,
        engine=arguments.engine or default.engine,
        language=parse_languages(language) if language else default.language,
        transcriber=arguments.transcriber or default.transcriber,
        vocabulary=arguments.vocabulary or default.vocabulary,
        vocabulary_lists=arguments.vocabulary_lists or default.vocabulary_lists,
        numbers=NumberStyle(arguments.numbers) if arguments.numbers else default.numbers,
        prompt=default.prompt if arguments.prompt is None else arguments.prompt,
    )
