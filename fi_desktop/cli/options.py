"""How a recording is done, as the command line says it: of new jobs, and of those that wait."""

from __future__ import annotations

import argparse
from dataclasses import replace

from fi_desktop.cli.terminal import say
from fi_desktop.core.values import JobOptions
from fi_desktop.rpc.client import Client


def options_of(usual: JobOptions, given: argparse.Namespace) -> JobOptions:
    """Return what the command line says, and where it says nothing, what is usual."""
    language = usual.language if given.language is None else given.language
    return replace(
        usual,
        speakers=given.speakers or usual.speakers,
        engine=given.engine or usual.engine,
        language=None if language == "auto" else language,
        transcriber=given.transcriber or usual.transcriber,
        vocabulary=given.vocabulary or usual.vocabulary,
        prompt=usual.prompt if given.prompt is None else given.prompt,
    )


def change_waiting(client: Client, ids: list[int], given: argparse.Namespace) -> int:
    """Do jobs that wait with other options; return 1 where some cannot be done so any more."""
    alike: dict[JobOptions, list[int]] = {}
    for job_id in ids:
        alike.setdefault(options_of(client.job(job_id).options, given), []).append(job_id)
    left = 0
    for options, some in alike.items():
        change = client.change(some, options)
        for job_id in change.begun:
            say(f"Job {job_id} does not wait any more.")
        for job_id in change.known:
            say(f"Job {job_id} is as it was: its recording is in the list with these options.")
        left += len(change.begun) + len(change.known)
    return 1 if left else 0
