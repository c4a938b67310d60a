"""`fi-desktop templates`: list, check and copy the templates of documents."""

from __future__ import annotations

import argparse
from pathlib import Path

from rich.text import Text

from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.terminal import Terminal, plain_table, say, say_json, warn
from fi_desktop.core.errors import UserError
from fi_desktop.core.text import one_line
from fi_desktop.exporters.template_folder import checked_file, copy_built_in, found_templates
from fi_desktop.settings import Settings

_LANGUAGE = "en"


def add_templates(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop templates`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = add_command(actions, "list", "list the templates")
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    listing.set_defaults(command=_list)
    check = add_command(actions, "check", "check files: whether they are templates, and if not, why")
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.set_defaults(command=_check)
    copy = add_command(
        actions, "copy", "put copies of the built-in templates into your folder, to change them"
    )
    copy.set_defaults(command=_copy)


def _list(settings: Settings, options: argparse.Namespace) -> int:
    """Return 0 if all templates can be used, else 1."""
    terminal = Terminal()
    table = plain_table("Template", "Name", "Layout", "")
    found = found_templates(settings.template_roots)
    for one in found:
        layout = one.template.layout.value if one.template is not None and one.template.layout else ""
        if options.json:
            problem = one.problem.message if one.problem is not None else None
            shown = {"name": one.name, "title": one.title(_LANGUAGE), "own": one.own, "layout": layout}
            say_json({**shown, "problem": problem})
        chosen = "chosen" if one.name == settings.export_template else ""
        table.add_row(
            Text(one_line(one.name)),
            Text(one_line(one.title(_LANGUAGE))),
            layout,
            chosen or ("yours" if one.own else ""),
        )
    problems = [one.problem.message for one in found if one.problem is not None]
    if not options.json:
        terminal.print(table)
        own = settings.template_roots[-1]
        terminal.print(f"Yours are in {own}; `fi-desktop templates copy` puts copies there.", soft_wrap=True)
        for problem in problems:
            terminal.print(Text.assemble(("FAIL ", "red bold"), problem), soft_wrap=True)
    return 1 if problems else 0


def _check(_settings: Settings, options: argparse.Namespace) -> int:
    """Return 0 if all files are templates, else 1."""
    failed = False
    for file in options.files:
        try:
            checked_file(file)
        except UserError as error:
            failed = True
            warn(error.message)
        else:
            say(f"{file.name} can be used.")
    return 1 if failed else 0


def _copy(settings: Settings, _options: argparse.Namespace) -> int:
    say(f"Copies that were missing are now in {copy_built_in(settings.template_roots)}.")
    return 0
