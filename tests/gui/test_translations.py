"""The catalogues contain every sentence, translated, with the same placeholders and accelerators."""

import ast
import re
import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PySide6.QtWidgets import QMenu, QMenuBar

import fi_desktop
from fi_desktop.gui.app_controller import AppController
from fi_desktop.gui.language import LANGUAGES
from fi_desktop.settings import changed
from fi_desktop.system.files import resource
from tests.gui.conftest import FakeApp

ROOT = Path(fi_desktop.__file__).parent.parent
sys.path.append(str(ROOT / "packaging"))
import translations  # noqa: E402 a script, not a part of the package

_SHOWN = {
    "addAction", "addItem", "addMenu", "addSection", "addTab", "error", "info", "setAccessibleDescription",
    "setAccessibleName", "setInformativeText", "setPlaceholderText", "setStatusTip", "setText", "setTitle",
    "setToolTip", "setWhatsThis", "setWindowTitle", "showMessage", "QAction", "QLabel", "QMenu",
    "QPushButton", "show_message", "warning",
}  # fmt: skip
# names and symbols that are the same in every language
_OF_NO_LANGUAGE = re.compile(
    r"( – )?fi-desktop|&?English|Es&?pañol|</?(qt|br)>|[\W\d_]*|hf_…|sumatriptán\nlorazepam|bad|warn|info"
)


@dataclass(frozen=True)
class Message:
    context: str
    source: str
    forms: tuple[str, ...]
    finished: bool


def messages(file: Path) -> list[Message]:
    return [
        Message(
            context.findtext("name", ""),
            message.findtext("source", ""),
            tuple(
                part.text or ""
                for part in message.find("translation").iter()
                if part.tag == "numerusform" or not message.get("numerus")
            ),
            message.find("translation").get("type") is None,
        )
        for context in ElementTree.parse(file).iter("context")
        for message in context.iter("message")
    ]


def catalogue(code: str) -> Path:
    return resource("i18n") / f"fi_desktop_{code}.ts"


@pytest.mark.parametrize("code", LANGUAGES)
def test_catalogues_match_the_source(tmp_path, code):
    now = tmp_path / catalogue(code).name
    shutil.copy(catalogue(code), now)
    translations.update(code, now)
    kept, said = ({(m.context, m.source) for m in messages(file)} for file in (catalogue(code), now))
    assert said - kept == set(), "run `make translations`"
    assert kept - said == set(), "run `make translations`"


@pytest.mark.parametrize("code", LANGUAGES)
def test_everything_is_translated(code):
    assert [m for m in messages(catalogue(code)) if not m.finished or not all(m.forms)] == []


def placeholders(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)", text))


def key(text: str) -> bool:
    """Whether a text has an accelerator key."""
    return "&" in text.replace("&&", "")


def test_translations_keep_placeholders_accelerators_and_punctuation():
    for message in messages(catalogue("es")):
        for form in message.forms:
            assert placeholders(form) == placeholders(message.source)
            assert key(form) == key(message.source), form
            assert form.endswith("…") == message.source.endswith("…"), form
            assert form.endswith(".") == message.source.endswith("."), form
            assert set(re.findall("%L?n", form)) <= set(re.findall("%L?n", message.source)), form


@pytest.mark.parametrize("code", LANGUAGES)
def test_accelerators_are_unique_within_a_menu(qtbot, dressed, home, code):
    program = FakeApp(home)
    program.settings = changed(program.settings, {"language": code})
    desktop = AppController(program)
    qtbot.addWidget(desktop.window)
    bar = desktop.window.findChild(QMenuBar)
    for menu in (bar, *desktop.window.findChildren(QMenu)):
        keys = Counter(
            found[1].casefold()
            for action in menu.actions()
            if action.isVisible() and (found := re.search(r"&(\w)", action.text().replace("&&", "")))
        )
        assert [each for each, times in keys.items() if times > 1] == [], [a.text() for a in menu.actions()]
    desktop.language.close()


def literals(call: ast.Call) -> Iterator[str]:
    for argument in (*call.args, *(keyword.value for keyword in call.keywords)):
        parts = argument.values if isinstance(argument, ast.JoinedStr) else [argument]
        for part in parts:
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value


def test_no_literal_text_bypasses_translation():
    said = []
    for path in sorted((ROOT / "fi_desktop" / "gui").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                words = literals(node) if name in _SHOWN else ()
                said += [
                    f"{path.name}: {name}({word!r})" for word in words if not _OF_NO_LANGUAGE.fullmatch(word)
                ]
    assert said == []
