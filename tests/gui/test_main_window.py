from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QComboBox,
    QFileDialog,
    QPushButton,
    QToolButton,
    QWidget,
)

from fi_desktop.audio.media_files import sample_recording
from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import JobState
from fi_desktop.core.messages import verbatim
from fi_desktop.core.values import JobOptions, SpeakerCount
from fi_desktop.gui.adding.controller import Rejection
from fi_desktop.gui.adding.options_bar import OptionsBar
from fi_desktop.gui.main_window import MainWindow
from fi_desktop.gui.window_state import available
from fi_desktop.jobs.queue_events import ExportsHeld, Notice, QueuePaused
from fi_desktop.jobs.store import JobStore
from tests.gui import samples
from tests.gui.events import drag_in, drag_out, drop, drop_files, files_data


def rows(window):
    return [window.jobs.row(window.jobs.index(place, 0)) for place in range(window.jobs.rowCount())]


def states(window):
    return {row.name: row.state for row in rows(window)}


@pytest.fixture
def queued(qtbot, window, recordings):
    """Three dropped recordings."""
    drop_files(window, *recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    return [row.id for row in reversed(rows(window))]


class TestEmpty:
    @pytest.fixture(autouse=True)
    def listed(self, qtbot, window):
        qtbot.waitUntil(window.empty.isVisible)

    def test_empty_window_says_what_to_do(self, window):
        assert not window.table.isVisible()

    def test_sample_is_added_by_one_click(self, qtbot, window):
        qtbot.mouseClick(window.empty.sample, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: states(window) == {sample_recording().name: JobState.QUEUED})
        assert window.table.isVisible()

    def test_empty_state_returns_when_the_last_job_is_removed(self, qtbot, window, queued):
        window.table.selectAll()
        qtbot.keyClick(window.table, Qt.Key.Key_Delete)
        qtbot.waitUntil(window.empty.isVisible)

    def test_enter_on_the_add_button_opens_the_file_dialog(self, qtbot, window):
        window.empty.add.setFocus()
        qtbot.keyClick(window.empty.add, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: bool(window.findChildren(QFileDialog)))
        window.findChildren(QFileDialog)[0].reject()


def fill_disk(hand) -> None:
    def fill(service) -> None:
        connection = service.transitions.store.rows.cache._con
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    hand.do(fill)


def empty_disk(hand) -> None:
    hand.do(
        lambda service: service.transitions.store.rows.cache._con.execute(
            "PRAGMA max_page_count = 1073741823"
        )
    )


class TestDrop:
    def test_files_become_rows(self, qtbot, window, recordings):
        drop_files(window, *recordings)
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
        assert set(states(window)) == {"First.wav", "Second ñ.mp3", "Third.m4a"}

    def test_folder_is_searched_for_recordings(self, qtbot, window, recordings):
        drop_files(window, recordings[0].parent)
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)

    def test_overlay_is_shown_during_a_drag(self, window, recordings):
        event = drag_in(window, files_data(recordings))
        assert event.isAccepted()
        assert window.findChild(QWidget, "overlay").isVisible()
        drag_out(window)
        assert not window.findChild(QWidget, "overlay").isVisible()

    def test_drop_is_a_copy_so_that_the_source_keeps_the_file(self, window, recordings):
        data = files_data(recordings)
        assert drop(window, data).dropAction() is Qt.DropAction.CopyAction

    def test_dropped_text_is_refused_in_a_sentence(self, window):
        data = QMimeData()
        data.setText("hello")
        drop(window, data)
        assert window.message.isVisible()
        assert window.message.text == "Only files and folders on this computer can be added."

    def test_web_address_is_refused(self, window):
        data = QMimeData()
        data.setUrls([QUrl("https://example.org/a.wav")])
        drop(window, data)
        assert window.message.isVisible()

    def test_escape_in_the_table_dismisses_the_message(self, qtbot, window, queued):
        window.message.info("Something.")
        qtbot.keyClick(window.table, Qt.Key.Key_Escape)
        assert not window.message.isVisible()

    def test_empty_folder_shows_the_queues_sentence(self, qtbot, window, tmp_path):
        drop_files(window, tmp_path)
        qtbot.waitUntil(lambda: window.message.isVisible())
        assert window.message.text == "No audio or video was found."
        qtbot.keyClick(window, Qt.Key.Key_Escape)
        assert not window.message.isVisible()

    def test_recordings_refused_for_a_full_disk_stay_announced_until_added(
        self, qtbot, window, hand, tmp_path
    ):
        folder = tmp_path / "consultations"
        folder.mkdir()
        for number in range(60):
            (folder / f"{number}.wav").write_bytes(bytes([number]))
        hand.tolerant = True
        fill_disk(hand)
        drop_files(window, folder)
        refused = window.add_controller.rejected.bar
        qtbot.waitUntil(refused.isVisible)
        full = "The disk is full. Nothing can be saved until there is free space."
        assert refused.text == f"“consultations” was not added. {full}"
        hand.do(lambda service: service.publish(QueuePaused(False)))  # a transaction without writes succeeds
        qtbot.waitUntil(lambda: not window.message.isVisible())  # the queue's own error is resolved
        qtbot.keyClick(window, Qt.Key.Key_Escape)
        assert refused.isVisible()
        qtbot.mouseClick(refused.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not refused.isVisible())
        qtbot.waitUntil(refused.isVisible)  # the disk is still full
        empty_disk(hand)
        qtbot.mouseClick(refused.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.jobs.total == 60)
        assert not refused.isVisible()

    def test_refused_recordings_survive_a_language_change(self, qtbot, desktop, window, hand, recordings):
        choice = window.options.choice()
        error = ErrorInfo(ErrorKind.TRANSIENT, "store.busy", "Another program is using the queue's file.")
        window.add_controller.rejected.hold(
            *(Rejection((recording,), choice, error) for recording in recordings[:2])
        )
        desktop.set_language("es")
        bar = desktop.window.add_controller.rejected.bar
        assert bar.text == (
            "2 grabaciones o carpetas no se agregaron. Otro programa está usando el archivo de la cola."
        )
        qtbot.mouseClick(bar.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: desktop.window.jobs.total == 2)

    def test_queue_does_not_dismiss_a_shown_message(self, qtbot, window, hand):
        window.message.info("Saved as result.txt.")
        hand.do(lambda service: service.publish(Notice(None)))
        hand.do(lambda service: service.publish(QueuePaused(True)))
        qtbot.waitUntil(window.pause_bar.isVisible)
        assert window.message.isVisible()

    def test_window_says_what_exports_wait_for_until_it_is_over(self, qtbot, window, hand):
        hand.do(lambda service: service.publish(ExportsHeld(messages.EXPORTS_AWAY(folder="/mnt/results"))))
        qtbot.waitUntil(window.message.isVisible)
        assert window.message.text.startswith("The folder for results “/mnt/results” is not connected.")
        hand.do(lambda service: service.publish(Notice(None)))  # of the queue
        hand.do(lambda service: service.publish(QueuePaused(True)))
        qtbot.waitUntil(window.pause_bar.isVisible)
        assert window.message.isVisible()
        hand.do(lambda service: service.publish(ExportsHeld(None)))
        qtbot.waitUntil(window.message.isHidden)

    def test_dropped_recordings_get_the_chosen_options(self, qtbot, window, hand, recordings):
        window.options.speakers.setFocus()
        qtbot.keyClick(window.options.speakers, Qt.Key.Key_3)
        engine = next(a for a in window.options.more.menu().actions() if a.data() == "channels")
        engine.trigger()
        drop_files(window, recordings[0])
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
        options = hand.claim().options
        assert (str(options.speakers), options.engine) == ("3", "channels")


