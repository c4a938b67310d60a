"""Searching, collapsing and removing jobs, with real clicks and keys."""

import pytest
from PySide6.QtCore import QEvent, QItemSelectionModel, QObject, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QFont, QGuiApplication, QHelpEvent, QRegion
from PySide6.QtWidgets import QApplication, QHeaderView, QMenu, QToolButton, QToolTip

from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.core.revision import Describe
from fi_desktop.core.transcript import Role
from fi_desktop.core.values import Priority, ReviewState, Stage
from fi_desktop.gui.job_table.chips import Named
from fi_desktop.gui.job_table.columns import COLUMNS, column_index
from fi_desktop.gui.job_table.controller import UNDO_MS
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.gui.widgets import ElidedLabel
from fi_desktop.jobs.queue_events import JobProgressed
from tests.gui import samples
from tests.gui.events import drop_files

CTRL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton
HIDDEN = {index for index, column in enumerate(COLUMNS) if column.hidden}


@pytest.fixture
def recordings(tmp_path):
    files = [tmp_path / name for name in ("Consulta García.wav", "Ward round.mp3", "Third.m4a")]
    for file in files:
        file.write_bytes(b"RIFF" + file.name.encode())
    return files


@pytest.fixture
def window(qtbot, window, hand, recordings):
    """A batch of three: one completed, one failed, one waiting."""
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.total == 3)
    hand.complete(hand.claim(), samples.conversation(3))
    job = hand.claim()
    error = ErrorInfo(ErrorKind.USER, "audio.bad", "This file is damaged.")
    hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
    qtbot.waitUntil(lambda: window.jobs.counts[JobState.FAILED] == 1)
    return window


def names(window):
    return [window.jobs.index(place, 0).data() for place in range(window.jobs.rowCount())]


def stored(hand):
    return hand.do(lambda service: service.transitions.store.ids())


def menu_by_key(window):
    """Open the row menu as the menu key does."""
    place = window.table.viewport().rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, place, window.table.mapToGlobal(place))
    QApplication.sendEvent(window.table, event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def act(menu, text):
    """Choose an entry of a menu or submenu."""
    menus = [menu, *menu.findChildren(QMenu)]
    (action,) = [a for m in menus for a in m.actions() if a.text().replace("&", "") == text]
    assert action.isEnabled()
    action.trigger()
    menu.close()


class TestWorking:
    @pytest.fixture
    def begun(self, qtbot, window, hand, tmp_path):
        """Start the oldest waiting jobs after adding sixty more: far out of view."""
        assert not window.panel.active.isVisible()  # no job is running
        folder = tmp_path / "more"
        folder.mkdir()
        for number in range(60):
            (folder / f"{number}.wav").write_bytes(bytes([number]))
        drop_files(window, folder)
        qtbot.waitUntil(lambda: window.jobs.total == 63)
        begun = [hand.claim() for _ in range(6)]
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.RUNNING] == 6)
        return begun

    def test_running_jobs_out_of_view_are_named_above_the_table(self, qtbot, window, hand, begun):
        working = window.panel.active
        qtbot.waitUntil(lambda: working.isVisible() and working.buttons[0].text() != "")
        assert working.buttons[0].accessibleName() == "Third.m4a: Starting, 0\u00a0% · calculating…"
        hand.do(lambda service: service.publish(JobProgressed(begun[0].id, Stage.SPEECH, 0.5)))
        said = "Third.m4a: Finding speech, 4\u00a0% · calculating…"
        qtbot.waitUntil(lambda: working.buttons[0].accessibleName() == said)
        assert working.more.text().startswith("and ")
        for job in begun[1:]:
            hand.do(lambda service, job=job: service.transitions.released(job.id, job.claim))
        qtbot.waitUntil(lambda: [button.isVisible() for button in working.buttons] == [True, *[False] * 3])

    def test_clicking_a_running_job_shows_it_despite_a_search(self, qtbot, window, begun):
        working = window.panel.active
        window.panel.search.setText("Ward")
        window.panel.apply()
        qtbot.waitUntil(lambda: working.buttons[0].isVisible())
        qtbot.mouseClick(working.buttons[0], LEFT)
        assert [row.id for row in window.table.selected_rows()] == [begun[0].id]
        place = window.table.visualRect(window.table.currentIndex())
        assert window.table.viewport().rect().contains(place.center())


