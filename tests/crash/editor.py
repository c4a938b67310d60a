"""A person who corrects a result, to be killed: `python -m tests.crash.editor ROLE HOME JOB SEED`

    alone    owns the queue, as the window does, and edits
    owner    owns the queue, and edits nothing
    guest    edits through the process that owns the queue

An editor reads the result, makes random steps until it is killed, and prints a line about each:

    saved AT       a step is on disk; AT is unique and identifies it
    refused AT     another person changed the result meanwhile; it is read again
    gone           the owner does not answer any more
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

from fi_desktop.app import App
from fi_desktop.core import messages
from fi_desktop.core.errors import FiError
from fi_desktop.core.review import BadStep, Review, Step, StepKind, fingerprint
from fi_desktop.core.revision import (
    Assign,
    BadEdit,
    Check,
    Describe,
    Edit,
    Join,
    Merge,
    MoveBorder,
    Split,
    Swap,
    Write,
)
from fi_desktop.core.transcript import Role, Transcript
from fi_desktop.jobs.folders import JobFolders
from fi_desktop.jobs.review_files import ReviewOutcome
from fi_desktop.jobs.service import JobService
from fi_desktop.rpc.client import LocalClient, QueueClient
from fi_desktop.settings import load

_MOST_STEPS = 3  # that are saved at once


def random_edit(rng: random.Random, transcript: Transcript) -> Edit:
    """Return an edit that may fit."""
    segment = rng.randrange(len(transcript.segments) + 1)
    labels = [f"SPEAKER_{number:02d}" for number in range(4)]
    first = rng.randrange(6)
    end = first + rng.randrange(3)
    text = " ".join(rng.choices(("sí", "no", "ibuprofeno", "10", "“x”", "\u2028"), k=rng.randrange(4)))
    choices: tuple[Edit, ...] = (
        Describe(rng.choice(labels), rng.choice(("", "Ana", "Dra. Robles")), rng.choice((None, *Role))),
        Assign(segment, rng.choice(labels), rng.random() < 0.3),
        Merge(rng.choice(labels), rng.choice(labels)),
        Swap(rng.choice(labels), rng.choice(labels)),
        Split(segment, word=first),
        Join(segment),
        MoveBorder(segment, rng.uniform(0.0, transcript.duration)),
        Write(segment, first, end, text),
        Check(segment, first, end),
    )
    return rng.choice(choices)


def random_step(rng: random.Random, review: Review, at: float) -> Step:
    """Return a step that fits, and take it."""
    while True:
        kind = rng.choices(tuple(StepKind), weights=(12, 4, 3, 1, 1))[0]
        edits = tuple(random_edit(rng, review.transcript) for _ in range(rng.choice((1, 1, 2))))
        signed = fingerprint(review.transcript) if kind is StepKind.SIGN else ""
        step = Step(kind, at, "Ana", edits if kind is StepKind.EDIT else (), signed)
        try:
            review.add(step)
        except (BadEdit, BadStep):
            continue
        return step


def edit(client: QueueClient, folders: JobFolders, job_id: int, seed: int) -> None:
    """Make steps until the owner is gone."""
    rng = random.Random(seed)
    moments = _moments(seed)
    stored = folders.result(job_id)
    while True:
        before = len(stored.review.steps)
        steps = [random_step(rng, stored.review, next(moments)) for _ in range(rng.randint(1, _MOST_STEPS))]
        outcome = ReviewOutcome.of(stored.review)
        try:
            client.call(JobService.add_steps, job_id, stored.version, steps, after=before, outcome=outcome)
        except FiError as error:
            if error.code != messages.REVIEW_CHANGED.code:
                say("gone")
                return
            say(*(f"refused {step.at!r}" for step in steps))
            stored = folders.result(job_id)
        else:
            say(*(f"saved {step.at!r}" for step in steps))


def _moments(seed: int) -> Iterator[float]:
    moment = float(seed) * 1e6
    while True:
        moment += 1.0
        yield moment


def say(*lines: str) -> None:
    sys.stdout.write("".join(line + "\n" for line in lines))
    sys.stdout.flush()


def main(role: str, home: Path, job_id: int, seed: int) -> None:
    settings = load({"FI_DESKTOP_HOME": str(home)})
    app = App(settings, backend="idle")
    folders = JobFolders(settings.jobs)
    if role == "guest":
        edit(app.owner(), folders, job_id, seed)
        return
    app.start()
    say("started")
    if role == "alone":
        edit(LocalClient(app.service), folders, job_id, seed)
    else:
        sys.stdin.read()
    app.stop()


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