class TestActions:
    def test_rows_follow_job_states(self, qtbot, window, hand, queued):
        job = hand.claim()
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.RUNNING)
        hand.complete(job, samples.conversation(5))
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.COMPLETED)
        assert window.status.jobs_text == "0 running   ·   2 waiting   ·   1 completed"

    def test_cancel_by_key(self, qtbot, window, queued):
        window.table.select(queued[1])
        qtbot.keyClick(window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: states(window)["Second ñ.mp3"] is JobState.CANCELLED)
        assert states(window)["First.wav"] is JobState.QUEUED

    def test_running_job_is_cancelling_first(self, qtbot, window, hand, queued):
        job = hand.claim()
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.RUNNING)
        window.table.select(queued[0])
        assert not window.commands.jobs["remove"].isEnabled()
        qtbot.mouseClick(tool_button(window, "Cancel"), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.jobs.index_of_job(job.id).siblingAtColumn(1).data() == "Cancelling…")
        hand.do(lambda service: service.transitions.cancelled(job.id, job.claim))
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.CANCELLED)

    def test_retry(self, qtbot, window, hand, queued):
        job = hand.claim()
        error = ErrorInfo(ErrorKind.USER, "audio.empty", "This recording is empty.")
        hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.FAILED)
        window.table.select(job.id)
        qtbot.mouseClick(tool_button(window, "Retry"), Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.QUEUED)

    def test_redo_of_one_completed_recording_can_be_undone(self, qtbot, window, hand, queued):
        hand.complete(hand.claim(), samples.conversation(5))
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.COMPLETED)
        window.table.select(queued[0])
        qtbot.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.QUEUED)
        assert window.message.text == "Processing 1 finished recording again"
        qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.COMPLETED)

    @pytest.mark.parametrize(
        ("answer", "again"),
        [("Cancel", []), ("Process again", [1, 2, 3]), ("Only the 1 without a result", [3])],
    )
    def test_redo_of_several_completed_recordings_is_confirmed(
        self, qtbot, window, hand, queued, answer, again
    ):
        for turns in (5, 6):
            hand.complete(hand.claim(), samples.conversation(turns))
        job = hand.claim()
        error = ErrorInfo(ErrorKind.USER, "audio.empty", "This recording is empty.")
        hand.do(lambda service: service.transitions.failed(job.id, job.claim, error))
        qtbot.waitUntil(lambda: states(window)["First.wav"] is JobState.COMPLETED)
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.FAILED] == 1)
        before = window.jobs.counts
        qtbot.keyClick(window.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        qtbot.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier)
        box = window.job_controller.retries.box
        assert box.text() == "Process 2 finished recordings again?"
        assert window.jobs.counts == before
        (button,) = [button for button in box.buttons() if button.text() == answer]
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: window.jobs.counts[JobState.QUEUED] == len(again))
        assert window.jobs.counts[JobState.COMPLETED] == 2 - len([i for i in again if i < 3])

    def test_refused_command_is_shown_and_blocks_nothing(self, qtbot, window, hand, queued):
        window.table.select(queued[1])
        job = hand.do(lambda service: service.transitions.store.get(queued[1]))
        hand.do(lambda service: service.transitions.store.remove(job))  # without an event
        qtbot.keyClick(window, Qt.Key.Key_Period, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: window.message.text == "There is no job 2.")

    def test_only_applicable_actions_are_enabled(self, qtbot, window, queued):
        assert not any(action.isEnabled() for action in window.commands.job_actions)
        window.table.select(queued[0])
        offered = [action.isEnabled() for action in window.commands.job_actions]
        assert offered == [True, True, False, True]  # open, cancel, retry, remove
        qtbot.keyClick(window.table, Qt.Key.Key_Escape)
        assert not window.commands.jobs["remove"].isEnabled()

    def test_ctrl_a_selects_all(self, qtbot, window, queued):
        qtbot.keyClick(window.table, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        assert len(window.table.selected_rows()) == 3

    def test_row_menu_opens_by_keyboard(self, qtbot, window, queued):
        from PySide6.QtGui import QContextMenuEvent
        from PySide6.QtWidgets import QApplication, QMenu

        window.table.select(queued[0])
        place = window.table.viewport().rect().center()
        event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, place, window.table.mapToGlobal(place))
        QApplication.sendEvent(window.table, event)
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        assert window.commands.jobs["retry"] in menu.actions()
        menu.close()


