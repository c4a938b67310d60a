"""Job windows, with the transcript of a finished job; this module opens them, one per job at most.

A window can go on to another job; if that one has a window, it is raised instead.

The windows' own modules are imported when the first one is opened: the main window starts faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from fi_desktop.gui.bridge import Bridge
from fi_desktop.gui.job_table.model import JobsModel
from fi_desktop.gui.template_choice import TemplateChoice
from fi_desktop.gui.window_state import WindowState, cascade
from fi_desktop.jobs.service import JobService

if TYPE_CHECKING:
    from fi_desktop.gui.result.window import JobWindow


class JobWindows(QObject):
    """Opens job windows and raises open ones.

    Attributes:
        packs: returns the names of the installed transcription models.
        templates: says how exported documents look.

    Signals:
        models_asked: the person wants to open the models dialog.
        words_asked: id of the job whose result is to get words.
    """

    models_asked = Signal()
    words_asked = Signal(int)

    def __init__(
        self, service: JobService, bridge: Bridge, jobs: JobsModel, window_state: WindowState, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._window = parent
        self._service = service
        self._bridge = bridge
        self._jobs = jobs
        self._window_state = window_state
        self._open: list[JobWindow] = []
        self.packs: Callable[[], Iterable[str]] = tuple
        self.templates: TemplateChoice | None = None

    @Slot(int)
    def open(self, job_id: int) -> JobWindow:
        """Show a job's window."""
        window = self._window_of(job_id)
        if window is None:
            from fi_desktop.gui.result.window import JobWindow

            window = JobWindow(
                job_id, self._service, self._bridge, self._jobs, self._window_state, over=self._window
            )
            cascade(window, self.all())
            window.closed.connect(self._on_closed)
            window.result_asked.connect(partial(self._on_result_asked, window))
            window.page.models_asked.connect(self.models_asked)
            window.words_asked.connect(self.words_asked)
            window.versions.packs = self.packs
            window.templates = self.templates
            self._open.append(window)
        _raise(window)
        return window

    def show_names(self) -> None:
        """Show what jobs are called now in all windows."""
        for window in self._open:
            window.show_name()

    def all(self) -> list[JobWindow]:
        """Return the open windows."""
        return list(self._open)

    def close_all(self) -> None:
        """Close all windows."""
        for window in self.all():
            if not window.close():  # it warns the first time of what cannot be saved
                window.close()

    def _window_of(self, job_id: int) -> JobWindow | None:
        return next((window for window in self._open if window.job_id == job_id), None)

    def _on_result_asked(self, window: JobWindow, job_id: int) -> None:
        other = self._window_of(job_id)
        if other is None:
            window.show_job(job_id)
        else:
            window.results.show_current(window.job_id)
            _raise(other)

    @Slot(int)
    def _on_closed(self, job_id: int) -> None:
        window = self._window_of(job_id)
        if window is not None:
            self._open.remove(window)
            window.deleteLater()


def _raise(window: QWidget) -> None:
    window.show()
    window.raise_()
    window.activateWindow()