class TestChips:
    def test_chips_show_state_and_number(self, qtbot, window):
        chips = window.panel.chips
        qtbot.waitUntil(lambda: chips.all.accessibleName() == "All 3")
        qtbot.waitUntil(lambda: chips.by_state[JobState.FAILED].accessibleName() == "Failed 1")
        assert all(not chip.icon().isNull() for chip in chips.by_state.values())

    def test_clicking_chips_filters_by_their_states(self, qtbot, window):
        chips = window.panel.chips
        qtbot.mouseClick(chips.by_state[JobState.FAILED], LEFT)
        assert names(window) == ["Ward round.mp3"]
        assert not chips.all.isChecked()
        chips.by_state[JobState.QUEUED].setFocus()
        qtbot.keyClick(chips.by_state[JobState.QUEUED], Qt.Key.Key_Space)
        assert names(window) == ["Third.m4a", "Ward round.mp3"]
        qtbot.mouseClick(chips.all, LEFT)
        assert len(names(window)) == 3
        assert chips.all.isChecked()

    def test_filtered_rows_follow_job_states(self, qtbot, window, hand):
        qtbot.mouseClick(window.panel.chips.by_state[JobState.RUNNING], LEFT)
        assert window.panel.clear.isVisible()
        hand.claim()
        qtbot.waitUntil(lambda: names(window) == ["Third.m4a"])
        qtbot.waitUntil(lambda: window.panel.chips.by_state[JobState.RUNNING].accessibleName() == "Running 1")
        assert window.table.isVisible()

    def test_results_to_review_have_a_chip(self, qtbot, window):
        chips = window.panel.chips
        chip = chips.by_state[ReviewState.DRAFT]
        qtbot.waitUntil(lambda: chip.accessibleName() == "To review 1")
        qtbot.mouseClick(chip, LEFT)
        assert names(window) == ["Consulta García.wav"]
        qtbot.mouseClick(chips.by_state[JobState.FAILED], LEFT)
        assert names(window) == ["Ward round.mp3", "Consulta García.wav"]
        window.jobs.hide([1])
        qtbot.waitUntil(lambda: chip.accessibleName() == "To review 0")
        window.jobs.restore([1])
        opened = window.windows.open(1)
        qtbot.waitUntil(lambda: opened.result is not None)
        opened.result.session.mark_reviewed("Dra. Robles")
        qtbot.waitUntil(lambda: names(window) == ["Ward round.mp3"])
        qtbot.waitUntil(lambda: chip.accessibleName() == "To review 0")
        opened.result.session.edit(Describe("SPEAKER_00", "Ana", None))  # a draft again
        qtbot.waitUntil(lambda: names(window) == ["Ward round.mp3", "Consulta García.wav"])
        qtbot.waitUntil(lambda: chip.accessibleName() == "To review 1")

    def test_names_of_states_without_jobs_are_left_out_first(self, qtbot, window):
        chips = window.panel.chips
        qtbot.waitUntil(lambda: chips.by_state[ReviewState.DRAFT].accessibleName() == "To review 1")
        empty, used = chips.by_state[JobState.CANCELLED], chips.by_state[ReviewState.DRAFT]
        widest = chips._needed_width(Named.ALL)
        chips.fit(widest)
        assert (empty.text(), used.text()) == ("Cancelled 0", "To review 1")
        chips.fit(widest - 1)
        assert (empty.text(), used.text()) == ("0", "To review 1")
        chips.fit(chips.least_width())
        assert (empty.text(), used.text()) == ("0", "1")
        assert used.toolTip() == "To review: 1"

    def test_narrow_window_keeps_all_chips(self, qtbot, window):
        window.resize(window.minimumSize())
        qtbot.waitUntil(lambda: window.panel.chips.by_state[JobState.FAILED].text() == "1")
        last = window.panel.chips.by_state[JobState.CANCELLED]
        assert (
            last.mapTo(window, QPoint(last.width(), 0)).x() < window.panel.search.mapTo(window, QPoint()).x()
        )
        assert "Failed" in window.panel.chips.by_state[JobState.FAILED].toolTip()