class TestDialogs:
    def test_ctrl_o_adds_chosen_files(self, qtbot, window, recordings):
        qtbot.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: bool(window.findChildren(QFileDialog)))
        (dialog,) = window.findChildren(QFileDialog)
        dialog.filesSelected.emit([str(file) for file in recordings[:2]])
        dialog.reject()
        qtbot.waitUntil(lambda: window.jobs.rowCount() == 2)
        qtbot.waitUntil(lambda: not window.findChildren(QFileDialog))

    def test_only_one_file_dialog_opens(self, qtbot, window):
        window.commands.add.trigger()
        window.commands.add_folder.trigger()
        qtbot.waitUntil(lambda: len(window.findChildren(QFileDialog)) == 1)
        window.findChildren(QFileDialog)[0].reject()


def tool_button(window, name):
    (button,) = [b for b in window.findChildren(QToolButton) if b.accessibleName() == name]
    return button


def test_every_control_has_a_name(qtbot, window, queued):
    job_window = window.windows.open(queued[0])
    qtbot.waitUntil(lambda: job_window.page.isVisible())
    kinds = (QAbstractButton, QAbstractItemView, QComboBox, QAbstractScrollArea)
    for top in (window, job_window):
        for widget in top.findChildren(QWidget):
            if isinstance(widget, kinds) and not widget.objectName().startswith("qt_"):
                said = widget.accessibleName() or getattr(widget, "text", lambda: "")()
                assert said or _part_of_another(widget), widget
    job_window.close()


def _part_of_another(widget):
    """Return whether Qt creates and names a part itself, such as a combo box's list."""
    parent = widget.parent()
    return type(parent).__name__ in ("QComboBoxPrivateContainer", "QFrame") or (
        isinstance(parent, QAbstractItemView) and isinstance(widget, QAbstractButton | QAbstractItemView)
    )


def test_every_control_is_reachable_by_tab(window, queued):
    wanted = [b for b in window.findChildren(QToolButton) if b.isVisible() and b.accessibleName()]
    wanted = [b for b in wanted if b.parent() is not window.panel.search]  # Escape does the same
    wanted += [window.table, window.panel.search, window.options.speakers, *window.findChildren(QPushButton)]
    chain, widget = set(), window.nextInFocusChain()
    while widget is not window:
        if widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            chain.add(widget)
        widget = widget.nextInFocusChain()
    assert not [w.accessibleName() for w in wanted if w not in chain]


