"""Windows fit the screen, and text is not cut off, in different fonts and sizes.

Tests marked `look` also run in other desktop environments, see `tests.gui.environments`.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations, pairwise, product

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QRect
from PySide6.QtGui import QAccessible, QFont, QFontInfo
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from fi_desktop.core.job import JobState
from fi_desktop.core.values import Priority
from fi_desktop.gui import theme
from fi_desktop.gui.job_table.operations import RowMenu
from fi_desktop.gui.monitor.window import MonitorWindow
from fi_desktop.gui.result.view import ResultView
from fi_desktop.gui.window_state import WindowState, cascade, center, keep_on_screen, resize_to_screen
from tests.gui import environments, samples
from tests.gui.events import drag_in, drop_files, files_data, open_windows
from tests.gui.view_checks import cut, outside

pytestmark = pytest.mark.look


def test_environment_has_its_font_and_screen(qtbot, dressed):
    screen, font = dressed.primaryScreen(), QFontInfo(dressed.font())
    match environments.chosen():
        case "laptop":
            assert (screen.geometry().width(), screen.geometry().height()) == (1093, 614)
            assert screen.devicePixelRatio() == 1.25
        case "noto":
            assert (font.family(), font.pointSizeF()) == ("Noto Sans", 9.0)
        case "reader":
            qtbot.waitUntil(QAccessible.isActive)
        case _:
            assert screen.geometry().width() >= 1280


def test_settings_pages_do_not_overlap(qtbot, desktop, window):
    window.commands.preferences.trigger()
    qtbot.waitUntil(lambda: desktop.preferences.dialog is not None)
    pages = desktop.preferences.dialog.pages
    assert QTest.qWaitForWindowExposed(pages)
    places = [pages.visualItemRect(pages.item(row)) for row in range(pages.count())]
    assert places[0].top() >= 0
    assert all(above.bottom() < below.top() for above, below in pairwise(places))
    assert all(place.height() >= pages.fontMetrics().height() for place in places)


def test_speaker_names_are_not_elided(qtbot, dressed, bridge):
    """Text widths differ between fonts and sizes by fractions of a pixel."""
    view = ResultView(
        samples.session_of(samples.consultation(), bridge),
        "/recordings/Consulta.m4a",
        bridge,
    )
    qtbot.addWidget(view)
    table = view.text.table
    names = [table.model().name(row) for row in range(table.model().rowCount())]
    assert len(set(names)) == 2
    for family, points in product((dressed.font().family(), "Noto Sans", "DejaVu Sans"), range(8, 15)):
        table.setFont(QFont(family, points))
        table.itemDelegate().apply_theme()
        assert [table.itemDelegate().name(row) for row in range(len(names))] == names, f"{family} {points}"


@pytest.fixture
def queued(qtbot, window, recordings):
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)


def test_windows_open_on_the_screen_and_cascade(qtbot, desktop, window, queued):
    assert not outside(window)
    results = [window.windows.open(job_id) for job_id in (1, 2, 3)]
    window.commands.monitor.trigger()
    (monitor,) = open_windows(MonitorWindow)
    for opened in (*results, monitor):
        assert QTest.qWaitForWindowExposed(opened)
        assert not outside(opened)
    corners = [result.pos() for result in results]
    assert all((one - other).manhattanLength() > 20 for one, other in combinations(corners, 2))
    middle = window.frameGeometry().center()
    assert results[0].frameGeometry().contains(middle)
    assert monitor.frameGeometry().contains(middle)


def test_window_saved_on_a_larger_screen_fits(qtbot, dressed, bridge, home):
    """The geometry was saved on a larger screen."""
    wide = dressed.primaryScreen().availableGeometry()
    window_state = WindowState(home)
    large = QWidget()
    qtbot.addWidget(large)
    large.setGeometry(wide.adjusted(40, 40, 240, 240))
    window_state.save("job", large)
    restored = QWidget()
    qtbot.addWidget(restored)
    window_state.restore("job", restored)
    restored.show()
    assert QTest.qWaitForWindowExposed(restored)
    assert not outside(restored)


@pytest.mark.parametrize("number", [7, 48, 208, 1_204])
def test_chips_keep_their_numbers_in_a_narrow_window(qtbot, window, queued, number):
    chips = window.panel.chips
    window.commands.details.trigger()
    window.resize(800, 600)
    window.jobs.jobs_changed.disconnect(window.panel._on_jobs_changed)  # of the three jobs only
    chips.show_counts(Counter(dict.fromkeys(JobState, number)), number)
    window.panel._fit()
    qtbot.waitUntil(lambda: not cut(chips))
    chips.by_state[JobState.COMPLETED].click()  # shown in bold
    for chip in (chips.all, *chips.by_state.values()):
        wide = chip.width() - (chip.iconSize().width() + 4 if not chip.icon().isNull() else 0) - 18
        bold = QFont(chip.font())
        bold.setWeight(QFont.Weight.DemiBold)
        assert theme.text_width(bold, chip.text()) <= wide, chip.text()
    assert window.rect().contains(QRect(chips.mapTo(window, QPoint()), chips.size()))


def test_drop_overlay_hides_the_text_of_the_empty_window(qtbot, window, queued):
    """Otherwise the texts of the empty window and of the overlay would overlap."""
    overlay = drag(window)
    over_jobs = picture(window, overlay)
    window._pages.setCurrentWidget(window.empty)
    assert picture(window, overlay) == over_jobs


def drag(window) -> QWidget:
    drag_in(window, files_data([]))
    return window.findChild(QWidget, "overlay")


def picture(window, part: QWidget):
    return window.grab(QRect(part.mapTo(window, QPoint()), part.size())).toImage()


def test_each_priority_has_one_name(window, queued):
    menu = RowMenu([], window.commands.export, window.job_controller, window.table, window)
    (priority,) = (each.menu() for each in menu.actions() if each.text() == "&Priority")
    words = window.jobs.texts.labels
    assert [action.text() for action in priority.actions()] == [words.priority(each) for each in Priority]
    options = [name for name, _ in window.options.menu._choices.priorities()]
    assert [action.text() for action in priority.actions()] == options


def test_deleted_window_does_not_delete_its_screen(qapp):
    """PySide makes objects that a window returns children of its wrapper."""
    screen = qapp.primaryScreen()
    window = QWidget()
    resize_to_screen(window, (400, 300), minimum=(200, 100))
    center(window)
    keep_on_screen(window)
    cascade(window, [])
    window.deleteLater()
    QCoreApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)
    assert not isValid(window)
    assert isValid(screen)
