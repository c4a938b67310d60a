"""What models are called, and what they are for, in the person's language."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QObject

from fi_desktop.gui.language import language_name
from fi_desktop.models import PackKind
from fi_desktop.models.pack import UNKNOWN_LICENCE
from fi_desktop.viewmodel.models_state import Shown

_SHORT = "faster-whisper-"


class ModelWords(QObject):
    """Words for models."""

    def kind(self, kind: PackKind) -> str:
        """Return what models of a kind tell."""
        match kind:
            case PackKind.PYANNOTE:
                return self.tr("Who spoke when")
            case PackKind.WHISPER:
                return self.tr("What was said")

    def title(self, name: str) -> str:
        """Return what people call a model."""
        match name:
            case "speaker-diarization-community-1":
                return self.tr("pyannote Community-1")
            case "speaker-diarization-3.1":
                return self.tr("pyannote 3.1")
            case "faster-whisper-large-v3-turbo":
                return self.tr("Whisper Large v3 Turbo")
            case "faster-whisper-large-v3":
                return self.tr("Whisper Large v3")
        return (
            self.tr("Whisper {size}").format(size=name[len(_SHORT) :].title())
            if name.startswith(_SHORT)
            else name
        )

    def purpose(self, name: str) -> str:
        """Return who would want it."""
        match name:
            case "speaker-diarization-community-1":
                return self.tr("The best at telling voices apart, also where people talk at once.")
            case "speaker-diarization-3.1":
                return self.tr("The generation before; for results that are to be compared with older ones.")
            case "faster-whisper-large-v3":
                return self.tr("The fewest mistakes. Slow without a graphics card.")
            case "faster-whisper-large-v3-turbo":
                return self.tr("Nearly as good as Large v3, and several times as fast.")
            case "faster-whisper-medium":
                return self.tr("Good, where there is time and no graphics card.")
            case "faster-whisper-small":
                return self.tr("A fair balance on a laptop.")
            case "faster-whisper-base":
                return self.tr("Fast, with more mistakes.")
            case "faster-whisper-tiny":
                return self.tr("The fastest; to try things out.")
        return self.tr("Brought in from a file.")

    def facts(self, shown: Shown) -> str:
        """Return size, licence and languages in one line."""
        size = self.size(shown.size_bytes)
        parts = [
            size if shown.installed else self.tr("about {size}").format(size=size),
            self.licence(shown.licence),
            self.languages(shown.languages),
        ]
        return "  ·  ".join(parts)

    def licence(self, licence: str) -> str:
        """Return licences (SPDX) in words."""
        if licence == UNKNOWN_LICENCE:
            return self.tr("licence not known")
        return licence.replace(" AND ", self.tr(" and "))

    def languages(self, codes: tuple[str, ...]) -> str:
        """Return the names of languages; no codes: any."""
        if not codes:
            return self.tr("any language")
        return ", ".join(map(language_name, codes))

    def size(self, count: int) -> str:
        """Return a number of bytes: "3.1 GB"."""
        places = 1 if 1e9 <= count < 1e11 else 0
        return QLocale().formattedDataSize(count, places, QLocale.DataSizeFormat.DataSizeSIFormat)

    def progress(self, done: int, total: int, pace: float) -> str:
        """Return how far a download is: "412 MB of 3.1 GB · 12 MB/s · 4 min left"; `pace`: bytes a second."""
        parts = [self.tr("{done} of {total}").format(done=self.size(done), total=self.size(total))]
        if pace >= 1000 and done < total:
            parts.append(self.tr("{size}/s").format(size=self.size(round(pace))))
            parts.append(self.left((total - done) / pace))
        return "  ·  ".join(parts)

    def left(self, seconds: float) -> str:
        """Return about how long something takes yet."""
        if seconds < 60:
            return self.tr("less than a minute left")
        if seconds < 5400:
            return self.tr("{minutes} min left").format(minutes=round(seconds / 60))
        return self.tr("{hours} h left").format(hours=round(seconds / 3600))
