"""The command line: every command, with no display and without importing Qt; no command opens the window.

Exit codes: 0 all went well, 1 something failed, 2 bad usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fi_desktop import __version__
from fi_desktop.cli import terminal
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import JobState
from fi_desktop.core.values import Priority, SpeakerCount
from fi_desktop.engines import registry
from fi_desktop.exporters import EXPORTERS
from fi_desktop.models.catalog import HUB
from fi_desktop.rpc.instance import AlreadyOwned
from fi_desktop.settings import Settings, load

if TYPE_CHECKING:
    from fi_desktop.app import App

_PRIORITIES = "|".join(priority.name.lower() for priority in Priority)
_PASSING_S = 5.0  # a command that just looks at the queue owns it no longer
STDIN = Path("-")
"""In the place of a file: the list of files is read from stdin."""
_COMMANDS = ("run", "jobs", "metrics", "models", "export", "doctor", "selftest", "demo", "window")


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    given = list(arguments)
    if not given or (given[0] not in _COMMANDS and not given[0].startswith("-")):
        given.insert(
            0, "window"
        )  # no command, or just files: what a double click on the program or a file gives
    terminal.prepare()
    options = _parser().parse_args(given)
    command: Callable[[Settings, argparse.Namespace], int] = options.command
    try:
        return command(load(workers=getattr(options, "workers", None)), options)
    except (UserError, TransientError) as error:
        terminal.warn(error.message)
        return 2 if error.code.startswith(("settings.", "submit.", "usage.")) else 1
    except OSError as error:  # a drive that fails in the middle of anything
        reason = error.strerror or type(error).__name__
        terminal.warn(f"{reason}: {error.filename}" if error.filename else f"{reason}.")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fi-desktop", description="Who spoke when, on your own computer. No command: opens the window."
    )
    parser.add_argument("--version", action="version", version=f"fi-desktop {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands.add_parser("run", help="work recordings, or what the queue holds"))
    _add_jobs(commands.add_parser("jobs", help="look at the queue and change it"))
    metrics = commands.add_parser("metrics", help="say how the queue does, beside its targets")
    metrics.add_argument("--json", action="store_true", help="one JSON object")
    metrics.set_defaults(command=_metrics)
    _add_models(commands.add_parser("models", help="list, fetch, bring in, check and remove models"))
    _add_export(commands.add_parser("export", help="write a finished job's result"))
    doctor = commands.add_parser("doctor", help="say how each part of the program is")
    doctor.add_argument("--json", action="store_true", help="one JSON object a line")
    doctor.set_defaults(command=_doctor)
    selftest = commands.add_parser(
        "selftest", help="run the sample through the real queue, and check the result"
    )
    selftest.set_defaults(command=_selftest)
    demo = commands.add_parser("demo", help="run the sample, show who said what, open the window on it")
    demo.add_argument(
        "--models",
        type=Path,
        metavar="FOLDER",
        help="look for models there too; they are not installed",
    )
    demo.set_defaults(command=_demo)
    window = commands.add_parser("window", help="open the window")
    window.add_argument("files", nargs="*", type=place, metavar="FILE|FOLDER")
    window.set_defaults(command=_window)
    return parser


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files",
        nargs="*",
        type=_place_or_list,
        metavar="FILE|FOLDER",
        help="none: what the queue holds; -: the files that stdin names, one a line or ended by NUL, so that "
        "no other account sees their names",
    )
    _add_options(parser)
    parser.add_argument(
        "--to", type=_formats, default=(), metavar="FORMAT,…", help=f"also write {', '.join(EXPORTERS)}"
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path(),
        metavar="DIR",
        help="where to write; another file of the same name stays, and a number is added",
    )
    parser.add_argument("--again", action="store_true", help="also recordings that were done before, or wait")
    parser.add_argument("--priority", type=_priority, default=Priority.NORMAL, metavar=_PRIORITIES)
    parser.add_argument("--workers", type=int, metavar="N", help="worker processes")
    parser.add_argument("--json", action="store_true", help="one JSON object a line for each change of state")
    parser.set_defaults(command=_run)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--speakers", type=_speakers, metavar="N|MIN-MAX|auto", help="how many people speak (default 2)"
    )
    parser.add_argument("--engine", choices=registry.NAMES, help="what tells the speakers apart")
    parser.add_argument(
        "--transcriber",
        metavar="PACK|auto|none",
        help="what writes down what was said (default: the best model pack that is installed, if any)",
    )
    parser.add_argument(
        "--language", metavar="CODE|auto", help="the language that is spoken, such as es (default: find out)"
    )
    parser.add_argument(
        "--vocabulary",
        type=_listed,
        metavar="WORD,…",
        help="words that may come up and are seldom heard, such as names of drugs",
    )
    parser.add_argument("--prompt", help="a text as it might have been said before, as you spell it")


def _add_jobs(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list jobs")
    listing.add_argument("--state", type=str.upper, choices=[state.value for state in JobState])
    _add_batch(listing)
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(command=_jobs, action="list")
    show = actions.add_parser("show", help="show one job, and who spoke when")
    show.add_argument("id", type=int)
    show.add_argument("--json", action="store_true", help="the whole record as one JSON object")
    show.set_defaults(command=_jobs, action="show")
    retry = actions.add_parser("retry", help="do jobs again, or now")
    retry.add_argument("id", type=int, nargs="*")
    _add_batch(retry)
    retry.add_argument("--failed", action="store_true", help="all that failed")
    retry.set_defaults(command=_jobs, action="retry")
    for name, help_text in (
        ("cancel", "cancel jobs"),
        ("remove", "forget jobs and their results; the recordings stay"),
    ):
        action = actions.add_parser(name, help=help_text)
        action.add_argument("id", type=int, nargs="*")
        _add_batch(action)
        action.set_defaults(command=_jobs, action=name)
    priority = actions.add_parser("priority", help="move waiting jobs forward or back")
    priority.add_argument("id", type=int, nargs="+")
    priority.add_argument("--to", required=True, type=_priority, metavar=_PRIORITIES)
    priority.set_defaults(command=_jobs, action="priority")
    other = actions.add_parser("options", help="do jobs that wait in another way")
    other.add_argument("id", type=int, nargs="*")
    _add_batch(other)
    _add_options(other)
    other.set_defaults(command=_jobs, action="options")
    purge = actions.add_parser("purge", help="forget all jobs that wait, or all in some state")
    purge.add_argument(
        "--state", type=str.upper, choices=[s.value for s in JobState if s is not JobState.RUNNING]
    )
    purge.set_defaults(command=_jobs, action="purge")
    for name, help_text in (
        ("pause", "start no more jobs, also after a restart"),
        ("resume", "start jobs again"),
        ("verify", "prove that the queue is what was written into it"),
    ):
        actions.add_parser(name, help=help_text).set_defaults(command=_jobs, action=name)


def _add_batch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--batch", type=int, metavar="ID", help="all that were handed in together, from job ID on"
    )


def _add_models(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list what is installed, and what can be")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    listing.set_defaults(command=_models, action="list")
    install = actions.add_parser(
        "install", help="fetch a model from the network; goes on where it was paused"
    )
    install.add_argument(
        "name", metavar="NAME", help="community-1, 3.1, large-v3, turbo, medium, small, base, tiny"
    )
    install.add_argument("--replace", action="store_true", help="mend or renew one that is installed")
    install.add_argument("--from", dest="address", default=HUB, metavar="URL", help=f"default {HUB}")
    install.add_argument(
        "--token-stdin",
        action="store_true",
        help="read the Hugging Face token from stdin, and keep it in the keyring",
    )
    install.set_defaults(command=_models, action="install")
    bring = actions.add_parser(
        "import", help="bring a model in from a folder or zip archive, with no network"
    )
    bring.add_argument("path", type=Path, metavar="PATH.zip|FOLDER")
    bring.add_argument("--name", metavar="NAME", help="what to call one that has no manifest")
    bring.add_argument(
        "--approve", action="store_true", help="trust a pyannote model, which can run any program"
    )
    bring.add_argument("--replace", action="store_true", help="take the place of one of the same name")
    bring.set_defaults(command=_models, action="import")
    check = actions.add_parser("verify", help="prove that models are, byte by byte, what their manifests say")
    check.add_argument("name", nargs="?", metavar="NAME", help="none: all")
    check.set_defaults(command=_models, action="verify")
    remove = actions.add_parser("remove", help="delete a model")
    remove.add_argument("name", metavar="NAME")
    remove.set_defaults(command=_models, action="remove")
    actions.add_parser("forget-token", help="delete the Hugging Face token from the keyring").set_defaults(
        command=_models, action="forget-token"
    )


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", type=int)
    parser.add_argument("--to", required=True, choices=list(EXPORTERS), help="the format")
    parser.add_argument(
        "-o", "--output", required=True, type=Path, metavar="PATH", help="the file; - is stdout"
    )
    parser.set_defaults(command=_export)


def _place_or_list(text: str) -> Path:
    return STDIN if text == str(STDIN) else place(text)


def place(text: str) -> Path:
    """Return where recordings lie, without the turns of "../": one recording has one place."""
    path = Path(text).absolute()
    return path.resolve() if ".." in path.parts else path


def _speakers(text: str) -> SpeakerCount:
    try:
        return SpeakerCount.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _priority(text: str) -> Priority:
    try:
        return Priority[text.upper()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {_PRIORITIES}") from None


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for word in text.split(",") if (part := word.strip()))


def _formats(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(","))
    unknown = [name for name in names if name not in EXPORTERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(EXPORTERS)}")
    return names


# Each command is imported when it is asked for: `jobs list` needs neither the pool's nor the window's
# modules.


def _run(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.cli.run import run

    return run(settings, options)


def _jobs(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.cli.jobs import jobs

    return jobs(settings, options)


def _metrics(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.cli.metrics import metrics

    return metrics(settings, as_json=options.json)


def _models(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.cli.models import models

    return models(settings, options)


def _export(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.cli.jobs import export_result

    return export_result(settings, options)


def _doctor(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.cli.doctor import doctor

    return doctor(settings, as_json=options.json)


def _selftest(settings: Settings, _options: argparse.Namespace) -> int:
    from fi_desktop.cli.selftest import selftest

    return selftest(settings)


def _demo(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.cli.demo import demo

    return demo(settings, models=options.models)


def _window(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.app import App
    from fi_desktop.gui.application import run

    app = App(settings)
    return run(app, options.files) if own_or_hand_over(app, options.files) else 0


def own_or_hand_over(app: App, files: list[Path]) -> bool:
    """Take the data folder, or give files to the window that has it; return whether it was taken.

    Raises:
        AlreadyOwned: a program without window has it, and keeps it.
    """
    try:
        app.own()
    except AlreadyOwned:
        # an owner that does not answer is ending
        with suppress(TransientError):
            if app.owner().hand_over(files):
                return False
        app.own(patience_s=_PASSING_S)
    return True
