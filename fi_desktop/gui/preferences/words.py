"""The settings dialog's words: each setting's name, what it means, its choices and its unit."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QObject

from fi_desktop.settings import ABOUT, Kind, Unit
from fi_desktop.settings.pages import Deed, Page


class PreferenceWords(QObject):
    """Words for settings: what one means is said as `fi_desktop.settings` says it, in another language."""

    def page(self, page: Page) -> str:
        """Return a page's name."""
        match page:
            case Page.GENERAL:
                return self.tr("General")
            case Page.RECORDINGS:
                return self.tr("Recordings")
            case Page.WORKERS:
                return self.tr("Workers and limits")
            case Page.RETRIES:
                return self.tr("Retries")
            case Page.STORAGE:
                return self.tr("Storage")
            case Page.MODELS:
                return self.tr("Models")
            case Page.PRIVACY:
                return self.tr("Privacy")

    def title(self, name: str) -> str:
        """Return a setting's name for a person."""
        return {
            "theme": self.tr("Appearance"),
            "language": self.tr("Language of the window"),
            "speakers": self.tr("Number of speakers"),
            "engine": self.tr("How voices are told apart"),
            "transcriber": self.tr("What writes the words down"),
            "spoken_language": self.tr("Language of the recordings"),
            "vocabulary": self.tr("Words that may come up"),
            "workers": self.tr("Recordings at a time"),
            "soft_limit_s": self.tr("Time limit"),
            "hard_limit_s": self.tr("Last time limit"),
            "limit_factor": self.tr("More time for long recordings"),
            "stop_grace_s": self.tr("Time to stop"),
            "stuck_after_s": self.tr("Replace a silent worker after"),
            "recycle_jobs": self.tr("Fresh worker after so many recordings"),
            "recycle_mb": self.tr("Fresh worker above this memory"),
            "retry_delays_s": self.tr("Waits before retries"),
            "max_deliveries": self.tr("Give up after so many beginnings"),
            "keep_days": self.tr("Keep finished recordings"),
            "keep_unseen": self.tr("Keep what nobody has seen"),
            "notify": self.tr("Notifications"),
            "names_in_notifications": self.tr("File names in notifications"),
            "lock_after_min": self.tr("Lock when not used"),
            "check_updates": self.tr("Look for newer versions"),
        }[name]

    def means(self, name: str) -> str:
        """Return what a setting means."""
        return {
            "theme": self.tr("Light, dark, or as the system is."),
            "language": self.tr("Menus, dialogs and messages are written in it."),
            "speakers": self.tr("How many people speak in a recording, where nothing else is chosen."),
            "engine": self.tr("The engine that tells voices apart."),
            "transcriber": self.tr(
                "The model that writes the words down; without one, only who spoke when is found."
            ),
            "spoken_language": self.tr("The language that is spoken in the recordings."),
            "vocabulary": self.tr(
                "Names of drugs, places or people: they are more likely to be spelt right."
            ),
            "workers": self.tr(
                "How many recordings are worked on at a time. 0: as many as the computer can do, two at most."
            ),
            "soft_limit_s": self.tr("How long an attempt may take before it is asked to stop."),
            "hard_limit_s": self.tr("How long an attempt may take before its worker is ended."),
            "limit_factor": self.tr("Long recordings get more time: so many times their own length."),
            "stop_grace_s": self.tr("How long workers may take to stop when the program ends."),
            "stuck_after_s": self.tr("A worker that is not heard of for so long is replaced."),
            "recycle_jobs": self.tr(
                "A worker is replaced by a fresh one after so many recordings. 0: never."
            ),
            "recycle_mb": self.tr(
                "A worker that holds so much memory after a recording is replaced. 0: never."
            ),
            "retry_delays_s": self.tr(
                "How long to wait before each retry; as many retries as there are numbers."
            ),
            "max_deliveries": self.tr("A recording that was begun so many times is given up."),
            "keep_days": self.tr(
                "Finished recordings leave the list, with their results, after so many days. 0: never."
            ),
            "keep_unseen": self.tr(
                "Keep results that nobody has looked at or written out, however old they are."
            ),
            "notify": self.tr(
                "When the desktop is told: never, at the end of all that waits, or after each recording."
            ),
            "names_in_notifications": self.tr(
                "Name the file in notifications, which others may see on the screen."
            ),
            "lock_after_min": self.tr(
                "Cover the window when nobody has used it for so long; wants a PIN. 0: never."
            ),
            "check_updates": self.tr(
                "Ask once a day whether there is a newer version. Nothing of you or this computer is sent."
            ),
        }[name]

    def choice(self, value: str) -> str:
        """Return the word for a value of a choice."""
        return {
            "system": self.tr("As the system"),
            "light": self.tr("Light"),
            "dark": self.tr("Dark"),
            "en": "English",
            "es": "Español",
            "never": self.tr("Never"),
            "end": self.tr("When all is done"),
            "each": self.tr("After each recording"),
        }[value]

    def unit(self, unit: Unit) -> str:
        """Return what stands behind a number."""
        match unit:
            case Unit.NONE:
                return ""
            case Unit.SECONDS:
                return self.tr("seconds")
            case Unit.MINUTES:
                return self.tr("minutes")
            case Unit.DAYS:
                return self.tr("days")
            case Unit.MEGABYTES:
                return self.tr("MB")

    def refusal(self, name: str) -> str:
        """Return why what was typed cannot be used: what is wanted instead."""
        about = ABOUT[name]
        if about.kind is Kind.NUMBERS:
            return self.tr("Numbers with commas between them are wanted, none below zero.")
        if about.or_zero:
            return self.tr("Enter 0, or a number from {least} up.").format(least=round(about.least))
        if about.most != math.inf:
            sentence = self.tr("A whole number from {least} to {most} is wanted.")
            return sentence.format(least=round(about.least), most=round(about.most))
        if about.kind is Kind.WHOLE:
            return self.tr("A whole number is wanted, not below zero.")
        return self.tr("A number is wanted, not below zero.")

    def usual(self, shown: str) -> str:
        """Return what the default is."""
        return self.tr("Default: {value}").format(value=shown or self.tr("none"))

    def truth(self, value: Any) -> str:
        """Return "on" or "off"."""
        return self.tr("on") if value else self.tr("off")

    def deed(self, deed: Deed) -> tuple[str, str, str]:
        """Return what a deed is called, what it does, and its button's word."""
        match deed:
            case Deed.SHOW_FOLDER:
                return (
                    self.tr("Data folder"),
                    self.tr("The queue, the results and the models all lie here."),
                    self.tr("Show in folder"),
                )
            case Deed.OPEN_WATCHED:
                return (
                    self.tr("Watched folders"),
                    self.tr("Recordings that arrive in them are added by themselves."),
                    self.tr("Watched folders…"),
                )
            case Deed.OPEN_MODELS:
                return (
                    self.tr("Models of this computer"),
                    self.tr("Models tell voices apart and write down what was said, on this computer."),
                    self.tr("Models…"),
                )
            case Deed.SET_PIN:
                return (
                    self.tr("PIN"),
                    self.tr("What takes the cover away once the window is locked."),
                    self.tr("Set or change…"),
                )
