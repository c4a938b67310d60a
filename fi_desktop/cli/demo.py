"""`fi-desktop demo`: the sample through the real queue and worker, who spoke when, the window."""

from __future__ import annotations

import os
import sys

from rich.console import Console

from fi_desktop.app import App
from fi_desktop.cli.follow import working_queue
from fi_desktop.cli.run import follow
from fi_desktop.cli.show import who_spoke_when
from fi_desktop.core.job import JobOptions, JobState
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.samples import sample_recording
from fi_desktop.settings import Settings


def demo(settings: Settings) -> int:
    """Show the program at work; the window opens where there is a display."""
    console = Console()
    with working_queue(settings) as follower:
        ((job_id, _),) = follow(follower, [sample_recording()], JobOptions(), again=True)
        job = follower.client.job(job_id)
    if job.state is not JobState.COMPLETED:
        return 1
    console.print(who_spoke_when(JobFolders(settings.jobs).transcript(job_id), columns=console.width))
    if not has_display():
        console.print("No display here: with one, the window would open on this job now.")
        return 0
    from fi_desktop.ui.main import run

    return run(App(settings), [], show_job=job_id)


def has_display() -> bool:
    """Whether a window could be seen."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
