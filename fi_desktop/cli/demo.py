"""`fi-desktop demo`: the sample through the real queue and worker, who said what, the window."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

from fi_desktop.app import App
from fi_desktop.audio.media_files import sample_recording
from fi_desktop.cli.follow import working_queue
from fi_desktop.cli.run import follow
from fi_desktop.cli.show import job_table, who_spoke_when
from fi_desktop.cli.terminal import Terminal
from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.settings import Settings


def demo(settings: Settings, *, models: Path | None = None) -> int:
    """Show the program at work; the window opens where there is a display.

    models: a folder of model packs to be used besides those installed; None: no other.
    """
    terminal = Terminal()
    if models is not None:
        settings = replace(settings, more_models=(models.absolute(),))
    with working_queue(settings) as follower:
        ((job, _),) = follow(follower, [sample_recording()], JobOptions(), again=True)
    terminal.print(job_table([job]))
    if job.state is not JobState.COMPLETED:
        return 1
    transcript = JobFolders(settings.jobs).transcript(job.id)
    terminal.print(who_spoke_when(transcript, columns=terminal.width))
    if not transcript.provenance.transcriber:
        terminal.print(
            "For what was said, install a model: under Models in the window, or by "
            "fi-desktop models install base"
        )
    if not has_display():
        terminal.print("No display here: with one, the window would open on this job now.")
        return 0
    from fi_desktop.gui.application import run

    return run(App(settings), [], show_job=job.id)


def has_display() -> bool:
    """Whether a window could be seen."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
