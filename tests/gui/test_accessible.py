"""Accessibility: every control is visible, has a name and can be reached by keyboard."""

from contextlib import suppress

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface, QFont
from PySide6.QtWidgets import QAbstractButton, QApplication, QWidget

from tests.gui.view_checks import cut, outside
from tests.gui.views import VIEWS, Gallery

ROLE = QAccessible.Role
NAMED = {
    *(ROLE.Button, ROLE.ButtonMenu, ROLE.ButtonDropDown, ROLE.CheckBox, ROLE.RadioButton, ROLE.ComboBox),
    *(ROLE.EditableText, ROLE.SpinBox, ROLE.Slider, ROLE.Table, ROLE.List, ROLE.Tree, ROLE.PageTab),
    *(ROLE.MenuItem, ROLE.Link, ROLE.ProgressBar, ROLE.Dialog, ROLE.Window, ROLE.Chart),
}
TAKE_TAB = {"correcting", "checking"}  # here Tab goes on to the next doubt
MANY = 60  # enough: the cells of a table are alike


def walk(interface: QAccessibleInterface, path: str = ""):
    """Yield (path, interface) of everything visible."""
    for number in range(min(interface.childCount(), MANY)):
        child = interface.child(number)
        if child is None or not child.isValid() or child.state().invisible:
            continue
        widget = child.object()
        kind = type(widget).__name__ if widget is not None else "part"
        at = f"{path}/{kind}[{child.role().name}] {child.text(QAccessible.Text.Name)!r}"
        yield at, child
        yield from walk(child, at)


@pytest.fixture(scope="module", params=["en", "es"])
def gallery(request, dressed, tmp_path_factory):
    gallery = Gallery(tmp_path_factory.mktemp("gallery"), language=request.param)
    yield gallery
    gallery.close()


def unnamed(view: QWidget) -> list[str]:
    return [
        path
        for path, part in walk(QAccessible.queryAccessibleInterface(view))
        if part.role() in NAMED and not part.text(QAccessible.Text.Name).strip()
    ]


def _is_one_of_several(widget: QWidget) -> bool:
    """Whether the arrow keys lead to a widget from another one of its group."""
    if not isinstance(widget, QAbstractButton) or widget.isChecked():
        return False
    return widget.autoExclusive() or (widget.group() is not None and widget.group().exclusive())


def unreached(qtbot, view: QWidget) -> list[str]:
    wanted = {
        widget
        for widget in view.findChildren(QWidget)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
        and widget.focusProxy() is None
        and not _is_one_of_several(widget)
        and widget.window() is view.window()
    }
    reached, current = [], view.window()
    for _ in range(len(wanted) * 2 + 5):
        qtbot.keyClick(current, Qt.Key.Key_Tab)
        current = QApplication.focusWidget() or view.window()
        if current in reached:
            break
        reached.append(current)
    left = wanted - set(reached)
    return [f"{type(w).__name__} {w.accessibleName()!r} {w.objectName()}" for w in left]


@pytest.mark.look
@pytest.mark.parametrize("name", VIEWS)
def test_every_control_is_visible_named_and_reachable(qtbot, gallery, name):
    """Every control has an accessible name, and Tab visits every control once, unless it has a meaning."""
    with gallery.show(name) as view:
        with suppress(qtbot.TimeoutError):  # the assertions below name what is wrong
            qtbot.waitUntil(view.isActiveWindow, timeout=2000)
            qtbot.waitUntil(lambda: not outside(view) and not cut(view), timeout=20_000)
        assert not outside(view)
        assert not cut(view)
        assert not unnamed(view)
        if name not in TAKE_TAB:
            assert not unreached(qtbot, view)


@pytest.fixture(scope="module")
def large(dressed, tmp_path_factory):
    usual = dressed.font()
    font = QFont(usual)
    font.setPointSizeF(usual.pointSizeF() * 2)
    dressed.setFont(font)
    gallery = Gallery(tmp_path_factory.mktemp("large"))
    yield gallery
    gallery.close()
    dressed.setFont(usual)


@pytest.mark.parametrize("name", [name for name in VIEWS if name != "queue-narrow"])
def test_nothing_is_cut_off_at_twice_the_font_size(qtbot, large, name):
    with large.show(name) as view:
        view.resize(1800, 1000)
        QApplication.processEvents()
        QApplication.processEvents()  # some layouts need a second pass, once the width is known
        assert not cut(view)
