"""`fi-desktop models`: list, install, import, verify and remove model packs."""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Group
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn
from rich.text import Text

from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.terminal import Terminal, plain_table, say_json
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Message
from fi_desktop.core.text import size
from fi_desktop.models import Pack, PackKind, catalog, check, find, installed, library, remove, verify
from fi_desktop.models.library import Report
from fi_desktop.settings import Settings
from fi_desktop.system.data_folder import check_data_folder
from fi_desktop.system.files import resource

_PURPOSES = {PackKind.PYANNOTE: "speaker identification", PackKind.WHISPER: "transcription"}

Action = Callable[[Settings, argparse.Namespace, Terminal], int | None]


def add_models(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop models`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")

    def add(name: str, summary: str, run: Action) -> argparse.ArgumentParser:
        action = add_command(actions, name, summary)
        action.set_defaults(command=lambda settings, options: run(settings, options, Terminal()) or 0)
        return action

    listing = add("list", "list installed and available models", _list)
    listing.add_argument("--json", action="store_true", help="print one JSON object per line")

    recommending = add("recommend", "recommend a transcription model for this computer", _recommend)
    recommending.add_argument("--json", action="store_true", help="print one JSON object")

    install = add("install", "download a model; resumes an interrupted download", _install)
    names = ", ".join(entry.short for entry in catalog.ENTRIES)
    install.add_argument("name", metavar="NAME", help=names)
    install.add_argument("--replace", action="store_true", help="download an installed model again")
    install.add_argument(
        "--from", dest="address", default=catalog.HUB, metavar="URL", help=f"default: {catalog.HUB}"
    )
    install.add_argument(
        "--token-stdin",
        action="store_true",
        help="read the Hugging Face token from stdin, and store it in the keyring",
    )

    importing = add("import", "import a model from a folder or zip archive, without network", _import)
    importing.add_argument("path", type=Path, metavar="FILE.zip|FOLDER")
    importing.add_argument("--name", metavar="NAME", help="name for a model without a manifest")
    importing.add_argument(
        "--approve", action="store_true", help="trust a pyannote model, which can run any code"
    )
    importing.add_argument("--replace", action="store_true", help="replace a model of the same name")

    verifying = add("verify", "check that models match their manifests", _verify)
    verifying.add_argument("name", nargs="?", metavar="NAME", help="default: all")
    add("remove", "delete a model", _remove).add_argument("name", metavar="NAME")
    add("forget-token", "delete the Hugging Face token from the keyring", _forget_token)


def _list(settings: Settings, options: argparse.Namespace, terminal: Terminal) -> None:
    packs = {pack.name: pack for pack in installed(settings.model_roots)}
    if options.json:
        for name in dict.fromkeys((*packs, *(entry.name for entry in catalog.ENTRIES))):
            say_json(_model_json(name, packs.get(name)))
        return
    table = plain_table("Model", "Purpose", "Size", "State", right=("Size",))
    remarks = []
    for pack in packs.values():
        problem = _problem(pack)
        credit = f"{pack.name}: {pack.licence}. {pack.attribution}".strip()
        remarks.append(Text(problem, "red") if problem else Text(credit, "dim"))
        word = "included" if _is_bundled(pack) else "installed"
        state = Text("incomplete", "red") if problem else Text(word, "green")
        table.add_row(pack.name, _PURPOSES[pack.kind], size(pack.size_bytes), state)
    for entry in catalog.ENTRIES:
        if entry.name not in packs:
            state = Text("needs a token" if entry.gated else "–", "dim")
            table.add_row(entry.name, _PURPOSES[entry.kind], f"~{size(entry.about_bytes)}", state)
    terminal.print(Group(table, *remarks))


def _recommend(settings: Settings, options: argparse.Namespace, terminal: Terminal) -> None:
    from fi_desktop.viewmodel.recommendation import recommend, words_installed

    check_data_folder(settings.home)  # this may be the first command on this computer
    found = recommend(settings.home)
    entry = catalog.find_entry(found.name)
    if options.json:
        say_json({"name": found.name, "size": found.size_bytes, "seconds_per_hour": round(found.hour_s)})
        return
    minutes = "1 minute" if found.minutes == 1 else f"{found.minutes} minutes"
    terminal.print(
        f"{found.title}, about {size(found.size_bytes)}: about {minutes} per hour of recording on this "
        "computer."
    )
    if not words_installed(settings.model_roots):
        terminal.print(f"To install it: fi-desktop models install {entry.short}")


def _model_json(name: str, pack: Pack | None) -> dict[str, object]:
    entry = catalog.entry_of(name)
    model = pack or entry
    return {
        "name": name,
        "kind": model.kind.value if model else "",
        "installed": pack is not None,
        "included": pack is not None and _is_bundled(pack),
        "trouble": _problem(pack) if pack else "",
        "version": pack.version if pack else "",
        "size": pack.size_bytes if pack else entry.about_bytes if entry else 0,
        "licence": model.licence if model else "",
        "attribution": model.attribution if model else "",
        "languages": list(pack.languages) if pack else [],
        "needs_token": bool(entry and entry.gated),
    }


def _is_bundled(pack: Pack) -> bool:
    return pack.folder is not None and pack.folder.parent == resource("models")


def _problem(pack: Pack) -> str:
    try:
        check(pack)
    except UserError as error:
        return error.message
    return ""


def _install(settings: Settings, options: argparse.Namespace, terminal: Terminal) -> None:
    from fi_desktop.models.download import fetched_bytes, install
    from fi_desktop.models.hub import Hub

    check_data_folder(settings.home)  # this may be the first command on this computer
    entry = catalog.find_entry(options.name)
    token = _token(options, terminal) if entry.gated else None
    hub = Hub(options.address, token=token)
    done = fetched_bytes(entry.name, settings.models)
    rest = f" ({size(done)} already downloaded)" if done else ""
    repos = ", ".join(source.repo for source in entry.sources)
    terminal.print(
        f"Downloading {entry.name}, about {size(entry.about_bytes)}{rest}, from {hub.host} ({repos})."
    )
    try:
        with _progress(terminal) as report:
            pack = install(entry, settings.models, hub, report=report, replace=options.replace)
    except KeyboardInterrupt:
        terminal.print("Paused. Run the same command to resume.")
        raise
    terminal.print(f"{pack.name} is installed ({pack.licence}). {pack.attribution}")


def _token(options: argparse.Namespace, terminal: Terminal) -> str | None:
    """Return the stored, piped or typed token; never an argument, which other accounts can see."""
    from fi_desktop.models.hub import store_token, stored_token

    is_hub = options.address == catalog.HUB  # the stored token is sent to the hub only
    if is_hub and not options.token_stdin and (stored := stored_token()):
        return stored
    if options.token_stdin:
        given = sys.stdin.readline().strip()
    elif sys.stdin.isatty():
        given = getpass.getpass("Hugging Face token (not shown): ").strip()
    else:
        return None
    if is_hub and given and not store_token(given):
        terminal.print("This computer has no keyring. The token is used once and not stored.")
    return given or None


def _forget_token(_settings: Settings, _options: argparse.Namespace, terminal: Terminal) -> None:
    from fi_desktop.models.hub import delete_token

    terminal.print("The token was deleted." if delete_token() else "No token is stored.")


def _import(settings: Settings, options: argparse.Namespace, terminal: Terminal) -> None:
    from fi_desktop.models.importing import import_pack

    check_data_folder(settings.home)  # this may be the first command on this computer
    try:
        with _progress(terminal) as report:
            pack = import_pack(
                options.path,
                settings.models,
                report=report,
                name=options.name,
                approved=options.approve,
                replace=options.replace,
            )
    except UserError as error:
        option = {"models.unapproved": "--approve", "models.already": "--replace"}.get(error.code)
        if option is None:
            raise
        raise UserError(Message(error.code, f"{error.message} To do so, add {option}.")) from error
    if options.approve:
        from fi_desktop.audit.acts import ActKind
        from fi_desktop.cli.recorded import record

        record(settings, ActKind.MODEL_APPROVED, model=pack.name)
    terminal.print(f"{pack.name} is installed ({size(pack.size_bytes)}, {_PURPOSES[pack.kind]}).")


def _verify(settings: Settings, options: argparse.Namespace, terminal: Terminal) -> int:
    packs = installed(settings.model_roots)
    if options.name is not None:
        name = _full_name(options.name)
        pack = find(name, settings.model_roots)
        if pack is None:
            raise library.missing(name)
        packs = (pack,)
    all_match = True
    for pack in packs:
        try:
            with _progress(terminal) as report:
                verify(pack, report)
        except UserError as error:
            all_match = False
            terminal.print(Text.assemble(("FAIL ", "red bold"), error.message), soft_wrap=True)
        else:
            terminal.print(Text.assemble(("ok   ", "green"), f"{pack.name}: all files match the manifest."))
    if not packs:
        terminal.print("No models are installed.")
    return 0 if all_match else 1


def _remove(settings: Settings, options: argparse.Namespace, terminal: Terminal) -> None:
    name = _full_name(options.name)
    remove(name, settings.models, bundled=settings.model_roots)
    terminal.print(f"{name} was removed.")


def _full_name(name: str) -> str:
    """Return the full name of a model that was given by its short name."""
    try:
        return catalog.find_entry(name).name
    except UserError:
        return name


@contextmanager
def _progress(terminal: Terminal) -> Iterator[Report]:
    """Show a progress bar if stdout is a terminal."""
    if not terminal.is_terminal:
        yield lambda _done, _total: None
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=terminal, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
