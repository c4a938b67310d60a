"""`fi-desktop queue`: when jobs start, and how much of the computer they use."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator

from fi_desktop.app import AlreadyOwned, App
from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.queue_access import idle_queue, waiting_for
from fi_desktop.cli.terminal import say
from fi_desktop.core.errors import UserError
from fi_desktop.jobs.run_times import RunTimes
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import SPECS, Settings, changed, save_changes

_ON = {"on": "yes", "off": "no"}


def add_queue(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop queue`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def add(
        name: str, summary: str, run: Callable[[Settings, argparse.Namespace], int | None]
    ) -> argparse.ArgumentParser:
        action = add_command(actions, name, summary)
        action.set_defaults(command=lambda settings, options: run(settings, options) or 0)
        return action

    add("show", "show when jobs start, and what they wait for", _show)
    add("pause", "start no more jobs, even after a restart", _pause)
    add("resume", "start jobs again", _resume)
    times = add("times", "change when jobs start; running jobs are finished", _times)
    times.add_argument("--start", choices=SPECS["run_at"].choices, help="at any time, or at night only")
    times.add_argument("--night", type=_night, metavar="HH:MM-HH:MM", help="from when to when it is night")
    times.add_argument("--only-mains", choices=_ON, help="start no job on battery")
    priority = add("priority", "change how much of the computer is used", _priority)
    priority.add_argument("level", choices=("low", "normal"), help="low: other programs go first")


def _night(text: str) -> tuple[str, str]:
    try:
        begins, ends = text.split("-")
        return SPECS["night_from"].parse(begins), SPECS["night_until"].parse(ends)
    except (UserError, ValueError):
        raise argparse.ArgumentTypeError(f"{text!r} is not like 20:00-06:00") from None


def _show(settings: Settings, _options: argparse.Namespace) -> None:
    with idle_queue(settings) as client:
        paused = client.call(JobService.paused)
    for sentence in _sentences(settings, paused=paused):
        say(sentence)


def _sentences(settings: Settings, *, paused: bool) -> Iterator[str]:
    times = RunTimes.of(settings)
    if paused:
        yield "The queue is paused."
    night = f"between {settings.night_from} and {settings.night_until}"
    yield f"Jobs start {night if times.at_night else 'at any time'}."
    if times.only_mains:
        yield "No job starts on battery."
    yield "Other programs go first." if settings.low_priority else "Jobs run at normal priority."
    if not paused and (sentence := waiting_for(times.held(time.time()))):
        yield sentence


def _pause(settings: Settings, _options: argparse.Namespace) -> None:
    with idle_queue(settings) as client:
        client.call(JobService.pause)


def _resume(settings: Settings, _options: argparse.Namespace) -> None:
    with idle_queue(settings) as client:
        client.call(JobService.resume)


def _times(settings: Settings, options: argparse.Namespace) -> None:
    changes: dict[str, str] = {}
    if options.start:
        changes["run_at"] = options.start
    if options.night:
        changes["night_from"], changes["night_until"] = options.night
    if options.only_mains:
        changes["only_mains"] = _ON[options.only_mains]
    change(settings, changes)
    _show(changed(settings, changes), options)


def _priority(settings: Settings, options: argparse.Namespace) -> None:
    change(settings, {"low_priority": "yes" if options.level == "low" else "no"})


def change(settings: Settings, changes: dict[str, str]) -> None:
    """Save settings; the process that owns the queue applies them at once, if there is one."""
    app = App(settings, backend="idle")
    try:
        app.own()
    except AlreadyOwned:
        app.owner().call(App.configure, changes)
        return
    try:
        save_changes(settings, changes)
    finally:
        app.stop()
