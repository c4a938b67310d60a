"""One attempt at a job: run the pipeline, report progress, and return how it ended. In any process."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

from fi_desktop.core.errors import CancelledByUser, DeadlineExceeded, Interrupted, error_info
from fi_desktop.core.text import without_path
from fi_desktop.core.values import EngineChoice, Stage, StageEnd, StageTime
from fi_desktop.system.clock import awake_s
from fi_desktop.workers.protocol import (
    AttemptDone,
    AttemptEnd,
    AttemptFailed,
    AttemptProgress,
    AttemptStopped,
    CancelWork,
    ChangeLimit,
    Deliver,
    EnginesChosen,
    Measured,
    Progressed,
    StageEnded,
    StopWork,
    TakeBack,
    receive,
)

if TYPE_CHECKING:
    from fi_desktop.pipeline.task import SourceReader, Task

_PROGRESS_INTERVAL_S = 0.1


class Reporter:
    """Sends a pipeline's progress, at most ten times a second, and raises when the attempt must end."""

    def __init__(
        self, delivery: Deliver, send: Callable[[AttemptProgress], None], check: Callable[[], None]
    ) -> None:
        """Start the attempt's time.

        Args:
            delivery: the job.
            send: sends one message.
            check: called with every progress; raises CancelledByUser or Interrupted to end the attempt.
        """
        self._delivery = delivery
        self._send = send
        self._check = check
        self._started = awake_s()
        self._limit_s = delivery.soft_limit_s
        self._duration_s = 0.0
        self._stage: Stage | None = None
        self._stage_started = 0.0
        self._sent_at = 0.0

    def progress(self, stage: Stage, fraction: float) -> None:
        """Report the fraction of a stage that is done, 0 to 1.

        Raises:
            CancelledByUser, Interrupted: the attempt must end.
            DeadlineExceeded: the soft limit has passed.
        """
        self._check()
        now = awake_s()
        if now - self._started > self._limit_s:
            raise DeadlineExceeded(self._limit_s)
        if stage is not self._stage:
            self._stage, self._stage_started, self._sent_at = stage, now, 0.0
        if now - self._sent_at >= _PROGRESS_INTERVAL_S:
            self._sent_at = now
            self._send(Progressed(self._delivery.claim, stage, fraction))

    def ended(self, stage: Stage, end: StageEnd) -> None:
        """Report how a stage ended and how long it took; ignored if it never started."""
        if stage is self._stage:
            took_s = round(awake_s() - self._stage_started, 3)
            self._send(StageEnded(self._delivery.claim, StageTime(stage, took_s, end)))

    def measured(self, duration_s: float) -> None:
        """Report the recording's length in seconds; the soft limit grows with it."""
        self._duration_s = duration_s
        self.change_limit(self._delivery.soft_limit_s, self._delivery.limit_factor)
        self._send(Measured(self._delivery.claim, duration_s))

    def chosen(self, chosen: EngineChoice) -> None:
        """Report the engines that process the job."""
        self._send(EnginesChosen(self._delivery.claim, chosen))

    def change_limit(self, soft_limit_s: float, limit_factor: float) -> None:
        """Apply a new soft limit, seconds."""
        self._limit_s = max(soft_limit_s, limit_factor * self._duration_s)


class PipeReporter(Reporter):
    """Reports over the pipe of a worker or relay, and does what the queue thread says there meanwhile.

    Attributes:
        stopping: the process is to exit once the attempt has ended.
        wanted_back: a relay is to give the job back.
    """

    def __init__(self, delivery: Deliver, pipe: Connection, send: Callable[[AttemptProgress], None]) -> None:
        """Start the attempt's time; send: sends one message."""
        super().__init__(delivery, send, self.check)
        self._pipe = pipe
        self.stopping = self.wanted_back = False

    def check(self) -> None:
        """Read what the queue thread has said.

        Raises:
            CancelledByUser, Interrupted: the attempt must end.
        """
        while self._pipe.poll():
            message = receive(self._pipe)
            match message:
                case StopWork():
                    self.stopping = True
                    raise Interrupted
                case CancelWork(claim=self._delivery.claim):
                    raise CancelledByUser
                case TakeBack(claim=self._delivery.claim):
                    self.wanted_back = True
                case ChangeLimit():
                    self.change_limit(message.soft_limit_s, message.limit_factor)
                case _:
                    pass


def attempt(delivery: Deliver, reporter: Reporter, source: SourceReader | None = None) -> AttemptEnd:
    """Run a job and return how it ended. Never raises: this is where a job's errors stop.

    source: reads the recording; None if this process reads it.
    """
    # Imported here: the pipeline imports numpy, which reads the environment for its threads.
    from fi_desktop import pipeline

    try:
        return AttemptDone(delivery.claim, pipeline.run(task_of(delivery, source), reporter))
    except CancelledByUser:
        return AttemptStopped(delivery.claim, cancelled=True)
    except Interrupted:
        return AttemptStopped(delivery.claim, cancelled=False)
    except Exception as error:  # noqa: BLE001 - no error of a job may end the worker
        # A traceback names the recording, and its name may name the patient.
        details = without_path(traceback.format_exc(), Path(delivery.path))
        return AttemptFailed(delivery.claim, error_info(error, details))


def task_of(delivery: Deliver, source: SourceReader | None) -> Task:
    """Return the job as the pipeline takes it. source: reads the recording."""
    from fi_desktop import pipeline

    return pipeline.Task(
        delivery.job_id,
        Path(delivery.path),
        delivery.options,
        Path(delivery.folder),
        tuple(Path(folder) for folder in delivery.models),
        delivery.memory_level,
        delivery.threads,
        delivery.last_attempt,
        tuple(Path(folder) for folder in delivery.vocabulary),
        delivery.likely_languages,
        delivery.keep_turns,
        source,
        delivery.files,
    )
