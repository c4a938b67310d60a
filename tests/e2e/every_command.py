"""Run every command of `fi-desktop` one after the other, each with something to work on.

    python -m tests.e2e.every_command RECORDING PACK OUT

Prints what each one ended with, as lines of JSON. A new command belongs into `lines`: the test that uses this
module fails if one is missing.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

from fi_desktop import cli
from fi_desktop.system.files import resource
from fi_desktop.vault import vault
from tests.vault.cheap import cheap

ONLINE = frozenset({"models install", "models forget-token", "alerts password"})
"""The only commands that reach something outside the data folder: the hub, and the system's keyring."""

SEPARATE = frozenset({"window", "worker"})
"""Commands that do not end by themselves."""


NOT_ZERO = {
    "find": 1,
    "alerts test": 1,
    "server agree": 1,
    "verify": 1,
    "jobs add-words": 1,
    "vault recover": 2,
    "vault show": 1,
}
"""Exit codes of commands that have nothing to find, send, agree to, verify, add words with or show."""


def lines(recording: Path, pack: Path, out: Path) -> list[str]:
    """Return the command lines.

    Args:
        recording: a short conversation.
        pack: a model pack to import.
        out: an empty folder.
    """
    return [
        f"run {recording} --transcriber none --json",
        "vault status",
        "vault seal --no-keyring --passphrase",
        "jobs list --json",
        "jobs show 1",
        "jobs label 1 --case A-1",
        "jobs verify",
        f"jobs deidentify 1 --to txt -o {out}",
        f"export 1 --to json -o {out / 'note.json'}",
        f"export 1 --to docx -o {out / 'note.docx'}",
        f"export 1 --to pdf -o {out / 'note.pdf'}",
        f"verify {out / 'note.json'}",
        "find SPEAKER",
        "queue pause",
        "jobs retry 1",
        "jobs priority 1 --to urgent",
        "jobs options 1 --speakers 2",
        "jobs start 1 --at now",
        "jobs pause",
        "jobs resume",
        "jobs cancel 1",
        "jobs add-words 1",
        "queue show",
        "queue resume",
        "queue times",
        "queue priority low",
        "audit list",
        f"audit export --to jsonl -o {out / 'trail.jsonl'}",
        "audit verify",
        "metrics",
        "metrics --prometheus",
        "alerts show",
        "alerts test",
        "server show",
        "server agree",
        "server withdraw",
        "models list",
        "models recommend",
        f"models import {pack}",
        "models verify",
        f"models remove {pack.name}",
        "vocabulary list",
        "vocabulary show cardiology",
        "templates list",
        "templates copy",
        f"templates check {resource('templates', 'consultation.toml')}",
        "doctor",
        "selftest",
        "demo",
        "retention show",
        "retention hold 1",
        "retention run",
        "retention release 1",
        "vault show identifiers.txt",
        "vault rotate",
        "vault lock --no-keyring --passphrase",
        "vault recover",
        "vault unseal",
        "jobs remove 1",
        "jobs purge",
    ]


def declared() -> Iterator[str]:
    """Return the commands of the program, with their actions: "jobs list"."""
    for name, (_summary, target) in cli._COMMANDS.items():
        parser = argparse.ArgumentParser()
        module, _, declare = target.partition(":")
        getattr(import_module(module), declare)(parser)
        actions = [each for each in parser._actions if isinstance(each, argparse._SubParsersAction)]
        yield from (f"{name} {action}" for action in actions[0].choices) if actions else (name,)


def main() -> None:
    """Run the commands with FI_DESKTOP_HOME as the data folder."""
    vault.Argon2Cost = cheap  # type: ignore[assignment,attr-defined]
    for line in lines(*map(Path, sys.argv[1:])):
        out, errors = io.TextIOWrapper(io.BytesIO(), encoding="utf-8"), io.StringIO()  # files are bytes
        try:
            with redirect_stdout(out), redirect_stderr(errors):
                status = cli.main(line.split())
        except SystemExit as end:
            status = int(end.code or 0)
        sys.stdout.write(json.dumps({"line": line, "status": status, "errors": errors.getvalue()}) + "\n")


if __name__ == "__main__":
    main()