class TestSearch:
    def test_search_ignores_accents_and_escape_clears(self, qtbot, window):
        qtbot.keyClick(window, Qt.Key.Key_F, CTRL)
        qtbot.waitUntil(window.panel.search.hasFocus)
        qtbot.keyClicks(window.panel.search, "garcia")
        assert names(window) == ["Consulta García.wav"]
        qtbot.keyClick(window.panel.search, Qt.Key.Key_Escape)
        assert len(names(window)) == 3
        qtbot.keyClick(window.panel.search, Qt.Key.Key_Escape)
        assert window.table.hasFocus()

    def test_terms_and_chips_combine(self, qtbot, window):
        qtbot.keyClicks(window.panel.search, "error:damaged")
        assert names(window) == ["Ward round.mp3"]
        qtbot.mouseClick(window.panel.chips.by_state[JobState.COMPLETED], LEFT)
        assert names(window) == []

    def test_empty_search_result_offers_to_clear(self, qtbot, window):
        qtbot.keyClicks(window.panel.search, "nobody")
        assert window.panel.clear.isVisible()
        assert not window.table.isVisible()
        qtbot.mouseClick(window.panel.clear, LEFT)
        assert len(names(window)) == 3
        assert window.panel.search.text() == ""
        assert window.table.hasFocus()

    def test_results_are_found_by_speaker_role_and_review(self, qtbot, window):
        opened = window.windows.open(1)
        qtbot.waitUntil(lambda: opened.result is not None)
        opened.result.session.edit(Describe("SPEAKER_00", "Dra. Robles", Role.CLINICIAN))
        qtbot.waitUntil(lambda: window.jobs.job(1).people_key != "")
        for typed in ("robles", "clinician", "medico", "draft", "speaker:robles", "review:draft"):
            window.panel.search.clear()
            qtbot.keyClicks(window.panel.search, typed)
            qtbot.waitUntil(lambda: names(window) == ["Consulta García.wav"])
        opened.result.session.sign("Dra. Robles")
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 0)
        window.panel.search.clear()
        qtbot.keyClicks(window.panel.search, "signed")
        qtbot.waitUntil(lambda: names(window) == ["Consulta García.wav"])

    def test_unknown_filter_is_reported(self, qtbot, window):
        qtbot.keyClicks(window.panel.search, "colour:red batch:many")
        assert "Unknown filter “colour:red”." in window.panel.warning
        assert "Invalid filter “batch:many”." in window.panel.warning
        assert len(names(window)) == 3
        window.panel.search.clear()
        assert window.panel.warning == ""

    def test_filtered_rows_are_deselected(self, qtbot, window):
        window.table.selectAll()
        qtbot.keyClicks(window.panel.search, "ward")
        assert [row.name for row in window.table.selected_rows()] == ["Ward round.mp3"]
        assert not window.commands.jobs["cancel"].isEnabled()
        window.panel.search.clear()
        assert [row.name for row in window.table.selected_rows()] == ["Ward round.mp3"]


class TestBatches:
    def test_left_collapses_and_right_expands(self, qtbot, window, recordings):
        window.table.select(2)
        qtbot.keyClick(window.table, Qt.Key.Key_Left)
        assert names(window) == [f"{recordings[0].parent.name} – 3 recordings"]
        told = window.jobs.index(0, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole)
        assert told == "1 completed, 1 failed"
        assert window.jobs.index(0, column_index("stage")).data() == "67\u00a0%"
        qtbot.keyClick(window.table, Qt.Key.Key_Right)
        assert len(names(window)) == 3
        assert window.jobs.collapsed == set()

    def test_clicking_the_arrow_expands_and_collapses(self, qtbot, window):
        window.commands.collapse.trigger()
        arrow = window.table.visualRect(window.jobs.index(0, 0)).topLeft() + QPoint(10, 12)
        qtbot.mouseClick(window.table.viewport(), LEFT, pos=arrow)
        assert len(names(window)) == 3
        qtbot.mouseClick(window.table.viewport(), LEFT, pos=arrow)
        assert len(names(window)) == 1

    def test_cancelled_jobs_do_not_count_as_completed(self, qtbot, window, program):
        program.service.cancel([3]).result(120)
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.CANCELLED] == 1)
        window.jobs.collapse_all()
        told = window.jobs.index(0, 0).data(Qt.ItemDataRole.AccessibleDescriptionRole)
        assert told == "1 completed, 1 failed, 1 cancelled"

    def test_operation_on_a_batch_applies_to_all_its_jobs(self, qtbot, window):
        window.commands.collapse.trigger()
        window.table.selectAll()
        qtbot.keyClick(window, Qt.Key.Key_R, CTRL)
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == 3)
        assert len(names(window)) == 1
        window.commands.expand.trigger()
        assert len(names(window)) == 3

    def test_enter_expands_a_batch(self, qtbot, window):
        window.commands.collapse.trigger()
        window.table.select(1)
        qtbot.keyClick(window.table, Qt.Key.Key_Return)
        assert len(names(window)) == 3


def remove_selected(qtbot, window) -> None:
    """Press Delete, and Enter if there is a question: some jobs have results."""
    results = any(row.exportable for row in window.table.selected_rows())
    qtbot.keyClick(window.table, Qt.Key.Key_Delete)
    question = window.job_controller.remove_question
    assert (question.box is not None) == results
    if question.box is not None:
        qtbot.keyClick(question.box, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: question.box is None)


