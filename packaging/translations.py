"""Bring the translations up to the source: `make translations`.

Collects each `tr("…")` of the window and the sentences declared below it, merges them into
resources/i18n/*.ts, compiles these to the .qm files that the program reads, and lists what is still to be
translated. Both kinds are in git, so that no installation needs Qt's tools.
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
LANGUAGES = {"en": ["-pluralonly"], "es": []}  # the source is English; only its plurals are translated


def main() -> int:
    """Update, compile and report; return 1 if something is not translated."""
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
    """Merge the current source strings into a .ts file, and drop obsolete ones."""
    sources = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "fi_desktop" / "gui").rglob("*.py"))
    # no line numbers: otherwise each change of the source changes every translation
    options = ["-no-obsolete", "-locations", "none", "-source-language", "en", "-target-language", language]
    # no guesses from similar texts: a wrong sentence is worse than an English one
    options += ["-disable-heuristic", "sametext", "-disable-heuristic", "similartext", *LANGUAGES[language]]
    with TemporaryDirectory() as folder:
        declared = Path(folder, "declared.py")
        declared.write_text(marked_sentences(), encoding="utf-8")
        _run("lupdate", *options, *sources, str(declared), "-ts", str(file))


def marked_sentences() -> str:
    """Return the sentences that are declared in modules without Qt, as source that lupdate understands."""
    sys.path.insert(0, str(ROOT))
    from fi_desktop import settings
    from fi_desktop.core import messages
    from fi_desktop.exporters import EXPORTERS

    texts = {message.text for message in messages.MESSAGES.values() if message is not messages.VERBATIM}
    texts |= {exporter.title for exporter in EXPORTERS.values()}
    declared = {messages.CONTEXT: sorted(texts), settings.CONTEXT: settings.sentences()}
    return "".join(
        f"QT_TRANSLATE_NOOP({json.dumps(context)}, {json.dumps(text, ensure_ascii=False)})\n"
        for context, texts in declared.items()
        for text in texts
    )


def release(file: Path, target: Path) -> None:
    """Compile a .ts file atomically: an open window may be reading the old one."""
    compiled = target.with_suffix(".tmp")
    _run("lrelease", "-silent", str(file), "-qm", str(compiled))
    compiled.replace(target)


def unfinished(file: Path) -> list[tuple[str, str]]:
    """Return context and source of each message that a .ts file does not translate."""
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
