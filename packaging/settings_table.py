"""Write the table of docs/settings.md from the settings' specs: `python packaging/settings_table.py`."""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from fi_desktop.settings import SPECS, SettingSpec  # noqa: E402 run as a script

DOCUMENT = ROOT / "docs" / "settings.md"
_TABLE = re.compile(r"^\| Setting \|.*?(?=\n\n)", re.MULTILINE | re.DOTALL)


def table() -> str:
    """Return the table in Markdown, one row for each setting."""
    rows = [
        f"| `{spec.name}` | `{_toml(spec.default)}` | {spec.title} | {_meaning(spec)} |"
        for spec in SPECS.values()
    ]
    return "\n".join(["| Setting | Default | In the window | Meaning |", "|---|---|---|---|", *rows])


def document() -> str:
    """Return docs/settings.md with the current table."""
    return _TABLE.sub(lambda _: table(), DOCUMENT.read_text(encoding="utf-8"), count=1)


def _meaning(spec: SettingSpec) -> str:
    sentences = [spec.help]
    if spec.choices:
        sentences.append(f"One of {', '.join(map(_toml, spec.choices))}.")
    if spec.unit.value:
        sentences.append(f"In {spec.unit.value}.")
    if spec.private:
        sentences.append("Private.")
    if spec.needs_restart:
        sentences.append("Takes effect after a restart.")
    return " ".join(sentences)


def _toml(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
    return f"{value:g}"


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