class TestRemoval:
    def test_undo_restores_removed_jobs(self, qtbot, window, hand):
        window.table.select(2)
        remove_selected(qtbot, window)
        assert len(names(window)) == 2
        assert window.message.text == "1 recording removed"
        qtbot.waitUntil(lambda: window.panel.chips.all.accessibleName() == "All 2")
        qtbot.mouseClick(window.message.action_button, LEFT)
        assert len(names(window)) == 3
        assert stored(hand) == [1, 2, 3]

    def test_ctrl_z_restores_removed_jobs(self, qtbot, window, hand):
        window.table.selectAll()
        remove_selected(qtbot, window)
        qtbot.waitUntil(window.empty.isVisible)
        qtbot.keyClick(window, Qt.Key.Key_Z, CTRL)
        qtbot.waitUntil(window.panel.isVisible)
        assert len(names(window)) == 3
        assert not window.message.isVisible()
        assert not window.commands.undo.isEnabled()

    def test_removal_is_delayed(self, qtbot, window, hand):
        window.table.select(2)
        remove_selected(qtbot, window)
        grace = window.job_controller.removal._timer
        assert stored(hand) == [1, 2, 3]
        assert grace.interval() == UNDO_MS
        grace.start(0)
        qtbot.waitUntil(lambda: stored(hand) == [1, 3])
        assert not window.message.isVisible()

    def test_next_removal_completes_the_first(self, qtbot, window, hand):
        for job_id in (1, 2):
            window.table.select(job_id)
            remove_selected(qtbot, window)
        qtbot.waitUntil(lambda: stored(hand) == [2, 3])
        qtbot.mouseClick(window.message.action_button, LEFT)
        qtbot.waitUntil(lambda: names(window) == ["Third.m4a", "Ward round.mp3"])

    def test_closing_the_window_completes_the_removal(self, qtbot, window, desktop, program):
        window.table.select(2)
        remove_selected(qtbot, window)
        with qtbot.waitSignal(desktop.ended):
            desktop.stop()
        assert not program.service.folders.folder(2).exists()
        again = type(program)(program.settings.home)
        again.start()
        assert again.hand.do(lambda service: service.transitions.store.ids()) == [1, 3]
        again.stop()

    def test_removed_job_that_starts_is_restored(self, qtbot, window, hand):
        window.table.selectAll()
        remove_selected(qtbot, window)
        hand.claim()
        qtbot.waitUntil(lambda: window.jobs.state_of(3) is JobState.RUNNING)
        window.job_controller.removal.carry_out()
        qtbot.waitUntil(lambda: names(window) == ["Third.m4a"])
        assert window.message.text == "1 recording started meanwhile and stayed"
        qtbot.waitUntil(lambda: stored(hand) == [3])


class TestMenu:
    def test_priority(self, qtbot, window, hand):
        window.table.select(3)
        act(menu_by_key(window), "Urgent")
        qtbot.waitUntil(lambda: window.jobs.job(3).priority is Priority.URGENT)

    def test_names_are_copied(self, window):
        window.table.selectAll()
        act(menu_by_key(window), "Copy file names")
        assert QGuiApplication.clipboard().text().splitlines() == names(window)

    def test_batch_is_collapsed(self, window):
        window.table.select(2)
        act(menu_by_key(window), "Collapse batch")
        assert len(names(window)) == 1