def test_geometry_and_columns_are_saved(qtbot, window, desktop, program, ini):
    window.resize(780, 500)
    window.table.horizontalHeader().resizeSection(1, 233)
    window.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    with qtbot.waitSignal(desktop.ended):
        window.close()
    ini.sync()
    assert ini.value("main/geometry")
    again = MainWindow(program.service, program.settings, window._bridge)
    qtbot.addWidget(again)
    again.closable = True
    assert (again.width(), again.height()) == (780, 500)
    header = again.table.horizontalHeader()
    assert header.sectionSize(1) == 233
    assert (header.sortIndicatorSection(), header.sortIndicatorOrder()) == (1, Qt.SortOrder.DescendingOrder)


def test_worker_problems_are_shown(qtbot, window):
    window._bridge.events_arrived.emit(
        (samples.workers(trouble=verbatim("Workers cannot be started here.")),)
    )
    qtbot.waitUntil(lambda: window.status.workers_text == "Workers cannot be started here.")
    idle = samples.WorkerState.IDLE
    window._bridge.events_arrived.emit((samples.workers(idle, samples.WorkerState.BUSY),))
    assert window.status.workers_text == "Workers: 1 of 2 idle"


def test_pause_is_shown_with_a_resume_button(qtbot, window, program):
    assert not window.pause_bar.isVisible()
    program.service.pause()
    qtbot.waitUntil(lambda: window.status.jobs_text.startswith("Paused"))
    assert window.pause_bar.text == "The queue is paused. No recording will start until you resume it."
    assert tool_button(window, "Resume the queue").isChecked()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.pause_bar.isVisible()
    qtbot.mouseClick(window.pause_bar.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.status.jobs_text.startswith("Paused"))
    assert not window.pause_bar.isVisible()
    assert not tool_button(window, "Pause the queue").isChecked()


@pytest.fixture
def paused_before(home) -> None:
    store = JobStore(home / "store")
    with store.transaction():
        store.paused = True
    store.close()


def test_pause_from_an_earlier_session_is_shown(paused_before, qtbot, window):
    qtbot.waitUntil(window.pause_bar.isVisible)


def test_unusual_default_is_offered(qtbot):
    bar = OptionsBar(JobOptions(SpeakerCount(3, 6), "builtin"))
    qtbot.addWidget(bar)
    assert str(bar.options().speakers) == "3-6"
    assert bar.options().engine == "builtin"
    bar.speakers.setCurrentText("Detect automatically")
    assert str(bar.options().speakers) == "auto"


def test_times_update_only_while_jobs_are_active(qtbot, window, hand, queued):
    assert window.table.ticking
    window.hide()
    assert not window.table.ticking
    window.show()
    qtbot.waitUntil(lambda: window.table.ticking)
    for _ in queued:
        hand.complete(hand.claim(), samples.conversation(3))
    qtbot.waitUntil(lambda: not window.table.ticking)


def test_long_names_are_elided(qtbot, window, tmp_path):
    long = tmp_path / ("a" * 120 + " end.wav")
    long.write_bytes(b"RIFF")
    drop_files(window, long)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)
    window.grab()
    assert Path(window.jobs.index(0, 0).data(Qt.ItemDataRole.ToolTipRole).splitlines()[0]) == long


def test_message_counts_every_copy_that_was_dropped(qtbot, window, recordings):
    copies = [recordings[0].with_name(name) for name in ("copy.wav", "another.wav")]
    for copy in copies:
        copy.write_bytes(recordings[0].read_bytes())
    drop_files(window, recordings[0], *copies)
    qtbot.waitUntil(lambda: "2 recordings are already in the list" in window.message.text)
    assert window.message.text.startswith("1 recording added")
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 1)


def test_known_recording_is_added_again_only_if_confirmed(qtbot, window, program, recordings):
    window.add_controller.add(recordings)
    qtbot.waitUntil(lambda: window.jobs.rowCount() == 3)
    job = program.hand.claim()
    program.hand.complete(job, samples.conversation())
    window.add_controller.add(recordings)
    qtbot.waitUntil(lambda: "3 recordings are already in the list" in window.message.text)
    assert window.jobs.rowCount() == 3
    qtbot.mouseClick(window.message.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.jobs.job(job.id).state is JobState.QUEUED)
    assert window.jobs.rowCount() == 3
    assert not window.message.isVisible()


def test_window_is_centred_at_the_first_start(window):
    room = available(window)
    middle = room.center().x() - window.width() // 2
    assert abs(window.x() - max(room.left(), middle)) <= 16  # leaves room for the borders
    assert window.y() >= room.top()
    assert room.contains(window.pos())
