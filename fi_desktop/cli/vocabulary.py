"""`fi-desktop vocabulary`: list and show vocabulary lists."""

from __future__ import annotations

import argparse

from rich.text import Text

from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.terminal import Terminal, plain_table, say_json
from fi_desktop.core.errors import UserError
from fi_desktop.engines import term_lists
from fi_desktop.engines.contracts import Term
from fi_desktop.settings import Settings


def add_vocabulary(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop vocabulary`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    listing = add_command(actions, "list", "list the vocabulary lists")
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")
    listing.set_defaults(command=_list)
    show = add_command(actions, "show", "show the terms of a vocabulary list")
    show.add_argument("name", metavar="NAME")
    show.set_defaults(command=_show)


def _list(settings: Settings, options: argparse.Namespace) -> int:
    """Return 0 if all lists can be used, else 1."""
    terminal, roots = Terminal(), settings.vocabulary_roots
    table = plain_table("List", "Languages", "Terms", right=("Terms",))
    problems = []
    for name in term_lists.names(roots):
        terms: tuple[Term, ...] = ()
        try:
            terms = term_lists.read(name, roots)
        except UserError as error:
            problems.append(error.message)
        languages = sorted({term.language or "all" for term in terms})
        if options.json:
            say_json({"name": name, "languages": languages, "terms": len(terms)})
        table.add_row(name, ", ".join(languages), str(len(terms)))
    if not options.json:
        terminal.print(table)
        terminal.print(f"Add lists of your own to {settings.vocabulary_roots[-1]}.", soft_wrap=True)
    for problem in problems:
        terminal.print(Text.assemble(("FAIL ", "red bold"), problem), soft_wrap=True)
    return 1 if problems else 0


def _show(settings: Settings, options: argparse.Namespace) -> int:
    """Print one term per line, as in the files, by language."""
    terminal, language = Terminal(), object()
    for term in term_lists.read(options.name, settings.vocabulary_roots):
        if term.language != language:
            language = term.language
            terminal.print(Text(f"# {term.language or 'all languages'}", "dim"), soft_wrap=True)
        text = f"{term.text} = {term.said}" if term.said else term.text
        terminal.print(Text(text), soft_wrap=True)
    return 0
