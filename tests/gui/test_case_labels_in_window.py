"""Case and date in the window, by real events: the table, the details, many rows, undo, names."""

import os
from datetime import datetime
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale, Qt
from PySide6.QtTest import QTest

from fi_desktop.core.case_labels import CaseLabel, DateSource, LabelChange
from fi_desktop.gui.job_table.columns import COLUMNS, NAME, column_index
from fi_desktop.gui.local_dates import read_date, shown_date

DATE, CASE = column_index("date"), column_index("case")
NAMES = ("20260312_101500.wav", "REC0001.mp3", "VID-20260314-WA0003.m4a")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in NAMES]
    changed = datetime.fromisoformat("2026-03-13T09:30:00").timestamp()
    for path in paths:
        path.write_bytes(path.name.encode())
        os.utime(path, (changed, changed))
    return paths


@pytest.fixture
def window(desktop, qtbot, program, files):
    window = desktop.window
    window.resize(1180, 700)
    program.service.submit(files).result(120)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == len(files))
    return window


@pytest.fixture
def form(window, qtbot):
    window.table.select(1)
    window.commands.details.trigger()
    qtbot.waitUntil(lambda: window.details.panel is not None and window.details.panel.isVisible())
    return window.details.panel.job.form


def label(window, job_id: int) -> CaseLabel:
    return window.jobs.job(job_id).label


def column(window, index: int) -> list[str]:
    return [window.jobs.index(row, index).data() for row in range(window.jobs.rowCount())]


def ids(window) -> list[int]:
    return [window.jobs.entry_at(row) for row in range(window.jobs.rowCount())]


def write(line, text: str) -> None:
    line.setFocus()
    line.selectAll()
    QTest.keyClicks(line, text) if text else QTest.keyClick(line, Qt.Key.Key_Delete)


def undo(window, qtbot) -> None:
    qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)


def choose_labels(window, qtbot):
    """Press F2, and return the dialog."""
    window.table.setFocus()
    QTest.keyClick(window.table, Qt.Key.Key_F2)
    qtbot.waitUntil(lambda: window.job_controller.labels.dialog is not None)
    return window.job_controller.labels.dialog


# ---- the table


def test_date_is_shown_by_default_after_the_name_and_sorts(window, qtbot):
    header = window.table.horizontalHeader()
    assert [header.logicalIndex(place) for place in range(3)] == [NAME, CASE, DATE]
    assert (header.isSectionHidden(DATE), header.isSectionHidden(CASE)) == (False, True)
    by_name = {window.jobs.index(row, NAME).data(): row for row in range(3)}
    assert [window.jobs.index(by_name[name], DATE).data() for name in NAMES] == [
        shown_date("2026-03-12T10:15:00"),
        shown_date("2026-03-13T09:30:00"),
        shown_date("2026-03-14"),
    ]
    window.table.sortByColumn(DATE, Qt.SortOrder.AscendingOrder)
    assert ids(window) == [1, 2, 3]
    window.table.sortByColumn(DATE, Qt.SortOrder.DescendingOrder)
    assert ids(window) == [3, 2, 1]


def test_tip_says_where_a_date_comes_from(window):
    tips = {
        row.name: window.jobs.index(position, DATE).data(Qt.ItemDataRole.ToolTipRole)
        for position in range(3)
        for row in window.jobs.jobs_at(position)
    }
    assert tips["REC0001.mp3"].endswith("\nWhen the file was last changed")
    assert tips[NAMES[0]].endswith("\nBy the file name")


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("date:2026-03-12", {1}),
        ("date:2026-03", {1, 2, 3}),
        ("date:2026", {1, 2, 3}),
        ("date:2026-04", set()),
        ("date:2026-03-13..2026-03-14", {2, 3}),
        ("date:..2026-03-12", {1}),
        ("date:2026-03-14..", {3}),
        ("date:3/14/26", {3}),
        ("-date:2026-03-12", {2, 3}),
        ("case:ñandu", {2}),
        ("nandú", {2}),
    ],
)
def test_search_by_case_and_date(window, qtbot, program, search, found):
    program.service.relabel({2: LabelChange(case="Ñandú 7")}).result(60)
    qtbot.waitUntil(lambda: label(window, 2).case != "" and window.jobs.settled)
    window.panel.search.setText(search)  # QTest types ASCII only
    window.panel.apply()
    assert window.panel.warning == ""
    assert set(ids(window)) == found


def test_search_for_no_date_is_said(window):
    QTest.keyClicks(window.panel.search, "date:soon")
    window.panel.apply()
    assert "date:soon" in window.panel.warning


# ---- the details


def test_case_is_edited_in_place_and_undone(window, form, qtbot):
    write(form.case, "  0042  Garcia ")
    QTest.keyClick(form.case, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: label(window, 1).case == "0042 Garcia")
    assert window.message.text == "Case of 1 recording changed"
    assert label(window, 1).recorded_from is DateSource.NAME
    undo(window, qtbot)
    qtbot.waitUntil(lambda: label(window, 1).case == "")
    qtbot.waitUntil(lambda: form.case.text() == "")


def test_date_is_edited_in_place_as_people_write_it(window, form, qtbot):
    assert form.date.text() == shown_date("2026-03-12T10:15:00")
    assert form.source.text() == "By the file name"
    write(form.date, "3/1/2026 8:05 am")
    form.case.setFocus()  # leaving the line is enough
    qtbot.waitUntil(lambda: label(window, 1).recorded_at == "2026-03-01T08:05:00")
    qtbot.waitUntil(lambda: form.source.text() == "Entered by hand")
    undo(window, qtbot)
    before = CaseLabel("", "2026-03-12T10:15:00", DateSource.NAME)
    qtbot.waitUntil(lambda: label(window, 1) == before)


