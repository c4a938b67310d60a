"""Every view of the program, by name, on a busy day."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pyrage
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QDialog, QWidget

from fi_desktop.core import messages
from fi_desktop.core.events import Submitted
from fi_desktop.core.revision import Check, Describe
from fi_desktop.core.transcript import Grade, Role
from fi_desktop.core.values import JobOptions, ReviewState, SpeakerCount
from fi_desktop.gui.actions import HelpMenu
from fi_desktop.gui.adding.own_exports_dialog import OwnExportsDialog
from fi_desktop.gui.adding.watched_folders_dialog import WatchedFoldersDialog
from fi_desktop.gui.encryption.unlock_dialog import UnlockDialog
from fi_desktop.gui.help import AboutDialog, WelcomeDialog
from fi_desktop.gui.monitor.window import MonitorWindow
from fi_desktop.gui.preferences import PreferencesDialog
from fi_desktop.gui.result.speaker_dialog import SpeakerDialog
from fi_desktop.gui.result.text_panel import TextPanel
from fi_desktop.gui.result.view import ResultView
from fi_desktop.gui.result.window import JobWindow
from fi_desktop.gui.window_state import center, resize_to_screen
from fi_desktop.jobs.export_rules import ExportRule
from fi_desktop.jobs.indexing import IndexingThread
from fi_desktop.jobs.queue_events import JobChanged, QueueEvent, WorkerState
from fi_desktop.settings import Page
from fi_desktop.vault.vault import Vault
from fi_desktop.viewmodel import pin
from fi_desktop.watch.config import Choice, WatchedFolder
from tests.exporters.said_lines import transcript_of
from tests.exporters.test_deidentified import ENGLISH, SPANISH
from tests.gui import samples
from tests.gui.events import drag_in, files_data
from tests.gui.events import drop as drop_data
from tests.gui.monitor_samples import clinic_days, week
from tests.gui.scene import Scene
from tests.gui.sealed_window import PASSPHRASE

View = Callable[[Scene], QWidget]


def queue(scene: Scene) -> QWidget:
    scene.desktop.window.table.select(8)
    return scene.desktop.window


def narrow(scene: Scene) -> QWidget:
    scene.desktop.window.resize(760, 420)
    return queue(scene)


def empty(scene: Scene) -> QWidget:
    scene.desktop.window.show_jobs()
    return scene.desktop.window


def drop(scene: Scene) -> QWidget:
    drag_in(scene.desktop.window, files_data([Path("/recordings/a.wav")]))
    return scene.desktop.window


def refused(scene: Scene) -> QWidget:
    words = QMimeData()
    words.setText("Follow-up in two weeks.")
    drop_data(scene.desktop.window, words)
    return scene.desktop.window


def retrying(scene: Scene) -> QWidget:
    return opened(scene, 6, 640, 420)


def turns(scene: Scene) -> QWidget:
    scene.finish(1, samples.conversation(58))
    window = result(scene, 1)
    view = result_of(window)
    assert view.turns is not None
    view.turns.table.choose(9)
    view.lanes.choose(9)
    return window


def doubtful(scene: Scene) -> QWidget:
    talk = samples.conversation(
        34, speakers=3, grade=Grade.DOUBTFUL, name="WS330117.WMA", notes=(samples.DOUBT,)
    )
    scene.finish(3, talk)
    return result(scene, 3)


def reading(scene: Scene) -> JobWindow:
    scene.finish(2, samples.consultation())
    window = result(scene, 2)
    text_of(window).table.selectRow(3)
    return window


def hearing(scene: Scene) -> JobWindow:
    window = named(scene)
    result_of(window).player.seek(20.6)
    return window


def named(scene: Scene) -> JobWindow:
    """Show a result whose speakers have names and roles."""
    scene.finish(2, samples.consultation(name="Intake interview – room 2.wav"))
    window = result(scene, 2)
    resize(window, (1100, 760))
    session = result_of(window).session
    session.edit(Describe("SPEAKER_00", "Dra. Salas", Role.CLINICIAN))
    session.edit(Describe("SPEAKER_01", "", Role.PATIENT))
    scene.wait(lambda: session.all_saved)
    return window


def naming(scene: Scene) -> QWidget:
    window = named(scene)
    result_of(window).naming.rename("SPEAKER_01")
    dialog = window.findChild(SpeakerDialog)
    assert dialog is not None
    return dialog


def correcting(scene: Scene) -> JobWindow:
    window = named(scene)
    table = text_of(window).table
    table.choose(2)
    scene.settle()  # scrolling would close the editor
    table.edit_asked.emit(2, 7)
    return window


def replacing(scene: Scene) -> JobWindow:
    window = named(scene)
    bar = text_of(window).bar
    bar.open_to_replace()
    bar.field.setText("dolor")
    bar.replacement.setText("molestia")
    bar.replace.click()
    return window


def checking(scene: Scene) -> JobWindow:
    window = named(scene)
    result_of(window).review.next_doubt.trigger()
    return window


def signed(scene: Scene) -> JobWindow:
    window = named(scene)
    session = result_of(window).session
    for doubt in result_of(window).review.doubts:
        session.edit(Check(doubt.segment, doubt.first, doubt.end))
    session.sign("Dra. Lucía Salas")
    scene.wait(lambda: session.all_saved)
    return window


def results(scene: Scene) -> QWidget:
    scene.finish(2, samples.consultation())
    window = result(scene, 2)
    resize(window, (1240, 700))
    scene.settle()
    return window


def to_review(scene: Scene) -> QWidget:
    window = scene.desktop.window
    window.panel.chips.by_state[ReviewState.DRAFT].click()
    scene.settle()
    return window


def missing_words(scene: Scene) -> QWidget:
    scene.finish(2, samples.with_missing_words())
    return result(scene, 2)


def two_languages(scene: Scene) -> QWidget:
    scene.finish(2, samples.with_two_languages())
    return result(scene, 2)


def several_languages(scene: Scene) -> QWidget:
    bar = scene.desktop.window.options
    return asked_for(scene, bar.menu.edit_languages)


def other_number(scene: Scene) -> QWidget:
    scene.finish(2, samples.crosstalk())
    return result(scene, 2)


def versions(scene: Scene, *, earlier: bool = False) -> QWidget:
    scene.finish(2, samples.consultation(), samples.with_two_languages())
    window = result(scene, 2)
    scene.wait(result_of(window).versions.isVisible)
    if earlier:
        before = result_of(window)
        before.versions.activated.emit(0)
        scene.wait(lambda: window.result is not before and window.versions.bar.isVisible())
    return window


def process_again(scene: Scene) -> QWidget:
    window = reading(scene)
    result_of(window).again.click()
    dialog = window.versions.dialog
    assert dialog is not None
    return dialog


def figures(scene: Scene) -> QWidget:
    """Show the figures of a consultation with three people, two of whom have the same role."""
    scene.finish(2, samples.three_people())
    window = result(scene, 2)
    session = result_of(window).session
    for label, name, role in (
        ("SPEAKER_00", "Dra. Salas", Role.CLINICIAN),
        ("SPEAKER_01", "", Role.PATIENT),
        ("SPEAKER_02", "Dr. Iván Montes", Role.CLINICIAN),
    ):
        session.edit(Describe(label, name, role))
    scene.wait(lambda: session.all_saved)
    result_of(window).figures.trigger()
    dialog = result_of(window).figures.dialog
    assert dialog is not None
    return dialog


def deidentifying(scene: Scene) -> QWidget:
    """Show what was found in a consultation, with one place that stays."""
    scene.finish(
        2, transcript_of((*SPANISH, *SPANISH[2:4], *ENGLISH), "es", name="Consulta señora Núñez.m4a")
    )
    view = result_of(result(scene, 2))
    view.deidentify.trigger()
    scene.wait(lambda: view.deidentify.dialog is not None)
    dialog = view.deidentify.dialog
    assert dialog is not None
    first = dialog.tree.topLevelItem(1)
    assert first is not None
    first.setExpanded(True)
    first.setCheckState(0, Qt.CheckState.Unchecked)
    chosen = dialog.tree.topLevelItem(3)
    assert chosen is not None
    dialog.tree.setCurrentItem(chosen)
    dialog.field.setText("Frida")
    return dialog


def searching(scene: Scene) -> QWidget:
    window = reading(scene)
    bar = text_of(window).bar
    bar.open()
    bar.field.setText("dolor")
    return window


def finding(scene: Scene) -> QWidget:
    scene.finish(2, samples.consultation())
    index = IndexingThread(scene.program.service)
    index.start()
    index.compare(hurry=True)
    scene.wait(index.caught_up.is_set)
    index.close()
    scene.desktop.window.commands.find.trigger()
    window = scene.desktop.window.finder.window
    assert window is not None
    window.field.setText("dolor")
    scene.wait(lambda: window.lines.rowCount() > 1)
    window.table.selectRow(1)
    return window


def models(scene: Scene) -> QWidget:
    scene.desktop.window.models.show()
    dialog = scene.desktop.window.models.dialog
    assert dialog is not None
    scene.wait(lambda: dialog.list.rows)
    return dialog


def settings(scene: Scene) -> QWidget:
    return asked_for(scene, scene.desktop.window.commands.preferences)


def alerts(scene: Scene) -> QWidget:
    dialog = settings(scene)
    assert isinstance(dialog, PreferencesDialog)
    dialog.pages.setCurrentRow(list(Page).index(Page.ALERTS))
    return dialog


def keys(scene: Scene) -> QWidget:
    return asked_for(scene, help_menu(scene).shortcuts)


def welcome(scene: Scene) -> QWidget:
    dialog = asked_for(scene, help_menu(scene).welcome)
    assert isinstance(dialog, WelcomeDialog)
    # the installed models are read in the background, and then how fast this computer is
    scene.wait(lambda: len(dialog.installed_models.text()) > 20 and dialog.install.isEnabled())
    return dialog


def about(scene: Scene) -> QWidget:
    dialog = asked_for(scene, help_menu(scene).about)
    assert isinstance(dialog, AboutDialog)
    scene.wait(lambda: "\n\n" in dialog.components.toPlainText())  # the licences are read in the background
    return dialog


def details(scene: Scene, job_id: int) -> QWidget:
    window = scene.desktop.window
    if not window.commands.details.isChecked():
        window.commands.details.trigger()
    window.table.select(job_id)
    scene.settle()
    return window


def details_other_number(scene: Scene) -> QWidget:
    scene.finish(4, samples.crosstalk())
    window = details(scene, 4)
    panel = scene.desktop.window.details.panel
    assert panel is not None
    scene.wait(panel.job.other_number.isVisible)
    return window


def pin_dialog(scene: Scene) -> QWidget:
    return asked_for(scene, scene.desktop.window.commands.lock)


def sending(scene: Scene) -> QWidget:
    program, desktop = scene.program, scene.desktop
    before = program.settings
    program.settings = replace(
        before,
        backend="both",
        broker="rediss://desktop:secret@server.example.org:6380/0",
        cluster_key="/etc/key",
        transfer="sftp://fi-transfer@server.example.org/transfer",
    )
    desktop.sending.ask()
    program.settings = before
    assert desktop.sending.dialog is not None
    return desktop.sending.dialog


def sealed(scene: Scene) -> None:
    """Give the program a vault that a passphrase and a recovery key open."""
    if scene.keys is None:
        folder = scene.program.settings.home / "keys-of-a-view"
        key = str(pyrage.x25519.Identity.generate().to_public())
        scene.keys = Vault.create(folder, keyring=False, passphrase=PASSPHRASE, recipients=[key])
        scene.keys.set_mixed(mixed=False)
    scene.program.vault = scene.keys


def encryption(scene: Scene) -> QWidget:
    sealed(scene)
    scene.desktop.encryption.open()
    dialog = scene.desktop.encryption.dialog
    assert dialog is not None
    return dialog


def unlocking(scene: Scene) -> QWidget:
    sealed(scene)
    desktop = scene.desktop
    dialog = UnlockDialog(
        scene.program,
        messages.VAULT_PASSPHRASE_NEEDED.code,
        desktop.lock.attempts,
        desktop._bridge,
        desktop.window,
    )
    dialog.quit_requested.connect(partial(dialog.done, 0))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def cover(scene: Scene) -> QWidget:
    home, lock = scene.program.settings.home, scene.desktop.lock
    if not pin.is_set(home):
        pin.change(home, "", "2468")
    lock.lock()
    assert lock.screen is not None
    lock.screen.forgot.click()
    return lock.screen


def just_added(scene: Scene) -> QWidget:
    window = scene.desktop.window
    folder = scene.program.settings.home / "Recordings"
    folder.mkdir(exist_ok=True)
    files = [folder / f"Consulta 012{number}.wav" for number in range(3)]
    for file in files:
        file.write_bytes(b"RIFF" + file.name.encode())
    drop_data(window, files_data(files))
    scene.wait(lambda: window.message.isVisible())
    window.message.action_button.click()
    return window


def asked_for(scene: Scene, action: QAction) -> QDialog:
    """Trigger an action and return the dialog that it opens."""
    action.trigger()
    found: list[QDialog] = []

    def look() -> bool:
        found[:] = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog) and w.isVisible()]
        return bool(found)

    scene.wait(look)
    return found[0]


def watched(scene: Scene) -> QWidget:
    here = scene.program.settings.home / "Recorder"
    here.mkdir(exist_ok=True)
    folders = scene.desktop.watch
    for path in (here, here.with_name("USB stick")):
        folders.watch(WatchedFolder(path), [])
    scene.wait(lambda: len(folders.scans()) == 2 and all(folders.scans().values()))
    scene.desktop.window.commands.watch.trigger()
    assert folders.dialog is not None
    return folders.dialog


def watched_export(scene: Scene) -> QWidget:
    dialog = watched(scene)
    assert isinstance(dialog, WatchedFoldersDialog)
    folder = scene.program.settings.home / "Recorder"
    rule = ExportRule("reviewed", str(folder), True, "Transcripciones", ("docx", "pdf"))
    exports = OwnExportsDialog(rule, dialog.tr("As the profile says"), dialog, watched=folder)
    exports.open()
    return exports


def profiles(scene: Scene) -> QWidget:
    window = scene.desktop.window
    window.profiles.save("Terapia de pareja", Choice(JobOptions(SpeakerCount(3, 3), language="es")))
    rule = ExportRule("signed", "/mnt/clinica/Terapia", formats=("docx",))
    window.profiles.set_exports(window.profiles.custom[0], rule)
    return asked_for(scene, window.options.menu.profiles.actions()[-1])


def monitor(scene: Scene, page: int, part: int = 0) -> QWidget:
    file = scene.program.settings.history
    file.write_bytes(b"".join(entry.line for entry in week(time.time())))
    scene.desktop.window.commands.monitor.trigger()
    (window,) = (w for w in QApplication.topLevelWidgets() if isinstance(w, MonitorWindow) and w.isVisible())
    scene.settle(400)
    for _ in range(60 if page == 0 else 2):  # a minute of snapshots, for the curves
        window._on_tick()
        scene.settle(2)
    window.pages.choose(page)
    window.history.parts.choose(part)
    window.failures.table.selectRow(0)
    return window


def resize(window: QWidget, size: tuple[int, int]) -> None:
    """Give a window this size, or as much of it as the screen has room for, and keep it on the screen."""
    resize_to_screen(window, size)
    center(window)


def opened(scene: Scene, job_id: int, width: int, height: int) -> JobWindow:
    window = scene.desktop.window.windows.open(job_id)
    resize(window, (width, height))
    return window


def result_of(window: JobWindow) -> ResultView:
    assert window.result is not None
    return window.result


def text_of(window: JobWindow) -> TextPanel:
    text = result_of(window).text
    assert text is not None
    return text


def help_menu(scene: Scene) -> HelpMenu:
    menu = scene.desktop.window.findChild(HelpMenu)
    assert menu is not None
    return menu


def result(scene: Scene, job_id: int) -> JobWindow:
    window = opened(scene, job_id, 980, 640)
    scene.wait(lambda: window.result is not None and window.result.isVisible())
    return window


def no_jobs() -> tuple[QueueEvent, ...]:
    return (samples.workers(WorkerState.IDLE, WorkerState.IDLE),)


def a_day() -> tuple[QueueEvent, ...]:
    return samples.busy_day(time.time())


def some_weeks() -> tuple[QueueEvent, ...]:
    now = time.time()
    return tuple(
        JobChanged(job, Submitted(job.id, now, job.path, job.options, job.priority))
        for job in clinic_days(now)
    )


VIEWS: dict[str, tuple[Callable[[], tuple[QueueEvent, ...]], View]] = {
    "empty": (no_jobs, empty),
    "queue": (a_day, queue),
    "queue-narrow": (a_day, narrow),
    "drop": (a_day, drop),
    "refused": (a_day, refused),
    "retrying": (a_day, retrying),
    "turns": (a_day, turns),
    "doubtful": (a_day, doubtful),
    "reading": (a_day, reading),
    "searching": (a_day, searching),
    "finding": (a_day, finding),
    "figures": (a_day, figures),
    "deidentifying": (a_day, deidentifying),
    "hearing": (a_day, hearing),
    "naming": (a_day, naming),
    "correcting": (a_day, correcting),
    "replacing": (a_day, replacing),
    "checking": (a_day, checking),
    "signed": (a_day, signed),
    "results": (a_day, results),
    "to-review": (a_day, to_review),
    "missing-words": (a_day, missing_words),
    "two-languages": (a_day, two_languages),
    "several-languages": (a_day, several_languages),
    "other-number": (a_day, other_number),
    "versions": (a_day, versions),
    "earlier-version": (a_day, partial(versions, earlier=True)),
    "process-again": (a_day, process_again),
    "models": (a_day, models),
    "details": (a_day, partial(details, job_id=2)),
    "details-other-number": (a_day, details_other_number),
    "details-retrying": (a_day, partial(details, job_id=6)),
    "settings": (a_day, settings),
    "alerts": (a_day, alerts),
    "welcome": (no_jobs, welcome),
    "keys": (a_day, keys),
    "about": (a_day, about),
    "pin": (a_day, pin_dialog),
    "sending": (a_day, sending),
    "encryption": (a_day, encryption),
    "unlocking": (a_day, unlocking),
    "locked": (a_day, cover),
    "just-added": (a_day, just_added),
    "watched": (a_day, watched),
    "watched-export": (a_day, watched_export),
    "profiles": (a_day, profiles),
    "monitor-now": (some_weeks, partial(monitor, page=0)),
    "monitor-failures": (some_weeks, partial(monitor, page=1)),
    "monitor-history": (some_weeks, partial(monitor, page=2)),
    "monitor-figures": (some_weeks, partial(monitor, page=2, part=1)),
    "monitor-targets": (some_weeks, partial(monitor, page=2, part=2)),
    "monitor-machines": (some_weeks, partial(monitor, page=3)),
}
"""The jobs of each view, and how to open it."""


class Gallery:
    """Shows one view after another."""

    def __init__(self, folder: Path, *, language: str = "en") -> None:
        """Keep the programs' data in a folder."""
        self._folder, self._language = folder, language
        self._scenes: dict[Callable[[], tuple[QueueEvent, ...]], Scene] = {}

    @contextmanager
    def show(self, name: str) -> Iterator[QWidget]:
        """Show a view, and tidy up afterwards."""
        jobs, view = VIEWS[name]
        if jobs not in self._scenes:
            home = self._folder / jobs.__name__
            self._scenes[jobs] = Scene(home, jobs(), language=self._language)
        scene = self._scenes[jobs]
        widget = view(scene)
        widget.activateWindow()
        scene.settle(120)
        try:
            yield widget
        finally:
            scene.tidy()

    def close(self) -> None:
        """Close the programs."""
        for scene in self._scenes.values():
            scene.close()
