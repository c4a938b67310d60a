"""Each sentence for people is declared once, and used with its values."""

import ast
from pathlib import Path

import pytest

import fi_desktop
from fi_desktop.core import messages
from fi_desktop.core.codec import note_from_json
from fi_desktop.core.errors import FiError, UserError, error_info
from fi_desktop.core.messages import ENGLISH, MESSAGES, Message, Note, system_reason, verbatim
from fi_desktop.core.transcript import wrong_words

PACKAGE = Path(fi_desktop.__file__).parent


def test_constants_are_named_after_their_codes():
    named = {name: value for name, value in vars(messages).items() if isinstance(value, Message)}
    assert named.pop("VERBATIM").code == "text"
    assert {name: value.code.upper().replace(".", "_") for name, value in named.items()} == {
        name: name for name in named
    }
    assert len(MESSAGES) == len(named) + 1, "two messages have one code"


def test_no_two_messages_have_the_same_text():
    assert len({message.text for message in MESSAGES.values()}) == len(MESSAGES)


def test_each_use_of_a_message_provides_its_values():
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                given = {keyword.arg for keyword in node.keywords}
                for message in filter(None, map(_message, (node.func, *node.args[:1]))):
                    assert given == message.placeholders, f"{path}:{node.lineno}: {message.code}"


def _message(node: ast.expr) -> Message | None:
    if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "messages":
        found = getattr(messages, node.attr)
        return found if isinstance(found, Message) else None
    return None


def test_messages_are_declared_in_one_module_and_those_of_the_terminal_in_the_command_line():
    declaring = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Message"
    }
    assert declaring <= {"core", "cli", "rpc"}  # rpc repeats the message of the other process


def test_each_message_is_used():
    source = "".join(
        path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py") if path.name != "messages.py"
    )
    names = {name for name, value in vars(messages).items() if isinstance(value, Message)}
    assert not {name for name in names if name not in source and getattr(messages, name).code not in source}


def test_times_and_sizes_are_formatted():
    room = messages.MODELS_NO_ROOM(wanted=3.1e9, free=412e6)
    assert str(room).startswith("3.1 GB more are needed, but only 412 MB are free")
    gap = messages.AUDIO_GAP(at=3725.4, length=9.42)
    assert str(gap).startswith("Nothing was recorded for 9.4 s at 1:02:05:")


def test_note_within_a_note():
    ended = messages.ENDED_SIGNAL(number=9)
    crash = UserError(messages.WORKER_CRASHED, ended=ended)
    missing = messages.RESULT_WORDS_MISSING(reason=crash.note)
    assert str(missing) == ("The words are missing: The worker process ended unexpectedly (signal 9).")
    assert error_info(crash).note == crash.note


def test_braces_in_a_value_are_kept():
    assert str(messages.MODELS_MISSING(name="{name.__class__}")).count("{name.__class__}") == 1


def test_placeholder_cannot_access_attributes():
    with pytest.raises(KeyError):
        ENGLISH.fill(Message("x", "{name.__class__}"), (("name", "a"),))


def test_unknown_note_is_shown_as_its_code():
    assert str(Note("some.future", (("at", 1.0),))) == "some.future"
    assert str(Note("audio.gap")) == "audio.gap"


def test_verbatim_text_is_unchanged():
    assert str(verbatim("Permission denied {0}")) == "Permission denied {0}"
    assert str(system_reason(PermissionError(13, "Permission denied"))) == "Permission denied"
    assert str(system_reason(ValueError("private"))) == "ValueError"
    assert FiError(Message("usage.x", "Nothing.")).message == "Nothing."


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (None, "None"),
        (0.0, "Fewer than 1 in 100 words may be wrong."),
        (0.01, "About 1 in 100 words may be wrong."),
        (0.0449, "About 4 in 100 words may be wrong."),
        (1.0, "About 100 in 100 words may be wrong."),
    ],
)
def test_share_of_wrong_words_is_a_sentence(share: float | None, said: str):
    assert str(wrong_words(share)) == said


def test_notes_are_equal_in_whichever_order_their_values_are_given_or_stored():
    """Events are stored with sorted keys, and the record must be what they say."""
    note = messages.RESULT_PROBABLY_OTHER_NUMBER(probable=3, asked="2")
    assert note == messages.RESULT_PROBABLY_OTHER_NUMBER(asked="2", probable=3)
    stored = {"code": note.code, "values": {"probable": 3, "asked": "2"}}
    assert note_from_json(stored) == note
