"""`fi-desktop vault`: seal data at rest, change what unlocks it, recover it."""

from __future__ import annotations

import argparse
import os
import sys
from getpass import getpass

from fi_desktop.app import AlreadyOwned, App
from fi_desktop.cli.arguments import add_command
from fi_desktop.cli.queue_access import job_folders, unlock
from fi_desktop.cli.terminal import say, say_json, write_file
from fi_desktop.core.errors import UserError
from fi_desktop.core.messages import Message
from fi_desktop.settings import PRIVATE, Settings, toml_file
from fi_desktop.system import keyring_access
from fi_desktop.vault import vault_exists
from fi_desktop.vault.home_files import HomeFile, HomeFiles
from fi_desktop.vault.vault import Vault

_NEW_VARIABLE = "FI_DESKTOP_NEW_PASSPHRASE"
_OTHER = Message("usage.passphrases_differ", "The two passphrases differ.")
_NO_TERMINAL = Message("usage.no_terminal", "There is no terminal to type it in; set {variable}.")
_NOT_SEALED = Message("vault.not_sealed", "Nothing is encrypted. `fi-desktop vault seal` does it.")
_IN_USE = Message("vault.in_use", "The program is open. Close it, and try again.")


def add_vault(parser: argparse.ArgumentParser) -> None:
    """Declare `fi-desktop vault`."""
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    status = add_command(actions, "status", "say whether data is encrypted, and what unlocks it")
    status.add_argument("--json", action="store_true", help="print a JSON object")
    status.set_defaults(command=_status)
    seal = add_command(actions, "seal", "encrypt results, words, names and the queue, also those there are")
    _add_lock(seal)
    seal.set_defaults(command=_seal)
    lock = add_command(actions, "lock", "change what unlocks it; no data is rewritten")
    _add_lock(lock)
    lock.set_defaults(command=_lock)
    rotate = add_command(actions, "rotate", "replace the key of all keys; no data is rewritten")
    rotate.set_defaults(command=_rotate)
    recover = add_command(actions, "recover", "unlock it with a recovery key, and choose a new lock")
    _add_lock(recover)
    recover.set_defaults(command=_recover)
    show = add_command(actions, "show", "print a file that the clinic wrote itself, in clear")
    names = [each.value for each in HomeFile]
    show.add_argument("file", choices=names, metavar="FILE", help="one of %(choices)s")
    show.set_defaults(command=_show)
    unseal = add_command(actions, "unseal", "write everything in clear again, and delete the keys")
    unseal.set_defaults(command=_unseal)


def _add_lock(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keyring",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="unlock with this account's keyring (default: if there is one and no passphrase)",
    )
    parser.add_argument("--passphrase", action="store_true", help="ask for a passphrase that unlocks it")
    parser.add_argument(
        "--recipient",
        action="append",
        metavar="AGE1…",
        help="public key of age that can recover it; may be repeated",
    )


def _status(settings: Settings, options: argparse.Namespace) -> int:
    state = Vault(settings.keys).state if vault_exists(settings.keys) else None
    locks: list[str] = []
    in_clear: list[str] = []
    if state is not None:
        in_clear = [
            *HomeFiles(settings.home).in_clear(),
            *sorted(toml_file.read(settings.home).keys() & PRIVATE),
        ]
        locks = ["keyring"] * state.keyring + ["passphrase"] * (state.passphrase is not None)
    if options.json:
        say_json(
            {
                "sealed": state is not None,
                "complete": state is not None and not state.mixed and not in_clear,
                "in_clear": in_clear,
                "unlocked_by": locks,
                "recipients": [each.recipient for each in state.recovery] if state is not None else [],
                "keyring_available": keyring_access.available(),
                "keys": str(settings.keys),
            }
        )
        return 0
    if state is None:
        say("Results, words and names are in clear in the data folder.")
        return 0
    say("Results, words, names and the queue are encrypted.")
    if state.mixed:
        say("Some files of earlier jobs are still in clear; they are encrypted while the program is open.")
    if in_clear:
        say(f"Still in clear until the next start: {', '.join(in_clear)}.")
    say(f"Unlocked by: {' and '.join(locks)}.")
    for each in state.recovery:
        say(f"Can be recovered with the key of {each.recipient}.")
    say(f"The keys are in {settings.keys}: a copy of the data folder is of no use without them.")
    return 0


def _seal(settings: Settings, options: argparse.Namespace) -> int:
    app = _owned(settings)
    try:
        app.start()
        keyring, passphrase = _lock_of(options)
        app.seal(keyring=keyring, passphrase=passphrase, recipients=options.recipient or ())
        if app.sealing is not None:
            app.sealing.done.wait()
    finally:
        app.stop()
    return _status(settings, argparse.Namespace(json=False))


def _lock(settings: Settings, options: argparse.Namespace) -> int:
    app = _owned(settings)
    try:
        vault = _vault_of(app)
        unlock(vault)
        keyring, passphrase = _lock_of(options)
        vault.change_lock(keyring=keyring, passphrase=passphrase, recipients=options.recipient)
    finally:
        app.stop()
    return _status(settings, argparse.Namespace(json=False))


def _rotate(settings: Settings, _options: argparse.Namespace) -> int:
    app = _owned(settings)
    try:
        vault = _vault_of(app)
        unlock(vault)
        vault.rotate()
        say(f"The key of all keys was replaced (number {vault.state.generation}).")
    finally:
        app.stop()
    return 0


def _recover(settings: Settings, options: argparse.Namespace) -> int:
    app = _owned(settings)
    try:
        vault = _vault_of(app)
        vault.recover(_typed("Recovery key: ", "FI_DESKTOP_RECOVERY_KEY"))
        keyring, passphrase = _lock_of(options)
        vault.change_lock(keyring=keyring, passphrase=passphrase, recipients=options.recipient)
    finally:
        app.stop()
    return _status(settings, argparse.Namespace(json=False))


def _show(settings: Settings, options: argparse.Namespace) -> int:
    write_file(job_folders(settings).home_files.read(options.file))
    return 0


def _unseal(settings: Settings, _options: argparse.Namespace) -> int:
    app = _owned(settings)
    try:
        unlock(_vault_of(app))
        app.unseal()
        say("Results, words and names are in clear in the data folder. The keys were deleted.")
    finally:
        app.stop()
    return 0


def _owned(settings: Settings) -> App:
    app = App(settings, backend="idle")
    try:
        app.own()
    except AlreadyOwned as error:
        raise UserError(_IN_USE) from error
    return app


def _vault_of(app: App) -> Vault:
    if app.vault is None:
        raise UserError(_NOT_SEALED)
    return app.vault


def _lock_of(options: argparse.Namespace) -> tuple[bool, str]:
    """Return whether the keyring unlocks it, and the new passphrase, "" for none."""
    passphrase = ""
    if options.passphrase:
        passphrase = _typed("New passphrase: ", _NEW_VARIABLE)
        if _NEW_VARIABLE not in os.environ and getpass("Again: ") != passphrase:
            raise UserError(_OTHER)
    keyring = options.keyring
    return (not passphrase and keyring_access.available()) if keyring is None else keyring, passphrase


def _typed(prompt: str, variable: str) -> str:
    """Return a secret of the environment, or as it is typed, without showing it."""
    if (given := os.environ.get(variable)) is not None:
        return given
    if sys.stdin is None or not sys.stdin.isatty():
        raise UserError(_NO_TERMINAL, variable=variable)
    return getpass(prompt)
