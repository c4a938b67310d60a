import subprocess
import sys

import pytest
from PySide6.QtWidgets import QWidget

from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.job_table.table import JobsTable

_PROGRAM = """
import sys
import fi_desktop.gui
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QWidget
application = QApplication([])
class Part(QWidget):
    __module__ = "fi_desktop.gui.part"
    def hideEvent(self, event):
        super().hideEvent(event)
        WRONG
class Filter(QObject):
    __module__ = "fi_desktop.gui.part"
    def eventFilter(self, watched, event):
        WRONG
part, filtered, filter = Part(), QWidget(), Filter()
filtered.installEventFilter(filter)
part.show()
for step in (part.hide, filtered.show):
    try:
        step()
    except Exception as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("int('x')", "ValueError"),
        ("[][3]", "IndexError"),
        ("1 / 0", "ZeroDivisionError"),
        ("{}[1]", "KeyError"),
        ("self.nothing", "AttributeError"),
        ("raise OSError('no disk')", "OSError"),
    ],
)
def test_error_in_an_override_is_raised_where_qt_was_called(wrong: str, error: str):
    program = _PROGRAM.replace("WRONG", wrong)
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == [error, error]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="nothing to guard there")
def test_overrides_of_the_window_are_guarded_and_nothing_else():
    assert hasattr(JobsTable.hideEvent, "__wrapped__")
    assert hasattr(JobsModel.data, "__wrapped__")
    assert not hasattr(JobsTable.selected_rows, "__wrapped__")

    class Other(QWidget):
        def hideEvent(self, event: object) -> None:
            """Hide."""

    assert not hasattr(Other.hideEvent, "__wrapped__")
