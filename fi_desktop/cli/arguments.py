"""Arguments that several commands share: files, job options, batches."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from fi_desktop.core.values import JobOptions, Priority, SpeakerCount
from fi_desktop.engines import registry
from fi_desktop.exporters import EXPORTERS

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
        raise argparse.ArgumentTypeError(f"{text!r} is none of {PRIORITIES}") from None


def export_formats(text: str) -> tuple[str, ...]:
    """Parse a comma-separated list of export formats."""
    names = _list(text)
    for name in names:
        if name not in EXPORTERS:
            raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(EXPORTERS)}")
    return names


def add_batch(parser: argparse.ArgumentParser) -> None:
    """Declare --batch."""
    parser.add_argument("--batch", type=int, metavar="ID", help="all jobs added together with job ID")


def add_job_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options that `job_options` reads."""
    parser.add_argument("--speakers", type=_speakers, metavar="N|MIN-MAX|auto", help="number of speakers")
    parser.add_argument("--engine", choices=registry.NAMES, help="speaker identification")
    parser.add_argument(
        "--transcriber",
        metavar="MODEL|auto|none",
        help="transcription model (auto: the best one installed)",
    )
    parser.add_argument(
        "--language", metavar="CODE|auto", help="language of the recordings, such as es (auto: detect)"
    )
    parser.add_argument(
        "--vocabulary", type=_list, metavar="TERM,…", help="terms that may come up, such as names of drugs"
    )
    parser.add_argument("--prompt", help="an example of the text, spelled the way you want it")


def job_options(default: JobOptions, arguments: argparse.Namespace) -> JobOptions:
    """Return the options given on the command line; those not given are as in `default`."""
    language = default.language if arguments.language is None else arguments.language
    return replace(
        default,
        speakers=arguments.speakers or default.speakers,
        engine=arguments.engine or default.engine,
        language=None if language == "auto" else language,
        transcriber=arguments.transcriber or default.transcriber,
        vocabulary=arguments.vocabulary or default.vocabulary,
        prompt=default.prompt if arguments.prompt is None else arguments.prompt,
    )


def _speakers(text: str) -> SpeakerCount:
    try:
        return SpeakerCount.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _list(text: str) -> tuple[str, ...]:
    return tuple(part for item in text.split(",") if (part := item.strip()))
