"""Every sentence that a person may read is known to the window, word for word."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import fi_desktop
from fi_desktop.audio.timeline import AudioWarning
from fi_desktop.core.errors import DeadlineExceeded, ErrorInfo, ErrorKind, FiError, UserError, error_info
from fi_desktop.core.transcript import DOUBT
from fi_desktop.gui import errors
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.language import WindowLanguage
from fi_desktop.gui.sentences import BY_CODE, PLAIN

PACKAGE = Path(fi_desktop.__file__).parent
ERRORS = ("FiError", "UserError", "TransientError")
# said where no window is open: they are read in a terminal
TERMINAL = ("cli",)


@pytest.fixture
def spanish(dressed) -> Iterator[WindowLanguage]:
    language = WindowLanguage(dressed, "es")
    yield language
    language.close()


def constants(tree: ast.AST) -> dict[str, ast.expr]:
    return {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }


def raised(tree: ast.Module) -> Iterator[tuple[str, str, set[str]]]:
    """Yield code, template and names of the values of whatever error is made in a module."""
    codes = ast.parse((PACKAGE / "core" / "errors.py").read_text(encoding="utf-8"))
    known = constants(codes) | constants(tree)

    def text(node: ast.expr) -> str:
        value = known[node.id] if isinstance(node, ast.Name) else node
        assert isinstance(value, ast.Constant), ast.unparse(node)
        return value.value

    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        made = getattr(node.func, "id", None) in ERRORS
        inherited = (
            ast.unparse(node.func) == "super().__init__"
            and len(node.args) == 2
            and isinstance(node.args[0], ast.Constant)
            and isinstance(node.args[0].value, str)
        )
        if not made and not inherited:
            continue
        arguments = node.args
        if isinstance(arguments[0], ast.Starred):  # a pair that several places raise
            arguments = known[arguments[0].value.id].elts
        code, template = arguments[0], arguments[1]
        if isinstance(template, ast.Subscript):  # a table of sentences by code
            table = known[template.value.id]
            for key, value in zip(table.keys, table.values, strict=True):
                yield text(key), text(value), set()
        else:
            yield text(code), text(template), {keyword.arg for keyword in node.keywords}


def modules(*, but: str = "") -> Iterator[ast.Module]:
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).as_posix() != but and path.relative_to(PACKAGE).parts[0] not in TERMINAL:
            yield ast.parse(path.read_text(encoding="utf-8"))


def test_every_error_is_known_word_for_word_with_its_values():
    found = {}
    for module in modules():
        for code, template, values in raised(module):
            assert BY_CODE.get(code) == template, code
            assert set(re.findall(r"\{(\w+)", template)) == values, code
            found[code] = template
    assert found == BY_CODE


def test_every_other_sentence_is_known_word_for_word():
    """What is no error is a sentence elsewhere in the source, with {places} in a template or an f-string."""
    said = set()
    for module in modules(but="ui/sentences.py"):
        for node in ast.walk(module):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(re.sub(r"\{.*?\}", "{}", node.value))
            if isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
                said.add("".join(parts))
    assert DOUBT in PLAIN
    shapes = {re.sub(r"\{.*?\}", "{}", sentence) for sentence in PLAIN}
    composed = {
        "The words are missing: {}",
        "The speakers are missing: {}",
        "{} is missing",
        "{} are missing",
    }
    of_earlier_versions = {
        "The file is damaged after {}; what comes before was used.",
        "The file is damaged in places, first at {}; what could not be read is left silent.",
    }
    assert shapes - composed - of_earlier_versions <= said


def test_an_error_is_said_by_its_code_and_values(spanish):
    error = error_info(DeadlineExceeded(540))
    assert error.message == "Timeout (9 min)"
    assert errors.sentence(error) == "Tiempo agotado (9 min)"


def test_amounts_are_written_as_the_person_writes_them_and_versions_are_not(spanish):
    template = BY_CODE["models.no_room"]
    error = error_info(UserError("models.no_room", template, wanted="3.1 GB", free="412 MB"))
    assert errors.sentence(error).startswith("Se necesitan 3.1 GB más")
    assert "412 MB" in errors.sentence(error)
    named = error_info(UserError("models.missing", BY_CODE["models.missing"], name="3.1"))
    assert "3.1" in errors.sentence(named)  # pyannote's, not a number


def test_an_old_record_without_values_is_known_by_its_words(spanish):
    old = ErrorInfo(ErrorKind.TRANSIENT, "job.timeout", "Timeout (9 min)")
    assert errors.sentence(old) == "Tiempo agotado (9 min)"


@pytest.mark.parametrize(
    "error",
    [
        ErrorInfo(ErrorKind.USER, "some.future", "Something new."),
        ErrorInfo(ErrorKind.USER, "job.timeout", "It took {long}.", values=(("long", "9 min"),)),
    ],
)
def test_what_is_not_known_stays_english(spanish, error):
    assert errors.sentence(error) == error.message


@pytest.mark.parametrize(
    ("english", "words"),
    [
        (
            AudioWarning("audio.damaged_places", 22.0, 9.4, places=12).message,
            "12 puntos, el primero en 0:22: no",
        ),
        (AudioWarning("audio.gaps", 22.0, 100.0, places=2).message, "0:22, 1:40 en total"),
        (AudioWarning("audio.more_than_counted", 62.5, 10.0).message, "solo 10 s de sonido"),
        ("The file is damaged after 1:02; what comes before was used.", "a partir de 1:02"),
    ],
)
def test_a_note_on_what_is_missing_is_said_with_its_times(spanish, english, words):
    assert words in errors.said(english)


def test_a_note_is_said_with_the_reason_within_it(spanish):
    reason = "The worker that had this job ended unexpectedly (signal 9)."
    assert UiLabels().remarks("clear", (f"The words are missing: {reason}",)) == (
        "Falta la transcripción: El proceso que hacía este trabajo terminó de forma inesperada (señal 9)."
    )


def test_english_says_what_was_raised(dressed):
    for code, template in BY_CODE.items():
        values = {name: f"<{name}>" for name in re.findall(r"\{(\w+)", template)}
        error = error_info(FiError(code, template, **values))
        assert errors.sentence(error) == error.message