def test_what_is_no_date_is_red_and_taken_back(window, form, qtbot):
    write(form.date, "soon")
    assert form.date.palette().text().color() != form.case.palette().text().color()
    form.case.setFocus()
    assert form.date.text() == shown_date("2026-03-12T10:15:00")
    assert label(window, 1).recorded_from is DateSource.NAME


def test_escape_keeps_the_case(window, form, qtbot):
    write(form.case, "typo")
    QTest.keyClick(form.case, Qt.Key.Key_Escape)
    assert form.case.text() == ""
    form.date.setFocus()
    assert label(window, 1).case == ""


def test_what_is_written_belongs_to_the_job_that_was_shown(window, form, qtbot):
    write(form.case, "Ana")
    window.table.select(2)
    qtbot.waitUntil(lambda: label(window, 1).case == "Ana")
    assert label(window, 2).case == ""
    qtbot.waitUntil(lambda: form.file.text() == "REC0001.mp3")
    assert form.case.text() == ""


# ---- many rows


def test_many_rows_get_one_case_and_keep_their_dates(window, qtbot):
    window.table.selectAll()
    dates = [label(window, job_id).recorded_at for job_id in (1, 2, 3)]
    dialog = choose_labels(window, qtbot)
    assert dialog.date.text() == ""  # they differ
    QTest.keyClicks(dialog.case, "0042")
    QTest.keyClick(dialog.case, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: all(label(window, job_id).case == "0042" for job_id in (1, 2, 3)))
    assert [label(window, job_id).recorded_at for job_id in (1, 2, 3)] == dates
    assert window.message.text == "Case of 3 recordings changed"
    undo(window, qtbot)
    qtbot.waitUntil(lambda: all(label(window, job_id).case == "" for job_id in (1, 2, 3)))


def test_dialog_waits_for_a_date(window, qtbot):
    window.table.select(3)
    dialog = choose_labels(window, qtbot)
    assert dialog.date.text() == shown_date("2026-03-14")
    ok = dialog.done_button
    write(dialog.date, "3/44/26")
    assert not ok.isEnabled()
    QTest.keyClick(dialog.date, Qt.Key.Key_Return)
    assert dialog.isVisible()
    write(dialog.date, "2026-03-20")
    qtbot.mouseClick(ok, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: label(window, 3) == CaseLabel("", "2026-03-20", DateSource.PERSON))
    qtbot.waitUntil(lambda: window.job_controller.labels.dialog is None)


def test_names_of_files_are_read_again_by_another_pattern(window, qtbot, desktop, program):
    desktop._on_settings_requested({"name_pattern": "{any}-{date}-{case}"})
    qtbot.waitUntil(lambda: window.job_controller.labels.pattern != "")
    window.table.selectAll()
    dialog = choose_labels(window, qtbot)
    qtbot.mouseClick(dialog.by_name, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: label(window, 3).case == "WA0003")
    assert window.message.text == "Case of 1 recording changed"
    assert label(window, 3).recorded_at == "2026-03-14"
    undo(window, qtbot)
    qtbot.waitUntil(lambda: label(window, 3).case == "")


# ---- cases in place of names


def test_cases_replace_the_names_if_wanted(window, qtbot, program):
    program.service.relabel({1: LabelChange("Zoe"), 3: LabelChange("Ana")}).result(60)
    qtbot.waitUntil(lambda: label(window, 3).case == "Ana" and window.jobs.settled)
    window.table.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
    assert column(window, NAME) == sorted(NAMES)
    window.commands.show_cases.trigger()
    qtbot.waitUntil(lambda: column(window, NAME) == ["Ana", "REC0001.mp3", "Zoe"])
    assert program.settings.show_cases
    opened = window.windows.open(3)
    assert opened.windowTitle().startswith("Ana – ")
    tip = window.jobs.index(0, NAME).data(Qt.ItemDataRole.ToolTipRole)
    assert NAMES[2] in tip
    window.commands.show_cases.trigger()
    qtbot.waitUntil(lambda: column(window, NAME) == sorted(NAMES))
    assert opened.windowTitle().startswith(NAMES[2])


# ---- dates as people write them


@pytest.mark.parametrize("locale", ["es_MX", "en_US", "en_GB", "de_DE", "fr_CA"])
@pytest.mark.parametrize("at", ["2026-11-29", "2026-01-02T09:05:00", "2026-11-29T22:30:00", "2026-03-04"])
def test_date_that_is_shown_is_read_back(locale, at):
    QLocale.setDefault(QLocale(locale))
    assert read_date(shown_date(at)) == at


@pytest.mark.parametrize(
    ("locale", "text", "at"),
    [
        ("es_MX", "29/11/2026", "2026-11-29"),
        ("es_MX", "3/4/26 8:00", "2026-04-03T08:00:00"),
        ("es_MX", "29/11/26 3:05 p.m.", "2026-11-29T15:05:00"),
        ("en_US", "11/29/2026, 3:05 PM", "2026-11-29T15:05:00"),
        ("en_US", "2026-11-29 15:05", "2026-11-29T15:05:00"),
        ("en_US", "  ", ""),
    ],
)
def test_date_is_read_in_the_persons_locale(locale, text, at):
    QLocale.setDefault(QLocale(locale))
    assert read_date(text) == at


def test_new_columns_are_last_so_that_remembered_layouts_stay(qapp):
    assert [each.key for each in COLUMNS][-2:] == ["date", "case"]
