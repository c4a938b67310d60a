"""What a person sees on their own screen, in their own font: all of it is there, and nothing is cut.

What is marked `look` runs again on other desktops, see `tests.ui.surroundings`.
"""

from __future__ import annotations

from itertools import combinations, pairwise, product

import pytest
from PySide6.QtCore import QRect
from PySide6.QtGui import QAccessible, QFont, QFontInfo
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from fi_desktop.ui.monitor.window import MonitorWindow
from fi_desktop.ui.preferences.dialog import PreferencesDialog
from fi_desktop.ui.remembered import Remembered
from fi_desktop.ui.result.view import ResultView
from tests.ui import stories, surroundings
from tests.ui.events import drop_files, open_windows
from tests.ui.views import VIEWS, Gallery

pytestmark = pytest.mark.look


def test_the_surroundings_are_what_they_are_called(qtbot, dressed):
    screen, font = dressed.primaryScreen(), QFontInfo(dressed.font())
    match surroundings.chosen():
        case "laptop":
            assert (screen.geometry().width(), screen.geometry().height()) == (1093, 614)
            assert screen.devicePixelRatio() == 1.25
        case "noto":
            assert (font.family(), font.pointSizeF()) == ("Noto Sans", 9.0)
        case "reader":
            qtbot.waitUntil(QAccessible.isActive)
        case _:
            assert screen.geometry().width() >= 1280


@pytest.fixture(scope="module", params=["en", "es"])
def gallery(request, dressed, tmp_path_factory):
    gallery = Gallery(tmp_path_factory.mktemp("gallery"), language=request.param)
    yield gallery
    gallery.close()


def cut(view: QWidget) -> list[str]:
    """Return the labels and buttons of a view that have less room than their words need."""
    return [
        f"{type(widget).__name__} {widget.text()!r}: {widget.size()} of {widget.minimumSizeHint()}"
        for widget in (*view.findChildren(QLabel), *view.findChildren(QAbstractButton))
        if widget.isVisible()
        and widget.text()
        and (
            widget.width() < widget.minimumSizeHint().width()
            or widget.height() < widget.minimumSizeHint().height()
        )
    ]


def outside(view: QWidget) -> list[str]:
    """Return what of a view's window is not on the screen, and which buttons are not in the window."""
    window = view.window()
    room = window.screen().availableGeometry()
    found = [] if room.contains(window.frameGeometry()) else [f"{window.frameGeometry()} of {room}"]
    for button in window.findChildren(QAbstractButton):
        place = QRect(button.mapTo(window, button.rect().topLeft()), button.size())
        if button.isVisible() and not scrolls(button) and not window.rect().contains(place):
            found.append(f"{button.text() or button.accessibleName()!r} {place}")
    return found


def scrolls(widget: QWidget) -> bool:
    """Whether it lies on ground that can be moved below a hole."""
    return widget.visibleRegion().isEmpty() or any(
        ancestor.inherits("QAbstractScrollArea") for ancestor in ancestors(widget)
    )


def ancestors(widget: QWidget):
    while (widget := widget.parentWidget()) is not None:
        yield widget


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_on_the_screen_and_nothing_of_it_is_cut(gallery, name):
    with gallery.show(name) as view:
        assert not outside(view)
        assert not cut(view)


def test_the_pages_of_the_settings_lie_below_one_another(gallery):
    with gallery.show("settings") as view:
        assert isinstance(view, PreferencesDialog)
        places = [view.pages.visualItemRect(view.pages.item(row)) for row in range(view.pages.count())]
        assert places[0].top() >= 0
        assert all(above.bottom() < below.top() for above, below in pairwise(places))
        words = view.pages.fontMetrics().height()
        assert all(place.height() >= words for place in places)


def test_the_names_of_speakers_are_read_whole(qtbot, dressed, bridge):
    """How wide a text is depends on font and size by fractions of a pixel."""
    view = ResultView(stories.consultation(), "/recordings/Consulta.m4a", bridge)
    qtbot.addWidget(view)
    table = view.reading.table
    names = [table.model().name(row) for row in range(table.model().rowCount())]
    assert len(set(names)) == 2
    for family, points in product((dressed.font().family(), "Noto Sans", "DejaVu Sans"), range(8, 15)):
        table.setFont(QFont(family, points))
        table.itemDelegate().dress()
        assert [table.itemDelegate().name(row) for row in range(len(names))] == names, f"{family} {points}"


@pytest.fixture
def queued(qtbot, window, recordings):
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)


def test_windows_open_on_the_screen_and_not_upon_one_another(qtbot, desktop, window, queued):
    assert not outside(window)
    results = [window.windows.open(job_id) for job_id in (1, 2, 3)]
    window.commands.monitor.trigger()
    (monitor,) = open_windows(MonitorWindow)
    for opened in (*results, monitor):
        qtbot.waitExposed(opened)
        assert not outside(opened)
    corners = [result.pos() for result in results]
    assert all((one - other).manhattanLength() > 20 for one, other in combinations(corners, 2))
    middle = window.frameGeometry().center()
    assert results[0].frameGeometry().contains(middle)
    assert monitor.frameGeometry().contains(middle)


def test_a_window_that_was_larger_than_this_screen_fits_on_it(qtbot, dressed, bridge, home):
    """It was last used on a large screen."""
    room = dressed.primaryScreen().availableGeometry()
    remembered = Remembered(home)
    large = QWidget()
    qtbot.addWidget(large)
    large.setGeometry(room.left() + 40, room.top() + 40, room.width() + 200, room.height() + 200)
    remembered.save("job", large)
    restored = QWidget()
    qtbot.addWidget(restored)
    remembered.restore("job", restored)
    restored.show()
    qtbot.waitExposed(restored)
    assert not outside(restored)
