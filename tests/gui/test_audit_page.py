"""The monitor's audit page: filter by day and kind, verify, export; real entries in a real window."""

from __future__ import annotations

import csv
import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.language import WindowLanguage
from fi_desktop.gui.monitor.audit_page import ActLabels
from fi_desktop.gui.monitor.window import MonitorWindow
from tests.gui.test_audit import AuditedApp

DAY_S = 86_400


@pytest.fixture
def program(home: Path):
    program = AuditedApp(home)
    yield program
    program.trail.close()


def record(program: AuditedApp, days_ago: int, *kinds: ActKind) -> None:
    program.trail._now = lambda: time.time() - days_ago * DAY_S
    for number, kind in enumerate(kinds, 1):
        program.trail.record(Act(kind, number)).result(120)
    program.trail._now = time.time


@pytest.fixture
def monitor(qtbot, dressed, program):
    record(program, 2, ActKind.OPENED, ActKind.EXPORTED)
    record(program, 0, ActKind.OPENED, ActKind.PLAYED)
    program.hand.start()
    bridge = Bridge(program.service)
    monitor = MonitorWindow(bridge, program)
    qtbot.addWidget(monitor)
    monitor.resize(1000, 560)
    monitor.show()
    qtbot.mouseClick(monitor.pages.buttons[4], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: monitor.audit.cells.rowCount() == 5)
    yield monitor
    monitor.close()
    bridge.close()
    program.hand.stop()


def kinds(monitor: MonitorWindow) -> list[str]:
    model = monitor.audit.cells
    return [model.index(row, 2).data() for row in range(model.rowCount())]


def choose(monitor: MonitorWindow, box: str, text: str) -> None:
    combo = getattr(monitor.audit, box)
    combo.setCurrentIndex(next(i for i in range(combo.count()) if text in combo.itemText(i)))


def test_entries_are_listed_newest_first(monitor):
    assert kinds(monitor) == ["Audit trail read", "Played", "Opened", "Exported", "Opened"]
    assert "@" in monitor.audit.cells.index(0, 1).data()
    assert monitor.audit.cells.index(1, 3).data() == "2"


def test_entries_are_filtered_by_kind_and_day(monitor):
    choose(monitor, "kind", "Opened")
    assert kinds(monitor) == ["Opened", "Opened"]
    monitor.audit.day.setCurrentIndex(2)  # the earlier day
    assert kinds(monitor) == ["Opened"]
    choose(monitor, "kind", "Everything")
    assert kinds(monitor) == ["Exported", "Opened"]
    assert monitor.audit.day.count() == 3


def test_a_choice_stays_while_new_entries_come(qtbot, monitor, program):
    choose(monitor, "kind", "Played")
    record(program, 0, ActKind.PLAYED)
    monitor.audit.refresh()
    qtbot.waitUntil(lambda: kinds(monitor) == ["Played", "Played"])


def test_an_intact_trail_is_verified(qtbot, monitor):
    qtbot.mouseClick(monitor.audit.verify, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: monitor.message.text == "The audit trail is as it was written.")
    assert monitor.audit.verify.isEnabled()


def test_a_changed_entry_is_named(qtbot, monitor, program):
    (file,) = program.settings.audit.glob("trail-*")
    file.write_bytes(file.read_bytes().replace(b'"kind":"exported"', b'"kind":"reviewed"'))
    qtbot.mouseClick(monitor.audit.verify, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "was changed" in monitor.message.text)
    assert monitor.message.text.startswith("Entry 4 of the audit trail was changed.")


def test_entries_are_exported(qtbot, monitor, tmp_path):
    qtbot.mouseClick(monitor.audit.export, Qt.MouseButton.LeftButton)
    (dialog,) = (d for d in monitor.findChildren(QFileDialog) if d.isVisible())
    dialog.fileSelected.emit(str(tmp_path / "audit.csv"))
    dialog.done(QFileDialog.DialogCode.Accepted)
    qtbot.waitUntil(lambda: monitor.message.text == "Saved as audit.csv.")
    rows = list(csv.DictReader((tmp_path / "audit.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["kind"] for row in rows] == ["opened", "exported", "opened", "played", "trail read"]
    qtbot.waitUntil(lambda: kinds(monitor)[0] == "Audit trail read")


def test_every_kind_has_a_name_in_spanish(dressed: QApplication):
    language = WindowLanguage(dressed, "es")
    labels = ActLabels()
    named = [kind for kind in ActKind if labels.kind(kind) == kind.value]
    language.close()
    WindowLanguage(dressed, "en")
    assert named == [ActKind.TRAIL_BEGAN, ActKind.TRAIL_DAMAGED, ActKind.CHECKPOINT]  # not shown