class TestColumns:
    def test_column_layout_survives_a_restart(self, qtbot, window, desktop, program):
        header = window.table.horizontalHeader()
        assert {i for i in range(header.count()) if header.isSectionHidden(i)} == HIDDEN
        shown = {a.text(): a for a in window.table.columns.menu.actions()}
        shown["Length"].trigger()
        shown["Added"].trigger()
        header.moveSection(header.visualIndex(column_index("time")), 1)
        window.table.sortByColumn(column_index("name"), Qt.SortOrder.AscendingOrder)
        with qtbot.waitSignal(desktop.ended):
            window.close()
            desktop.stop()
        again = MainWindow(program.service, program.settings, window._bridge)
        qtbot.addWidget(again)
        again.closable = True
        header = again.table.horizontalHeader()
        assert header.isSectionHidden(column_index("length"))
        assert not header.isSectionHidden(column_index("submitted"))
        assert header.visualIndex(column_index("time")) == 1
        assert header.sortIndicatorSection() == column_index("name")

    def test_widths_are_saved_and_measured_again_for_larger_text(self, qtbot, qapp, window, desktop, program):
        window.table.horizontalHeader().resizeSection(column_index("state"), 213)
        header = window.table.horizontalHeader()
        header.moveSection(header.visualIndex(column_index("time")), 1)
        with qtbot.waitSignal(desktop.ended):
            window.close()
            desktop.stop()
        before = qapp.font()
        font = QFont(before)
        font.setPointSizeF(2 * before.pointSizeF())
        widths = []
        try:
            for each in (before, font):
                qapp.setFont(each)
                again = MainWindow(program.service, program.settings, window._bridge)
                qtbot.addWidget(again)
                again.closable = True
                header = again.table.horizontalHeader()
                assert header.visualIndex(column_index("time")) == 1
                widths.append(header.sectionSize(column_index("state")))
                for index, column in enumerate(COLUMNS):
                    heading = again.table.fontMetrics().horizontalAdvance(column.heading)
                    assert header.isSectionHidden(index) or header.sectionSize(index) > heading
        finally:
            qapp.setFont(before)
        assert widths[0] == 213

    def test_layout_saved_with_other_columns_is_ignored(self, qtbot, window, program, desktop, ini):
        other = QHeaderView(Qt.Orientation.Horizontal)
        qtbot.addWidget(other)
        with qtbot.waitSignal(desktop.ended):
            desktop.stop()
        ini.setValue("main/columns", other.saveState())
        ini.setValue("main/columns_count", 8)
        ini.sync()
        again = MainWindow(program.service, program.settings, window._bridge)
        qtbot.addWidget(again)
        again.closable = True
        header = again.table.horizontalHeader()
        assert {i for i in range(header.count()) if header.isSectionHidden(i)} == HIDDEN
        assert header.count() == len(COLUMNS)

    def test_submission_time_is_relative(self, qtbot, window):
        now = window.jobs.job(1).submitted_at
        ago = window.jobs.texts.labels.ago
        assert [ago(now, now + s) for s in (5, 300, 7300)] == ["just now", "5 min ago", "2 h ago"]
        tip = window.jobs.index(0, column_index("submitted")).data(Qt.ItemDataRole.ToolTipRole)
        assert tip == window.jobs.texts.labels.moment(window.jobs.job(3).submitted_at)

    def test_every_chip_is_reachable_by_tab(self, window):
        chips = window.panel.chips.findChildren(QToolButton)
        assert len(chips) == 8
        assert all(chip.focusPolicy() & Qt.FocusPolicy.TabFocus for chip in chips)


@pytest.mark.parametrize("width", [760, 1180, 1600])
def test_name_column_keeps_a_minimum_width(qtbot, window, width):
    window.resize(width, 500)
    QApplication.processEvents()
    header = window.table.horizontalHeader()
    name = header.sectionSize(column_index("name"))
    assert name >= 32 * window.table.fontMetrics().averageCharWidth()
    assert header.length() >= window.table.viewport().width()
    if width == 1600:
        assert header.length() == window.table.viewport().width()
    window.table.columns.menu.actions()[column_index("state")].trigger()
    assert header.sectionSize(column_index("name")) >= name


def test_focus_marker_leaves_no_trace(qtbot, window):
    painted = Painted(window.table.viewport())
    window.table.setFocus()
    window.table.setCurrentIndex(window.jobs.index(0, 0))
    window.table.clearSelection()
    QApplication.processEvents()
    painted.region = QRegion()
    window.table.selectionModel().setCurrentIndex(
        window.jobs.index(2, 0), QItemSelectionModel.SelectionFlag.NoUpdate
    )
    last = window.table.horizontalHeader().logicalIndexAt(window.table.viewport().width() - 1)
    for row in (0, 2):
        there = window.table.visualRect(window.jobs.index(row, last)).intersected(painted.viewport.rect())
        qtbot.waitUntil(lambda there=there: painted.region.contains(there.center()))


def test_long_status_text_is_elided_with_a_tooltip(qtbot, window):
    sentence = "The disk is full: nothing more can be taken until there is room on it again. " * 3
    before = window.width()
    window.status.show_problem(sentence)
    QApplication.processEvents()
    (label,) = [each for each in window.status.findChildren(ElidedLabel) if each.text() == sentence]
    assert window.width() == before
    assert "…" in label.shown()
    place = label.rect().center()
    QApplication.sendEvent(label, QHelpEvent(QEvent.Type.ToolTip, place, label.mapToGlobal(place)))
    assert QToolTip.text() == sentence
    QToolTip.hideText()


class Painted(QObject):
    """Records which parts of a viewport were painted."""

    def __init__(self, viewport):
        super().__init__(viewport)
        self.viewport, self.region = viewport, QRegion()
        viewport.installEventFilter(self)

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Paint:
            self.region += event.region()
        return super().eventFilter(watched, event)
