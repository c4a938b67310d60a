"""A result: speaker lanes above, the text or the turns below, and the export button."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QFont, QKeyEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.core.case_labels import NO_LABEL, CaseLabel
from fi_desktop.core.values import ReviewState
from fi_desktop.exporters.files import Exportable
from fi_desktop.gui import theme, widgets
from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.export_controller import ExportController, ExportMenu
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.message_bar import MessageAction, MessageBar
from fi_desktop.gui.result.border_controller import BorderController
from fi_desktop.gui.result.corrections_controller import CorrectionsController
from fi_desktop.gui.result.deidentify_action import DeidentifyAction
from fi_desktop.gui.result.figures_dialog import FiguresAction
from fi_desktop.gui.result.header_facts import FactsLine, Verdict
from fi_desktop.gui.result.lanes import LanesView
from fi_desktop.gui.result.lanes_panel import LanesPanel, TextLink
from fi_desktop.gui.result.player import LEAD_S, PREPARE_MS, Player, SoundOutput, device_output
from fi_desktop.gui.result.player_bar import PlayerBar
from fi_desktop.gui.result.recording_finder import RecordingFinder
from fi_desktop.gui.result.review_bar import ReviewBar
from fi_desktop.gui.result.review_session import ReviewSession
from fi_desktop.gui.result.speaker_dialog import SpeakerNaming
from fi_desktop.gui.result.text_panel import TextPanel
from fi_desktop.gui.result.turns_controller import TurnsController
from fi_desktop.gui.result.turns_panel import TurnsPanel
from fi_desktop.gui.result.version_box import VersionBox
from fi_desktop.gui.template_choice import TemplateChoice
from fi_desktop.gui.widgets import ElidedLabel, separator
from fi_desktop.viewmodel.result import ResultPosition

_ROOMY_PX = 600  # a lower view shows neither figures nor the legend


class ResultView(QWidget):
    """Shows one transcript, and what a person corrects in it.

    Attributes:
        session: the corrections.
        lanes: the speaker lanes; lanes_panel: the lanes with their title and buttons.
        figures: opens the figures of the conversation.
        path: the recording.
        player: plays the recording; controls: its controls; finder: finds it if it was moved.
        review: how far it is checked, and the doubts that are left.
        naming: asks who a speaker is.
        corrections: what a person does in the text; None without words.
        turn_corrections: what a person does in the turns; None with words.
        text: the text; None without words.
        turns: the turns, and why there are no words; None with words.
        other_number: processes the recording again with the number of speakers that the voices suggest;
            hidden if the result has that number.
        again: processes the recording again with other options.
        versions: chooses another version of the result.
        export: the export button; deidentify: its action for a copy without what identifies people.
        exports: writes the exported files.
        message: the outcome of an export.

    Signals:
        words_asked: add words to the result.
        models_asked: open the models dialog.
        again_asked: process the recording again.
        number_asked: process the recording again with this number of speakers.
        options_asked: ask for the options with which the recording is processed again.
    """

    words_asked = Signal()
    models_asked = Signal()
    again_asked = Signal()
    number_asked = Signal(int)
    options_asked = Signal()

    def __init__(
        self,
        session: ReviewSession,
        path: str,
        bridge: Bridge,
        parent: QWidget | None = None,
        *,
        output: Callable[[], SoundOutput | None] = device_output,
    ) -> None:
        """Show a result. path: the recording; output: opens what plays it."""
        super().__init__(parent)
        self.session, self.path = session, path
        session.setParent(self)
        transcript = session.transcript
        self._labels = UiLabels(self)
        self._transcript = transcript
        self.lanes = LanesView(transcript, self, waveform=session.waveform)
        self.text: TextPanel | None = None
        self.turns: TurnsPanel | None = None
        self._list: QTableView
        if any(segment.text for segment in transcript.segments):
            self.text = TextPanel(transcript, self)
            self._list = self.text.table
        else:
            self.turns = TurnsPanel(transcript, self)
            self._list = self.turns.table
        self.player = Player(
            Path(path),
            session.playback_folder,
            session.seek_table,
            self,
            output=output,
            files=session.files,
        )
        QTimer.singleShot(PREPARE_MS, self.player, self.player.prepare)
        self.controls = PlayerBar(self.player, transcript.duration, self)
        self.review = ReviewBar(session, self)
        self.naming = SpeakerNaming(session, self.player, self)
        self.corrections: CorrectionsController | None = None
        if self.text is not None:
            self.corrections = CorrectionsController(
                session, self.text, self.player, self.controls, self.review, self.naming
            )
        self.turn_corrections: TurnsController | None = None
        if self.turns is not None:
            self.turn_corrections = TurnsController(
                session, self.turns.table, self.player, self.controls, self.naming
            )
        self._borders = BorderController(session, self.lanes, self._list)
        self.message = MessageBar(self)
        self.finder = RecordingFinder(
            session, session.service, self.player, self.controls, self.message, bridge
        )
        self.finder.found.connect(self.show_path)
        self._bridge = bridge
        self._heard = False
        self.player.changed.connect(self._on_player_changed)
        if self.text is not None:
            self.text.table.copying.connect(self._on_copying)
        self.exports = ExportController(bridge, self.message)
        self.export = ExportButton(session, self.exports, self)
        self.deidentify = DeidentifyAction(session, bridge, self.message, self)
        self.export.menu().addSeparator()
        self.export.menu().addAction(self.deidentify)
        self.other_number = QPushButton(self)
        self.other_number.setObjectName("plain")
        self.other_number.setToolTip(self.tr("This result stays until the new one is ready."))
        self.other_number.clicked.connect(self._on_other_number_clicked)
        self.again = QToolButton(self)
        self.again.setObjectName("bordered")
        self.again.setText(self.tr("Process again…"))
        self.again.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.again.setIconSize(QSize(18, 18))
        self.again.setToolTip(self.tr("Make another version, with other options; this one stays"))
        self.again.setAccessibleName(self.tr("Process again"))
        self.again.clicked.connect(self.options_asked)
        self.versions = VersionBox(self)
        self.figures = FiguresAction(session, self)
        self.lanes_panel = LanesPanel(self.lanes, self.figures, self)
        self._facts, self._verdict = FactsLine(self), Verdict(self)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self._lay_out(path)
        self._apply_theme()
        self._connect()
        self._show_facts()

    @property
    def verdict(self) -> str:
        """How reliable the result is, and the notes on it."""
        return self._verdict.text

    @property
    def position(self) -> ResultPosition:
        """The current scroll, zoom and search state."""
        return ResultPosition(
            self._list.verticalScrollBar().value(),
            self.text.query if self.text is not None else None,
            self.lanes.scale,
            self.lanes.horizontalScrollBar().value(),
        )

    def follow_templates(self, choice: TemplateChoice) -> None:
        """Let exports follow the chosen template."""
        self.exports.templates = choice
        self.export.formats.add_templates(choice)

    @Slot(str)
    def show_path(self, path: str) -> None:
        """Play the recording from another place from now on."""
        if path != self.path:
            self.path = path
            self._name.setToolTip(widgets.plain_tooltip(path))
            self.player.set_source(Path(path))

    def restore_position(self, position: ResultPosition) -> None:
        """Restore scroll, zoom and search, after the layout."""
        QTimer.singleShot(0, self, partial(self._show_position, position))

    def _show_position(self, position: ResultPosition) -> None:
        self.lanes.zoom_to(position.lanes_scale, position.lanes_scroll)
        if self.text is not None and position.query is not None:
            self.text.search(position.query)
        self._list.verticalScrollBar().setValue(position.list_scroll)

    @Slot()
    def _on_changed(self) -> None:
        """Show the corrected transcript everywhere."""
        transcript = self._transcript = self.session.transcript
        self.lanes.show_transcript(transcript)
        self.lanes.show_doubts(self.review.doubts)
        if self.text is not None:
            self.text.show_transcript(transcript)
        elif self.turns is not None:
            self.turns.show_transcript(transcript)
        self._show_facts()

    def _show_facts(self) -> None:
        self._facts.show_transcript(self._transcript, self.session.figures)
        unchecked = self.session.state is ReviewState.DRAFT
        self._verdict.show_transcript(
            self._transcript, self.session.figures.wrong_share if unchecked else None
        )

    @Slot()
    def _on_player_changed(self) -> None:
        if self.player.playing and not self._heard:  # once each time the result is opened
            self._heard = True
            self._bridge.record(Act(ActKind.PLAYED, self.session.job_id))

    @Slot(int)
    def _on_copying(self, segments: int) -> None:
        detail = {"what": "text", "segments": segments}
        self._bridge.record(Act(ActKind.COPIED, self.session.job_id, detail=detail))

    @Slot(float)
    def _on_moved(self, moment_s: float) -> None:
        follow = self.controls.follow.isChecked() and self.player.playing
        self.lanes.show_playhead(moment_s, follow=follow)

    @Slot(float)
    def _on_moment_clicked(self, moment_s: float) -> None:
        self.player.play(max(0.0, moment_s - LEAD_S))

    @Slot(str)
    def _on_not_saved(self, sentence: str) -> None:
        again = MessageAction(self.tr("Try again"), self.session.save)
        self.message.show_message(sentence, "bad", again)

    def _connect(self) -> None:
        self.session.changed.connect(self._on_changed)
        self.player.moved.connect(self._on_moved)
        self.lanes.moment_clicked.connect(self._on_moment_clicked)
        self.lanes.name_clicked.connect(self.naming.rename)
        self.lanes.play_asked.connect(self.player.toggle)
        self.lanes.show_doubts(self.review.doubts)
        self.session.not_saved.connect(self._on_not_saved)
        if self.text is not None:
            if self.corrections is not None:
                self.lanes.doubt_clicked.connect(self.corrections.go_to)
            TextLink(self.session, self.lanes, self.text.table)
            self.addActions(self.text.find_actions)
        elif self.turns is not None:
            self.lanes.turn_chosen.connect(self.turns.table.choose)
            self.turns.table.turn_chosen.connect(self.lanes.choose)
            self.lanes.menu_asked.connect(self.turns.table.menu_asked)
            if self.turns.note is not None:
                self.turns.note.words_asked.connect(self.words_asked)
                self.turns.note.models_asked.connect(self.models_asked)
                self.turns.note.again_asked.connect(self.again_asked)

    def _lay_out(self, path: str) -> None:
        split = QSplitter(Qt.Orientation.Vertical, self)
        split.setChildrenCollapsible(False)
        split.setHandleWidth(5)
        self.lanes_panel.setVisible(bool(self._transcript.segments))
        split.addWidget(self.lanes_panel)
        if self.text is not None:
            split.addWidget(self.text)
        elif self.turns is not None:
            split.addWidget(self.turns)
        split.setStretchFactor(0, 0)
        split.setStretchFactor(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.message)
        column.addLayout(self._make_header(path))
        column.addWidget(separator(self))
        column.addWidget(self.review)
        column.addWidget(split, 1)
        column.addWidget(separator(self))
        column.addWidget(self.controls)

    def show_label(self, title: str, label: CaseLabel) -> None:
        """Show what the job is called; exports have its case and date."""
        self._name.setText(title)
        self.export.label = label

    def _make_header(self, path: str) -> QHBoxLayout:
        transcript = self._transcript
        name = self._name = ElidedLabel(transcript.provenance.source_name, self)
        name.setFont(theme.scaled(self.font(), 1.4, QFont.Weight.DemiBold))
        name.setToolTip(widgets.plain_tooltip(path))
        left = QVBoxLayout()
        left.setSpacing(5)
        left.addWidget(name)
        left.addWidget(self._facts)
        left.addWidget(self._verdict)
        left.addWidget(self.versions)
        left.addWidget(self.other_number, 0, Qt.AlignmentFlag.AlignLeft)
        self.other_number.setVisible(transcript.probable_speakers is not None)
        if transcript.probable_speakers is not None:
            self.other_number.setText(self._labels.with_speakers(transcript.probable_speakers))
            self.other_number.setAccessibleName(self.other_number.text())
        header = QHBoxLayout()
        header.setContentsMargins(16, 14, 12, 14)
        header.setSpacing(16)
        header.addLayout(left, 1)
        header.addWidget(self.again, 0, Qt.AlignmentFlag.AlignTop)
        header.addWidget(self.export, 0, Qt.AlignmentFlag.AlignTop)
        return header

    def _apply_theme(self) -> None:
        self.again.setIcon(theme.icon("retry", self.palette()))

    @Slot()
    def _on_other_number_clicked(self) -> None:
        if self._transcript.probable_speakers is not None:
            self.number_asked.emit(self._transcript.probable_speakers)

    def commit_text(self) -> None:
        """Keep what is being typed."""
        if self.corrections is not None:
            self.corrections.editor.commit()

    @property
    def in_use(self) -> bool:
        """Whether somebody listens, corrects or chose it, so that it must not give way by itself."""
        editing = self.corrections is not None and self.corrections.editor.row >= 0
        return editing or self.player.playing or self.session.in_work or self.session.read_only

    def allow_again(self, allowed: bool) -> None:
        """Let the recording be processed again, or not while it is being processed."""
        self.other_number.setEnabled(allowed)
        self.again.setEnabled(allowed)

    def close_player(self) -> None:
        """End the playback process, and a search for the recording."""
        self.finder.cancel()
        self.player.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Escape close the find bar before it closes the window."""
        if event.key() == Qt.Key.Key_Escape and self.text is not None and self.text.bar.isVisible():
            self.text.close_find_bar()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the text the room of what can be spared, if there is little."""
        super().resizeEvent(event)
        roomy = self.height() >= _ROOMY_PX
        self._facts.setVisible(roomy)
        if self.text is not None:
            self.text.legend.setVisible(roomy and self.text.legend.needed)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "lanes_panel"):
            self._apply_theme()


class ExportButton(QToolButton):
    """Opens the menu of export formats.

    Attributes:
        formats: the menu.
        label: case and date of the job.
    """

    def __init__(
        self, session: ReviewSession, controller: ExportController, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._controller = controller
        self.label = NO_LABEL
        self.setObjectName("bordered")
        self.setText(self.tr("Export"))
        self.setAccessibleName(self.tr("Export"))
        self.setToolTip(self.tr("Save, copy or print the result"))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setIconSize(QSize(18, 18))
        self.formats = ExportMenu(self)
        self.formats.chosen.connect(self._on_chosen)
        self.formats.note_requested.connect(self._on_note_requested)
        self.formats.print_requested.connect(self._on_print_requested)
        self.setMenu(self.formats)
        self._apply_theme()

    @Slot(str)
    def _on_chosen(self, format: str) -> None:
        self._controller.request([self._result()], format)

    @Slot()
    def _on_note_requested(self) -> None:
        self._controller.copy_note([self._result()])

    @Slot()
    def _on_print_requested(self) -> None:
        self._controller.print_results([self._result()])

    def _result(self) -> Exportable:
        reviewed = replace(self._session.reviewed, label=self.label)
        name = reviewed.transcript.provenance.source_name
        return Exportable(name, lambda: reviewed, job=self._session.job_id)

    def _apply_theme(self) -> None:
        self.setIcon(theme.icon("export", self.palette()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_controller"):
            self._apply_theme()
