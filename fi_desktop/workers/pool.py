"""The pool: workers, one pipe each, supervised by the engine room.

A worker holds one job at a time (prefetch 1). Its death gives the job back and brings a replacement; a job
that outlasts its hard limit, and a worker that is not heard of for too long, die with their whole process
tree. Where no process can be started, one thread of the app does the jobs.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from fi_desktop.core.errors import DeadlineExceeded, FiError, TransientError, error_info
from fi_desktop.core.events import CancelAsked
from fi_desktop.core.job import Job, JobState
from fi_desktop.jobs.news import JobChanged, JobProgressed, News, WorkerGauge, WorkersChanged
from fi_desktop.jobs.service import JobService
from fi_desktop.settings import Settings
from fi_desktop.system import log
from fi_desktop.workers.ears import Ears
from fi_desktop.workers.limits import Limits
from fi_desktop.workers.place import Place
from fi_desktop.workers.protocol import (
    CancelWork,
    ChangeLimit,
    Done,
    Ended,
    EnginesChosen,
    FromWorker,
    GaveUp,
    Heartbeat,
    Measured,
    Progressed,
    Ready,
    StageEnded,
    StopWork,
    WentWrong,
)
from fi_desktop.workers.queue_thread import EngineRoom
from fi_desktop.workers.roster import default_workers, fit

_CANCEL_GRACE_S = 10.0
_RETRY_TURN_S = 1.0
_EXPIRE_EVERY_S = 3600.0
_LOOK_EVERY_S = 5.0  # how long the engine room waits at most while a worker is busy
_WEIGH_EVERY_S = 1.0  # how often a worker's memory is looked at, at most
_SLEPT_S = 30.0  # a longer wait than asked for by this much: the computer slept
_HOPELESS = 3  # so many stillborn workers in every place: no process can be started here
_IN_APP = "in-app"
_TROUBLE = "No worker process can be started here: recordings are worked one at a time inside the program."


class WorkerPool(EngineRoom):
    """Runs jobs in worker processes."""

    def __init__(
        self,
        service: JobService,
        settings: Settings,
        models: tuple[str, ...],
        *,
        now: Callable[[], float],
        threads: bool = False,
    ) -> None:
        """Prepare; `now` is UTC, seconds since the epoch. Limits and waits go by the monotonic clock.

        `threads`: use a thread of the app from the start, as where no process can be started.
        """
        super().__init__(service, settings, models)
        self._now = now
        # spawn: neither CUDA nor Qt survives a fork
        self._context = multiprocessing.get_context("spawn")
        self._wanted = settings.workers or default_workers()
        self._places: list[Place] = []
        self._orders: deque[Callable[[], None]] = deque()  # what was asked for; deques may be used anywhere
        self._ears = Ears()
        self._threads = threads
        self._wanted_limits = self._limits
        self._turn_at: float | None = None
        self._expire_at = 0.0
        self._looked_at = time.monotonic()  # after each wait: more than that is in between where it slept
        self._shown: WorkersChanged | None = None

    # ---- for everybody, from any thread

    def resize(self, workers: int) -> None:
        """Grow or shrink the pool; a worker that is too many finishes its job first."""
        self._wanted = max(1, workers)
        self._ring()

    def recycle(self, name: str) -> None:
        """Replace a worker once its job is done."""
        self._order(name, Place.recycle)

    def retire(self, name: str) -> None:
        """Do with one worker less: with this one, once its job is done."""

        def retire(place: Place) -> None:
            if self._wanted > 1 and not place.retiring:
                self._wanted -= 1
                place.retire()

        self._order(name, retire)

    def restart(self, name: str) -> None:
        """Replace a worker now; its job goes back to the queue without a charge."""
        self._order(name, partial(Place.restart, grace_s=self._settings.stop_grace_s))

    def _order(self, name: str, deed: Callable[[Place], None]) -> None:
        """Have something done with a worker, where there is one of that name; on the engine room's thread."""

        def carry_out() -> None:
            for place in self._places:
                if place.name == name:
                    deed(place)

        self._orders.append(carry_out)
        self._ring()

    def change_limits(self, limits: Limits) -> None:
        """Use other time limits from now on, for what runs too."""
        self._wanted_limits = limits
        self._ring()

    def change_settings(self, settings: Settings) -> None:
        """Go by other settings from now on, the number of workers apart; see `resize`."""
        self._settings = settings
        self.change_limits(Limits.of(settings))

    def gauges(self) -> tuple[WorkerGauge, ...]:
        """Read what each worker uses."""
        return tuple(place.gauge(now=self._now()) for place in tuple(self._places))

    # ---- the loop

    def _work(self) -> None:
        unlisten = self._service.listen(self._on_news)
        try:
            while not self._stopping.is_set():
                self._adopt_limits()
                self._fit()
                self._fill()
                self._wait()
                self._kill_overdue()
                self._take_turn()
            self._stop_workers()
        finally:
            unlisten()
            self._ears.close()
            for place in self._places:
                place.kill()

    def _take_turn(self) -> None:
        self._turn_at = None
        self._turn(self._claim, self._hand_out)

    def _claim(self) -> list[Job]:
        now = time.monotonic()
        if now >= self._expire_at and self._service.ledger.expire():
            self._expire_at = now + _EXPIRE_EVERY_S
        claimed = []
        for place in self._places:
            if place.idle:
                job = self._service.ledger.claim(place.name, place.device)
                if job is None:
                    break
                claimed.append(job)
        return claimed

    def _hand_out(self, jobs: list[Job]) -> None:
        for job in jobs:
            self._deliver(job)
        self._show_workers()

    def _deliver(self, job: Job) -> None:
        place = next(place for place in self._places if place.name == job.attempts[-1].worker)
        place.job = job
        place.began = place.heard = time.monotonic()
        self._set_hard_limit(place)
        place.send(self._delivery(job))

    def _wait(self) -> None:
        told = self._listen(self._patience_s())
        while told:  # whatever was said meanwhile is committed together
            told = self._listen(0.0)

    def _listen(self, patience_s: float | None) -> bool:
        """Hear whoever says something within that time; return whether a worker did."""
        sources = [self._bell_reader, *(source for place in self._places for source in place.sources)]
        heard = self._ears.wait(sources, patience_s)
        before, self._looked_at = self._looked_at, time.monotonic()
        if patience_s is not None and (late_s := self._looked_at - before - patience_s) > _SLEPT_S:
            self._wake_up(late_s)
        told = False
        if self._bell_reader in heard:
            self._hear()
        for place in self._places:
            if place.pipe in heard and (message := place.message()) is not None:
                self._on_message(place, message)
                told = True
            elif not heard.isdisjoint(place.sources) and place.gone:
                self._on_end_of_worker(place)
        return told

    def _patience_s(self) -> float | None:
        """How long nothing needs to be done if nobody says anything, seconds."""
        now = time.monotonic()
        moments = [place.kill_at for place in self._places if place.held and place.kill_at is not None]
        moments += [place.spawn_at for place in self._places if not place.held]
        if any(place.job is not None for place in self._places):
            moments.append(now + _LOOK_EVERY_S)
        if self._turn_at is not None:
            moments.append(self._turn_at)
        elif (due_at := self._service.ledger.store.next_due_at()) is not None and any(
            p.idle for p in self._places
        ):
            moments.append(now + due_at - self._now())
        if self._service.ledger.expires:
            moments.append(self._expire_at)
        return max(0.0, min(moments) - now) if moments else None

    def _wake_up(self, slept_s: float) -> None:
        """The computer slept: that time counts against nobody."""
        log.event("APP_SLEPT", seconds=slept_s)
        for place in self._places:
            # where it slept in the midst of a turn, what began after it is owed nothing
            owed_s = min(slept_s, self._looked_at - place.began)
            place.began += owed_s
            place.heard = min(place.heard + slept_s, self._looked_at)
            if place.kill_at is not None:
                place.kill_at += owed_s

    def _at_once(self) -> int:
        return max(1, len(self._places))

    def _on_unwritable(self, error: TransientError) -> None:
        del error
        self._turn_at = time.monotonic() + _RETRY_TURN_S

    # ---- what workers tell

    def _on_message(self, place: Place, message: FromWorker) -> None:
        if isinstance(message, Ready):
            place.ready, place.stillborn = True, 0
            return
        if isinstance(message, Heartbeat):
            return  # that it was heard is noted
        job = place.job
        if job is None or job.claim != message.claim:
            return
        match message:
            case Progressed():
                place.hear_of_stage(message)
                progress = JobProgressed(
                    job.id, message.stage, message.fraction, place.duration_s, place.chosen
                )
                self._service.tell(progress)
            case StageEnded():
                place.hear_of_stage(message)
            case EnginesChosen(chosen=chosen):
                place.chosen = chosen
            case Measured(duration_s=duration_s):
                place.duration_s = duration_s
                self._set_hard_limit(place)
            case Done() | WentWrong() | GaveUp():
                self._on_end(place, job, message)

    def _set_hard_limit(self, place: Place) -> None:
        if place.giving_back:
            return
        if place.kill_error is not None and place.kill_error.code != "job.timeout":
            return  # it is to end sooner, for another reason
        limit_s = self._limits.hard_for(place.duration_s)
        place.kill_at = place.began + limit_s
        place.kill_error = error_info(DeadlineExceeded(limit_s))

    def _adopt_limits(self) -> None:
        if self._limits is self._wanted_limits:
            return
        self._limits = self._wanted_limits
        for place in self._places:
            place.send(ChangeLimit(self._limits.soft_s, self._limits.factor))
            if place.job is not None:
                self._set_hard_limit(place)

    def _on_end(self, place: Place, job: Job, message: Ended) -> None:
        ledger, claim, stages = self._service.ledger, message.claim, place.told()
        place.done_by_worker += 1
        match message:
            case Done(summary=summary):
                place.done += 1
                self._told.append(partial(ledger.completed, job.id, claim, summary, stages=stages))
            case WentWrong(error=error):
                place.failed += 1
                self._told.append(partial(ledger.failed, job.id, claim, error, stages=stages))
            case GaveUp(cancelled=True):
                self._told.append(partial(ledger.cancelled, job.id, claim, stages=stages))
            case GaveUp():
                self._told.append(partial(ledger.released, job.id, claim, stages=stages))
        place.rest()
        if self._worn_out(place):
            place.leaving = True
        if place.leaving:
            place.send(StopWork())

    def _worn_out(self, place: Place) -> bool:
        """Whether a worker is to make room for a fresh one: libraries leak, and memory falls apart."""
        settings = self._settings
        if settings.recycle_jobs and place.done_by_worker >= settings.recycle_jobs:
            return True
        if not settings.recycle_mb or place.heard - place.weighed < _WEIGH_EVERY_S:
            return False
        place.weighed = place.heard
        return place.rss_bytes() > settings.recycle_mb * 1_000_000

    def _on_news(self, news: tuple[News, ...]) -> None:
        for item in news:
            match item:
                case JobChanged(job=job, event=CancelAsked()) if job.state is JobState.RUNNING:
                    self._cancel(job)
                case _:
                    pass

    def _cancel(self, job: Job) -> None:
        for place in self._places:
            if place.job is not None and place.job.claim == job.claim:
                place.send(CancelWork(job.claim or ""))
                # native code may not come back soon to be asked
                place.kill_at = time.monotonic() + _CANCEL_GRACE_S
                place.kill_error = error_info(FiError("job.cancelled", "Cancelled."))

    # ---- workers come and go

    def _fit(self) -> None:
        """Do as was asked for, and have as many places as are wanted; one where threads of the app work."""
        while self._orders:
            self._orders.popleft()()
        if not self._threads:
            self._places = fit(self._places, self._wanted)
        elif not self._places:
            self._places = [Place(_IN_APP)]

    def _fill(self) -> None:
        """Give each free place a worker."""
        if not self._threads and self._places and all(place.stillborn >= _HOPELESS for place in self._places):
            log.event("WORKERS_IMPOSSIBLE")
            self._threads = True
            self._places = [Place(_IN_APP)]
        for place in self._places:
            if not place.held and time.monotonic() >= place.spawn_at:
                start = place.start_thread if self._threads else place.start_process
                start(self._context, started_at=self._now())

    def _on_end_of_worker(self, place: Place) -> None:
        if place.giving_back:
            self._give_back(place)
            return
        for message in place.messages():  # what it said last
            self._on_message(place, message)
        job, kill_error, stages = place.job, place.kill_error if place.overdue else None, place.told()
        ended = place.clear()
        if job is not None:
            error = kill_error or error_info(ended)
            place.failed += 1
            claim = job.claim or ""
            failed = partial(self._service.ledger.failed, job.id, claim, error, crashed=True, stages=stages)
            self._told.append(failed)

    def _kill_overdue(self) -> None:
        silent_since = time.monotonic() - self._settings.stuck_after_s
        for place in self._places:
            if place.process is None:
                continue
            if place.job is not None and place.heard < silent_since and not place.overdue:
                place.kill_at = time.monotonic()
                place.kill_error = error_info(
                    FiError("worker.stuck", "The worker that had this job was stuck.")
                )
            if place.overdue:
                place.kill()
                place.process.join()
                self._on_end_of_worker(place)

    def _stop_workers(self) -> None:
        """Ask all to stop, wait a little, kill the rest; what was running is given back."""
        for place in self._places:
            place.leaving = True
            place.send(StopWork())
        deadline = time.monotonic() + self._settings.stop_grace_s
        while any(place.held for place in self._places) and (left_s := deadline - time.monotonic()) > 0:
            # for their ends alone: a pipe would tell again and again of what is read at the end
            self._ears.wait([place.sources[-1] for place in self._places if place.held], left_s)
            for place in self._places:
                if place.gone:
                    self._give_back(place)
        for place in self._places:
            if place.held:
                place.kill()
                self._give_back(place)
        self._turn(list)

    def _give_back(self, place: Place) -> None:
        for message in place.messages():
            self._on_message(place, message)
        if place.job is not None:
            job, stages = place.job, place.told()
            self._told.append(partial(self._service.ledger.released, job.id, job.claim or "", stages=stages))
        place.clear()

    def _show_workers(self) -> None:
        trouble = _TROUBLE if self._threads else ""
        news = WorkersChanged(tuple(place.info() for place in self._places if place.held), trouble)
        if news != self._shown:
            self._shown = news
            self._service.tell(news)
