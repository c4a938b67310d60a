"""The command line. No command but `window` needs a display or imports Qt's widgets.

`jobs remove --with-recording` asks QtCore for the trash.
Exit codes: 0 success, 1 a failure, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module

from fi_desktop import __version__
from fi_desktop.cli import terminal
from fi_desktop.cli.arguments import add_command, recording_path
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.settings import Settings, load

# Name: help, and the function that declares the command's arguments. Only the module of the command that runs
# is imported: `jobs list` needs neither models nor decoders.
_COMMANDS = {
    "run": ("process recordings, or the jobs in the queue", "fi_desktop.cli.run:add_run"),
    "jobs": ("list and change jobs", "fi_desktop.cli.jobs:add_jobs"),
    "queue": (
        "choose when jobs start, and at which priority",
        "fi_desktop.cli.queue:add_queue",
    ),
    "find": ("find words in all transcripts", "fi_desktop.cli.find:add_find"),
    "export": ("export the result of a job", "fi_desktop.cli.jobs:add_export"),
    "verify": ("check the signature of an exported result", "fi_desktop.cli.jobs:add_verify"),
    "audit": ("list, export and verify who did what", "fi_desktop.cli.audit:add_audit"),
    "retention": (
        "show how long things are kept, delete what is due, hold and release jobs",
        "fi_desktop.cli.retention:add_retention",
    ),
    "metrics": ("show queue metrics and their targets", "fi_desktop.cli.measurements:add_metrics"),
    "alerts": (
        "show and test the alerts to administrators",
        "fi_desktop.cli.measurements:add_alerts",
    ),
    "models": ("list, install, import, verify and remove models", "fi_desktop.cli.models:add_models"),
    "vocabulary": ("list and show the vocabulary lists", "fi_desktop.cli.vocabulary:add_vocabulary"),
    "templates": (
        "list, check and copy the templates of documents",
        "fi_desktop.cli.templates:add_templates",
    ),
    "vault": ("encrypt data at rest, and choose what unlocks it", "fi_desktop.cli.vault:add_vault"),
    "server": (
        "show where recordings are sent, and agree to it",
        "fi_desktop.cli.agreement:add_server",
    ),
    "worker": ("process recordings of other computers, on a server", "fi_desktop.cli.worker:add_worker"),
    "doctor": ("check each part of the program", "fi_desktop.cli.doctor:add_doctor"),
    "selftest": ("process the sample and check the result", "fi_desktop.cli.doctor:add_selftest"),
    "demo": ("process the sample, show the result, open the window", "fi_desktop.cli.doctor:add_demo"),
    "window": ("open the window", "fi_desktop.cli:add_window"),
}

Command = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code."""
    terminal.prepare()
    options = parse(arguments)
    command: Command = options.command
    try:
        return command(load(workers=getattr(options, "workers", None)), options)
    except (UserError, TransientError) as error:
        terminal.warn(error.message)
        return 2 if error.code.startswith(("settings.", "submit.", "usage.")) else 1
    except OSError as error:
        reason = error.strerror or type(error).__name__
        terminal.warn(f"{reason}: {error.filename}" if error.filename else f"{reason}.")
        return 1
    except KeyboardInterrupt:
        return 130


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line; `command` is the function to call. Exits with 2 on wrong usage."""
    given = list(arguments)
    if not given or (given[0] not in _COMMANDS and not given[0].startswith("-")):
        given.insert(0, "window")  # a double click on the program or on files
    parser = argparse.ArgumentParser(
        prog="fi-desktop",
        description="Transcribe recordings and identify speakers on this computer. "
        "Without a command, opens the window.",
    )
    parser.add_argument("--version", action="version", version=f"fi-desktop {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, (summary, target) in _COMMANDS.items():
        command_parser = add_command(commands, name, summary)
        if name == given[0]:
            module, _, declare = target.partition(":")
            getattr(import_module(module), declare)(command_parser)
    return parser.parse_args(given)


def add_window(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop window`."""
    parser.add_argument("files", nargs="*", type=recording_path, metavar="FILE|FOLDER")
    parser.set_defaults(command=_window)


def _window(settings: Settings, options: argparse.Namespace) -> int:
    from fi_desktop.app import App
    from fi_desktop.cli.queue_access import own_or_hand_over
    from fi_desktop.gui.application import run
    from fi_desktop.gui.language import system_language

    app = App(settings)
    if app.exports is not None:
        app.exports.language = system_language()
    app.alerts.language = system_language()
    return run(app, options.files) if own_or_hand_over(app, options.files) else 0
