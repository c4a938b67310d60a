"""File names are shown as plain text, even if they contain HTML."""

import time
from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QLabel, QMessageBox, QWidget

from fi_desktop.core.errors import ErrorKind
from fi_desktop.core.messages import verbatim
from fi_desktop.gui.widgets import message_box, plain_tooltip
from fi_desktop.watch.config import WatchedFolder
from tests.gui import samples, views
from tests.gui.scene import Scene
from tests.gui.view_checks import MARKED, marked_up


def day() -> tuple[samples.QueueEvent, ...]:
    now = time.time()
    done = samples.finished(
        1, f"{MARKED}.wav", now, ago_s=60, took_s=5, notes=(verbatim(f"{MARKED} is damaged."),)
    )
    lost = samples.failed(
        samples.claimed(samples.submitted(2, f"{MARKED}.mp3", at=now - 90), now - 80),
        now - 70,
        f"{MARKED} cannot be read.",
        code="test.marked",
    )
    again = samples.failed(
        samples.claimed(samples.submitted(3, f"{MARKED}.ogg", at=now - 90), now - 80),
        now - 70,
        f"{MARKED} is not there.",
        kind=ErrorKind.TRANSIENT,
        code="test.marked",
        retry_at=now + 90,
    )
    running = samples.claimed(samples.submitted(4, f"{MARKED}.m4a", at=now - 90), now - 42)
    return (done, lost, again, running, samples.workers(samples.WorkerState.BUSY))


def result(scene: Scene) -> QWidget:
    scene.finish(1, samples.consultation(name=f"{MARKED}.wav"))
    return views.result(scene, 1)


def watched(scene: Scene) -> QWidget:
    folder = scene.program.settings.home / MARKED.replace("/", "")
    folder.mkdir()
    scene.desktop.watch.watch(WatchedFolder(folder), [])
    scene.desktop.window.commands.watch.trigger()
    dialog = scene.desktop.watch.dialog
    scene.wait(lambda: dialog.list.count() == 1)
    return dialog


SEEN: dict[str, Callable[[Scene], QWidget]] = {
    "table": views.empty,
    "details of a result": lambda scene: views.details(scene, 1),
    "details of an error": lambda scene: views.details(scene, 2),
    "result": result,
    "error": lambda scene: views.opened(scene, 2, 640, 420),
    "retry": lambda scene: views.opened(scene, 3, 640, 420),
    "workers": lambda scene: views.monitor(scene, 0),
    "queue": lambda scene: views.monitor(scene, 1),
    "watched folders": watched,
}


@pytest.fixture(scope="module")
def scene(dressed, tmp_path_factory):
    scene = Scene(tmp_path_factory.mktemp("marked"), day())
    yield scene
    scene.close()


@pytest.mark.parametrize("seen", SEEN)
def test_no_view_renders_a_name_as_html(scene, seen):
    view = SEEN[seen](scene)
    scene.settle(120)
    assert not marked_up(view)
    scene.tidy()


def test_tooltip_shows_plain_text():
    assert plain_tooltip(f"/a/{MARKED}\nAdded") == (
        "<qt>/a/&lt;b&gt;Ana&lt;/b&gt;&lt;img src=&#x27;a.png&#x27;&gt;<br>Added</qt>"
    )
    assert plain_tooltip("/a/5 < 6 & 7") == "/a/5 < 6 & 7"


def test_message_box_shows_plain_text(qtbot, window):
    box = message_box(window, QMessageBox.Icon.Question, "Export", MARKED, MARKED)
    assert len([label for label in box.findChildren(QLabel) if label.text() == MARKED]) == 2
    assert not marked_up(box)
