"""The question whether recordings may be sent to the server: asked once for each server."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from fi_desktop.settings import SPECS, load
from fi_desktop.settings.policy import Policy, Rule

SERVER = {
    "backend": "both",
    "broker": "rediss://desktop:secret@server.example.org:6380/0",
    "cluster_key": "/etc/key",
    "transfer": "sftp://fi-transfer:other@nas.example.org/transfer",
}
PLACE = "server.example.org sftp://nas.example.org"


@pytest.fixture
def program(program):
    """A program whose settings name a server, as the folder that IT hands out does."""
    program.change_settings(SERVER)
    return program


def dialog_of(qtbot, desktop):
    qtbot.waitUntil(lambda: desktop.sending.dialog is not None)
    return desktop.sending.dialog


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_window_says_where_recordings_go_and_a_person_agrees_once(qtbot, desktop, program, home):
    dialog = dialog_of(qtbot, desktop)
    assert dialog.isVisible()
    said = " ".join(label.text() for label in dialog.findChildren(QLabel))
    assert "Recordings are sent to server.example.org" in said
    assert "sftp://nas.example.org" in said
    assert "secret" not in said
    assert "other" not in said
    qtbot.keyClick(dialog, Qt.Key.Key_Return)  # meant for something else
    assert dialog.isVisible()
    click(qtbot, dialog.send)
    qtbot.waitUntil(lambda: program.settings.agreed_server == PLACE)
    assert program.settings.send_recordings
    assert load({"FI_DESKTOP_HOME": str(home)}).agreed_server == PLACE
    qtbot.waitUntil(lambda: desktop.sending.dialog is None)
    desktop.sending.ask()
    assert desktop.sending.dialog is None


def test_another_server_is_asked_about_and_an_answered_question_goes(qtbot, desktop, program):
    click(qtbot, dialog_of(qtbot, desktop).send)
    qtbot.waitUntil(lambda: program.settings.agreed_server == PLACE)
    for other in ({"broker": "rediss://other.example.org"}, {"transfer": "file:///mnt/elsewhere"}):
        program.change_settings({**SERVER, **other})
        desktop.sending.ask()
        assert desktop.sending.dialog is not None
        desktop.sending.close()
    desktop.sending.ask()
    assert desktop.sending.dialog is not None  # a closed question is no answer
    program.change_settings(SERVER)  # the server that was agreed to
    desktop.sending.ask()
    assert desktop.sending.dialog is None


def test_person_works_on_this_computer_only(qtbot, desktop, program):
    click(qtbot, dialog_of(qtbot, desktop).stay)
    qtbot.waitUntil(lambda: program.settings.backend == "local")
    assert program.settings.agreed_server == ""
    qtbot.waitUntil(lambda: desktop.sending.dialog is None)


def test_policy_that_fixes_the_server_leaves_it_to_the_person_to_send_nothing(qtbot, desktop, program):
    desktop.sending.close()
    program.settings = replace(program.settings, policy=Policy({"backend": Rule(fixed="both")}))
    desktop.sending.ask()
    dialog = dialog_of(qtbot, desktop)
    assert dialog.stay.text() == "Do not send"
    click(qtbot, dialog.stay)
    qtbot.waitUntil(lambda: desktop.sending.dialog is None)
    desktop.sending.ask()  # not twice in one run
    assert desktop.sending.dialog is None
    assert program.settings.agreed_server == ""


@pytest.mark.parametrize(
    "rules",
    [
        {"agreed_server": PLACE},
        {"agreed_server": "another.example.org s3://bucket"},
        {"send_recordings": False},
        {"backend": "local"},
    ],
    ids=["agreed for all", "agreed to another", "never", "local"],
)
def test_nobody_is_asked_what_the_policy_has_decided(qtbot, desktop, program, rules):
    desktop.sending.close()
    policy = Policy({name: Rule(fixed=value) for name, value in rules.items()})
    program.settings = replace(program.settings, policy=policy, **policy.nearest(SPECS, rules))
    desktop.sending.ask()
    assert desktop.sending.dialog is None
