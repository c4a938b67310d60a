"""`fi-desktop models …`: what is installed, fetch or bring in more, prove them whole, remove them."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Group
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table
from rich.text import Text

from fi_desktop.cli.terminal import Terminal, say_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Message
from fi_desktop.core.text import size
from fi_desktop.models import Pack, PackKind, catalog, check, find, installed, library, remove, verify
from fi_desktop.models.library import Report
from fi_desktop.settings import Settings
from fi_desktop.system.data_folder import check_data_folder

_FOR = {PackKind.PYANNOTE: "who spoke when", PackKind.WHISPER: "what was said"}


def models(settings: Settings, options: argparse.Namespace) -> int:
    """Carry out one action on the model packs; return the exit code."""
    terminal = Terminal()
    root, roots = settings.models, settings.model_roots
    if options.action in ("install", "import"):
        check_data_folder(settings.home)  # it may be the first command of all
    match options.action:
        case "list":
            _list(roots, terminal, as_json=options.json)
        case "install":
            _install(options, root, terminal)
        case "import":
            _import(options, root, terminal)
        case "verify":
            return _verify(options.name, roots, terminal)
        case "remove":
            name = _full_name(options.name)
            remove(name, root, bundled=roots)
            terminal.print(f"{name} was removed.")
        case "forget-token":
            _forget_token(terminal)
    return 0


def _list(roots: tuple[Path, ...], terminal: Terminal, *, as_json: bool) -> None:
    packs = {pack.name: pack for pack in installed(roots)}
    if as_json:
        for name in dict.fromkeys((*packs, *(known.name for known in catalog.ENTRIES))):
            say_json(_line(name, packs.get(name)))
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Model", "For", "Size", "State"):
        table.add_column(heading, justify="right" if heading == "Size" else "left", no_wrap=True)
    remarks = []
    for pack in packs.values():
        trouble = _trouble(pack)
        credit = f"{pack.name}: {pack.licence}. {pack.attribution}".strip()
        remarks.append(Text(trouble, "red") if trouble else Text(credit, "dim"))
        state = Text("incomplete", "red") if trouble else Text("installed", "green")
        table.add_row(pack.name, _FOR[pack.kind], size(pack.size_bytes), state)
    for known in catalog.ENTRIES:
        if known.name not in packs:
            state = Text("needs a token" if known.gated else "–", "dim")
            table.add_row(known.name, _FOR[known.kind], f"~{size(known.about_bytes)}", state)
    terminal.print(Group(table, *remarks))


def _line(name: str, pack: Pack | None) -> dict[str, object]:
    known = catalog.entry_of(name)
    told = pack or known
    return {
        "name": name,
        "kind": told.kind.value if told else "",
        "installed": pack is not None,
        "trouble": _trouble(pack) if pack else "",
        "version": pack.version if pack else "",
        "size": pack.size_bytes if pack else known.about_bytes if known else 0,
        "licence": told.licence if told else "",
        "attribution": told.attribution if told else "",
        "languages": list(pack.languages) if pack else [],
        "needs_token": bool(known and known.gated),
    }


def _trouble(pack: Pack) -> str:
    try:
        check(pack)
    except UserError as error:
        return error.message
    return ""


def _install(options: argparse.Namespace, root: Path, terminal: Terminal) -> None:
    from fi_desktop.models.download import Hub, fetched_bytes, install

    known = catalog.find_entry(options.name)
    token = _token(options, terminal) if known.gated else None
    hub = Hub(options.address, token=token)
    there = fetched_bytes(known.name, root)
    rest = f", of which {size(there)} are here already" if there else ""
    repos = ", ".join(source.repo for source in known.sources)
    terminal.print(
        f"Fetching {known.name}, about {size(known.about_bytes)}{rest}, from {hub.host} ({repos})."
    )
    try:
        with _progress(terminal) as report:
            pack = install(known, root, hub, report=report, replace=options.replace)
    except KeyboardInterrupt:
        terminal.print("Paused: the same command goes on from here.")
        raise
    terminal.print(f"{pack.name} is installed ({pack.licence}). {pack.attribution}")


def _token(options: argparse.Namespace, terminal: Terminal) -> str | None:
    """Return the person's token: kept, piped or asked for; never an argument, which other users can see."""
    from fi_desktop.models import token

    own = options.address == catalog.HUB  # what was kept for the hub is shown to nobody else
    if own and not options.token_stdin and (kept := token.recall()):
        return kept
    if options.token_stdin:
        given = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        given = getpass.getpass("Hugging Face token (not shown): ").strip()
    else:
        return None
    if own and given and not token.keep(given):
        terminal.print("There is no keyring on this computer: the token is used this once, and not kept.")
    return given or None


def _forget_token(terminal: Terminal) -> None:
    from fi_desktop.models import token

    terminal.print("The token was forgotten." if token.forget() else "No token was kept.")


def _import(options: argparse.Namespace, root: Path, terminal: Terminal) -> None:
    from fi_desktop.models.importing import import_pack

    try:
        with _progress(terminal) as report:
            pack = import_pack(
                options.path,
                root,
                report=report,
                name=options.name,
                approved=options.approve,
                replace=options.replace,
            )
    except UserError as error:
        hint = {"models.unapproved": "--approve", "models.already": "--replace"}.get(error.code)
        if hint is None:
            raise
        raise UserError(Message(error.code, f"{error.message} Then add {hint}.")) from error
    terminal.print(f"{pack.name} is installed ({size(pack.size_bytes)}, {_FOR[pack.kind]}).")


def _verify(name: str | None, roots: tuple[Path, ...], terminal: Terminal) -> int:
    packs = installed(roots)
    if name is not None:
        pack = find(_full_name(name), roots)
        if pack is None:
            raise library.missing(_full_name(name))
        packs = (pack,)
    sound = True
    for pack in packs:
        try:
            with _progress(terminal) as report:
                verify(pack, report)
        except UserError as error:
            sound = False
            terminal.print(Text.assemble(("BAD ", "red bold"), error.message), soft_wrap=True)
        else:
            terminal.print(Text.assemble(("ok  ", "green"), f"{pack.name}: every byte as its manifest says."))
    if not packs:
        terminal.print("No model pack is installed.")
    return 0 if sound else 1


def _full_name(name: str) -> str:
    """Return a pack's name, where what people call it was given."""
    try:
        return catalog.find_entry(name).name
    except UserError:
        return name


@contextmanager
def _progress(terminal: Terminal) -> Iterator[Report]:
    """Show a bar where somebody watches."""
    if not terminal.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
