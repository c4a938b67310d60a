"""`fi-desktop server`: where recordings are sent, and to agree to it without a window."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.queue import change
from fi_desktop.cli.queue_access import with_sealed
from fi_desktop.cli.terminal import say
from fi_desktop.core import messages
from fi_desktop.core.errors import UserError
from fi_desktop.settings import Settings
from fi_desktop.workers.cluster.link import agreement, check_link, destination, wants_server


def add_server(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop server`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def add(
        name: str, summary: str, run: Callable[[Settings, argparse.Namespace], int]
    ) -> argparse.ArgumentParser:
        action = add_command(actions, name, summary)
        action.set_defaults(command=lambda settings, options: run(with_sealed(settings), options))
        return action

    add("show", "show where recordings are sent, and why they are not", _show)
    agree = add("agree", "agree that recordings are sent to the server of the settings", _agree)
    agree.add_argument(
        "--to",
        metavar="NAME",
        help="only if this is the server's name: a script does not agree to another one by accident",
    )
    add("withdraw", "send no more recordings", _withdraw)


def _show(settings: Settings, _options: argparse.Namespace) -> int:
    if not wants_server(settings):
        say("Recordings are processed on this computer only.")
        return 0
    try:
        check_link(settings)
    except UserError as error:
        say(error.message)
    else:
        say(_sentence(settings))
    return 0


def _agree(settings: Settings, options: argparse.Namespace) -> int:
    server, _, _ = destination(settings).partition(" ")
    if not server:
        raise UserError(messages.CLUSTER_INCOMPLETE)
    if options.to not in (None, server):
        raise UserError(messages.USAGE_OTHER_SERVER, server=server)
    change(settings, {name: "yes" if value is True else value for name, value in agreement(settings).items()})
    say(_sentence(settings))
    return 0


def _withdraw(settings: Settings, _options: argparse.Namespace) -> int:
    change(settings, {"agreed_server": ""})
    say("No more recordings are sent.")
    return 0


def _sentence(settings: Settings) -> str:
    server, _, transfer = destination(settings).partition(" ")
    sent = f"Recordings are sent to {server}, encrypted, by way of {transfer}"
    return f"{sent}, and are there only while they are processed."
