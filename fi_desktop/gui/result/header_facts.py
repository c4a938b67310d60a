"""What the head of a result says about it: its figures, and how reliable it is."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from fi_desktop.core.text import clock
from fi_desktop.core.transcript import Transcript, wrong_words
from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels, sentence
from fi_desktop.viewmodel.word_figures import WordFigures


class FactsLine(QLabel):
    """Speakers, turns, length, language, words, and what made the result, in one line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
        self.setObjectName("quiet")
        self.setFont(theme.tabular(self.font()))
        self.setWordWrap(True)

    def show_transcript(self, transcript: Transcript, figures: WordFigures) -> None:
        """Show the facts of a transcript."""
        made = transcript.provenance
        facts = []
        if transcript.turns:
            facts += [
                self.tr("%Ln speaker(s)", "", len(transcript.speakers)),
                self.tr("%Ln speaking turn(s)", "", len(transcript.turns)),
            ]
        facts += [
            self.tr("{time} long").format(time=clock(transcript.duration)),
            self.tr("{time} of speech").format(time=clock(transcript.speech)),
        ]
        if transcript.language is not None:
            facts.append(self._labels.language(",".join(transcript.languages)))
        if figures.words:
            facts.append(self.tr("%Ln word(s)", "", figures.words))
        facts.append(self._labels.engine(made.engine))
        if made.transcriber:
            facts.append(self._transcriber(self._labels.engine(made.transcriber), made.transcriber_model))
        self.setText("  ·  ".join(facts))

    def _transcriber(self, engine: str, model: str) -> str:
        """Return the model's title, or the engine's name with the model's folder name."""
        if not model:
            return engine
        title = self._labels.transcriber(model)
        return title if title != model else f"{engine} ({model})"


class Verdict(QWidget):
    """How reliable a result is, and the notes on it; hidden if there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._labels = UiLabels(self)
        self._transcript: Transcript | None = None
        self._icon, self._text = QLabel(self), QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)  # may contain an engine's own message
        self._text.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(7)
        row.addWidget(self._icon)
        row.addWidget(self._text, 1)

    @property
    def text(self) -> str:
        """What is said."""
        return self._text.text()

    def show_transcript(self, transcript: Transcript, share: float | None) -> None:
        """Show how reliable a transcript is. share: of its words that may be wrong; None to say nothing."""
        self._transcript = transcript
        grade = transcript.grade.value if transcript.grade else None
        denied = transcript.probable_speakers is not None  # how sure the turns are matters less then
        good = self._labels.grade_sentence(grade) if grade and grade != "doubtful" and not denied else ""
        told = (good, self._labels.remarks(grade, transcript.notes), sentence(wrong_words(share)))
        self._text.setText(" ".join(filter(None, told)))
        self.setVisible(transcript.grade is not None or bool(transcript.notes) or share is not None)
        self._apply_theme()

    def _apply_theme(self) -> None:
        transcript, palette = self._transcript, self.palette()
        if transcript is None:
            return
        grade = transcript.grade.value if transcript.grade else None
        colour = theme.tone(theme.GRADE_TONES[grade], palette) if grade else theme.quiet(palette)
        icon = {"doubtful": "warning", None: "info"}.get(grade, f"grade-{grade}")
        denied = transcript.probable_speakers is not None
        if denied or self._labels.is_incomplete(transcript.notes):
            colour, icon = theme.tone("warn", palette), "warning"
        self._icon.setPixmap(theme.pixmap(icon, 18, colour, self.devicePixelRatioF()))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_text"):
            self._apply_theme()
