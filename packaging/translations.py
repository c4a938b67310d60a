"""Bring the translations up to the source: `make translations`.

Finds each `tr("…")` of the window and each message of fi_desktop/core/messages.py, merges what is new into
resources/i18n/*.ts, compiles them to the .qm files that the program reads, and lists what is still to be
translated. Both kinds are kept in git: so a
checkout, an installed package and a frozen program read the same files, and none needs Qt's tools to be made.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import PySide6

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "resources" / "i18n"
LANGUAGES = {"en": ["-pluralonly"], "es": []}  # the source is English; only its plurals are asked for


def main() -> int:
    """Update, compile and report; 1 where something is not translated."""
    left = 0
    for language in LANGUAGES:
        file = FOLDER / f"fi_desktop_{language}.ts"
        update(language, file)
        release(file, file.with_suffix(".qm"))
        for context, source in unfinished(file):
            print(f"{file.name}: {context}: {source}")
            left += 1
    print(f"{left} left to translate" if left else "all is translated")
    return 1 if left else 0


def update(language: str, file: Path) -> None:
    """Merge what the source says now into a .ts file; what it says no more is dropped."""
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "fi_desktop" / "gui").rglob("*.py"))
    # no line numbers: each change of the source would be a change of every translation
    options = ["-no-obsolete", "-locations", "none", "-source-language", "en", "-target-language", language]
    # a language of its own, and nothing guessed: a wrong sentence is worse than an English one
    options += ["-disable-heuristic", "sametext", "-disable-heuristic", "similartext", *LANGUAGES[language]]
    with TemporaryDirectory() as folder:
        messages = Path(folder, "messages.py")
        messages.write_text(marked_messages(), encoding="utf-8")
        _run("lupdate", *options, *sources, str(messages), "-ts", str(file))


def marked_messages() -> str:
    """Return the messages as source that lupdate understands: the core itself knows no Qt."""
    sys.path.insert(0, str(ROOT))
    from fi_desktop.core.messages import CONTEXT, MESSAGES, VERBATIM

    texts = sorted({message.text for message in MESSAGES.values() if message is not VERBATIM})
    return "".join(
        f"QT_TRANSLATE_NOOP({json.dumps(CONTEXT)}, {json.dumps(text, ensure_ascii=False)})\n"
        for text in texts
    )


def release(file: Path, target: Path) -> None:
    """Compile a .ts file; whole or not at all: an open window reads the old one where it lies."""
    made = target.with_suffix(".made")
    _run("lrelease", "-silent", str(file), "-qm", str(made))
    made.replace(target)


def unfinished(file: Path) -> list[tuple[str, str]]:
    """Return context and source of whatever a .ts file does not translate."""
    return [
        (context.findtext("name", ""), message.findtext("source", ""))
        for context in ElementTree.parse(file).iter("context")
        for message in context.iter("message")
        if any(part.get("type") == "unfinished" for part in message.iter("translation"))
    ]


def _run(tool: str, *arguments: str) -> None:
    folder = Path(PySide6.__file__).parent
    program = next(path for path in (folder / tool, folder / f"{tool}.exe") if path.is_file())
    done = subprocess.run([str(program), *arguments], cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{tool}: {done.stdout}{done.stderr}")


if __name__ == "__main__":
    sys.exit(main())
