"""An attempt of this desktop that the server does: send it, follow it, bring the result home.

A file in the job's folder marks that a task is followed: it holds the key of the attempt. It is written
before anything leaves, and goes with the job's other files when the job has ended. So a program that was
killed finds what it had sent, and what nobody follows can be told from what somebody does.
"""

from __future__ import annotations

import json
import socket
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from fi_desktop.audio.recording import Recording
from fi_desktop.audio.waveform import write_waveform
from fi_desktop.core import messages
from fi_desktop.core.errors import (
    CancelledByUser,
    FiError,
    Interrupted,
    TransientError,
    UserError,
    error_info,
)
from fi_desktop.core.messages import Note
from fi_desktop.core.text import without_path
from fi_desktop.core.transcript import summarize
from fi_desktop.core.values import Stage
from fi_desktop.engines import term_lists
from fi_desktop.pipeline import stages
from fi_desktop.pipeline.task import StageReporter, Task
from fi_desktop.system import log
from fi_desktop.system.files import RESULT, discard_stages
from fi_desktop.system.result_files import version_of
from fi_desktop.vault.sealing import new_key
from fi_desktop.workers.attempt import PipeReporter, task_of
from fi_desktop.workers.cluster import bundles
from fi_desktop.workers.cluster.broker import Unreachable
from fi_desktop.workers.cluster.orders import Beat, Begun, Envelope, Order, Returned, task_id
from fi_desktop.workers.cluster.server_access import ServerAccess, mark_of, marked_tasks
from fi_desktop.workers.cluster.transfer import audio_name, order_name, result_name
from fi_desktop.workers.confined_reader import ConfinedReader
from fi_desktop.workers.protocol import (
    AttemptDone,
    AttemptEnd,
    AttemptFailed,
    AttemptLost,
    AttemptProgress,
    AttemptStopped,
    Deliver,
    EnginesChosen,
    LoadMeasured,
    Progressed,
    StageEnded,
    Usage,
    Waits,
    hard_limit_s,
)

_POLL_MS = 200
_VERIFY_EVERY_S = 5.0
_TRY_AGAIN_S = 0.5
_MEASURE_EVERY_S = 3.0
_WAITS_AFTER_S = 1.5  # a free worker begins sooner
_MOST_SENT = 3  # of one claim: Redis forgot it each time
_FLAC, _BUNDLE, _RESULT = "sent-audio.part", "sent-order.part", "returned.part"


@dataclass(frozen=True, slots=True)
class _Mark:
    """What is known of a task that was sent; see the module.

    Attributes:
        key: of the attempt, hex.
        sha256: of the recording.
        channels, samples: of the decoded recording.
        returned: the result is in the job's folder.
    """

    key: str
    sha256: str
    channels: int
    samples: int
    returned: bool = False


class _ServerLost(Exception):
    """The server cannot be reached, or has no workers; the job is to be queued again, at no charge."""

    def __init__(self, reason: Note) -> None:
        super().__init__(reason.code)
        self.reason = reason


class RelayedAttempt:
    """One attempt at a job.

    Attributes:
        away: why the server cannot be used any more, if that ended the attempt.
    """

    def __init__(
        self,
        access: ServerAccess,
        delivery: Deliver,
        reporter: PipeReporter,
        send: Callable[[AttemptProgress | Usage | LoadMeasured | Waits], None],
    ) -> None:
        """Prepare.

        Args:
            access: the server.
            delivery: the job.
            reporter: receives the progress of what is done here, and knows whether the attempt must end.
            send: sends the queue thread a message.
        """
        self._access, self._delivery, self._reporter = access, delivery, reporter
        self._send, self._check = send, reporter.check
        self._task = task_id(access.link.desktop, delivery.claim)
        self._folder, self._files = Path(delivery.folder), delivery.files
        self._mark_path = mark_of(self._folder, self._task)
        self._sent = 0
        self._begun: Begun | None = None
        self._was_begun = False
        self.away: Note | None = None

    def run(self, opener: socket.socket | None) -> AttemptEnd | None:
        """Do it; return how it ended, or None if the server is to go on without this process.

        opener: opens the recording; None if this process does.
        """
        claim = self._delivery.claim
        try:
            return self._follow(opener)
        except Interrupted:
            if self._mark_path.exists():
                return None
            return AttemptStopped(claim, cancelled=False)
        except CancelledByUser:
            self._give_up()
            return AttemptStopped(claim, cancelled=True)
        except _ServerLost as lost:
            log.event("CLUSTER_LOST", task=self._task, code=str(lost))
            self._give_up()
            self.away = lost.reason
            return AttemptLost(claim, self._was_begun)
        except Exception as error:  # noqa: BLE001 - no error of a job may end the relay
            self._give_up()
            if isinstance(error, UserError):
                discard_stages(self._folder)  # the job is not retried
            if isinstance(error, TransientError) and error.code == messages.CLUSTER_TRANSFER.code:
                self.away = error.note
            details = without_path(traceback.format_exc(), Path(self._delivery.path))
            return AttemptFailed(claim, error_info(error, details))

    def tidy(self) -> None:
        """Withdraw the task, whose end the queue thread knows, and delete its files on the way."""
        self._access.forget(self._task)

    # ---- sending

    def _sent_mark(self, opener: socket.socket | None) -> _Mark:
        """Return the mark of the task; send the task if that was not done."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for task in marked_tasks(self._folder):
            if task != self._task:  # of an attempt that this desktop no longer follows
                mark_of(self._folder, task).unlink(missing_ok=True)
                # one of another name may be of the folder from which this one was copied
                if task.startswith(f"{self._access.link.desktop}-"):
                    self._access.forget(task, revoke=True)
        mark = self._read_mark()
        if mark is None:
            return self._send_task(opener, None)
        self._reporter.measured(Recording(self._folder, mark.channels, mark.samples).duration)
        return mark

    def _send_task(self, opener: socket.socket | None, known: _Mark | None) -> _Mark:
        """Decode the recording, if that was not done, and send the task; return its mark."""
        delivery = self._delivery
        self._sent += 1
        reader = ConfinedReader(opener, delivery.claim) if opener is not None else None
        task = task_of(delivery, reader)
        with StageReporter(self._reporter, Stage.DECODE) as stage:
            source = stages.decode_source(task, stage)
            recording = source.recording
            self._reporter.measured(recording.duration)
            mark = known or _Mark(new_key().hex(), source.sha256, recording.channels, recording.samples)
            self._write_mark(mark)
            self._put(task, recording, bytes.fromhex(mark.key), stage)
        hard_s = hard_limit_s(
            delivery.soft_limit_s, delivery.hard_limit_s, delivery.limit_factor, recording.duration
        )
        order = Order(
            claim=delivery.claim,
            job_id=delivery.job_id,
            key=bytes.fromhex(mark.key),
            options=delivery.options,
            duration_s=recording.duration,
            soft_limit_s=delivery.soft_limit_s,
            hard_limit_s=hard_s,
            limit_factor=delivery.limit_factor,
            memory_level=delivery.memory_level,
            last_attempt=delivery.last_attempt,
            likely_languages=delivery.likely_languages,
            keep_turns=delivery.keep_turns,
        )
        self._until_reached(lambda: self._offer(order))
        log.event("CLUSTER_SENT", task=self._task)
        return mark

    def _put(self, task: Task, recording: Recording, key: bytes, stage: StageReporter) -> None:
        """Put the sealed files of the task where the server gets them."""
        delivery, transfer = self._delivery, self._access.transfer
        flac, bundle = self._folder / _FLAC, self._folder / _BUNDLE
        try:
            # progress stays at 1, and the call ends the attempt if it must end
            bundles.write_audio(recording, flac, bundles.seal_of(key, "audio"), lambda _: stage(1.0))
            small = bundles.small_files(
                self._folder,
                self._files,
                keep_turns=delivery.keep_turns,
                lists=term_lists.wanted(delivery.options.vocabulary_lists, task.vocabulary_roots),
                roots=task.vocabulary_roots,
            )
            bundles.write_bundle(small, bundle, bundles.seal_of(key, "order"))
            transfer.put(flac, audio_name(self._task))
            self._check()
            transfer.put(bundle, order_name(self._task))
        finally:
            flac.unlink(missing_ok=True)
            bundle.unlink(missing_ok=True)

    def _offer(self, order: Order) -> None:
        self._access.broker.offer(self._task)
        self._access.send(self._task, order)

    def _until_reached(self, call: Callable[[], None]) -> None:
        """Repeat a call until Redis can be reached."""
        deadline = time.monotonic() + self._access.link.lost_after_s
        while True:
            self._check()
            try:
                call()
            except Unreachable as error:
                if time.monotonic() > deadline:
                    raise _ServerLost(messages.CLUSTER_UNREACHABLE(reason=type(error).__name__)) from error
                time.sleep(_TRY_AGAIN_S)
            else:
                return

    # ---- following

    def _follow(self, opener: socket.socket | None) -> AttemptEnd:
        """Follow the task until it has ended."""
        mark = self._sent_mark(opener)
        if mark.returned:
            return self._done(self._read_result())
        broker, lost_after_s = self._access.broker, self._access.link.lost_after_s
        last, after = (0, 0), "0"
        heard_at = reached_at = verified_at = measured_at = time.monotonic()
        waits_at: float | None = heard_at + _WAITS_AFTER_S
        while True:
            self._check()
            now = time.monotonic()
            try:
                said = broker.reports(self._task, after, _POLL_MS)
                if now - measured_at > _MEASURE_EVERY_S:
                    measured_at = now
                    self._send(LoadMeasured(self._access.load()))
                if not said and now - verified_at > _VERIFY_EVERY_S:
                    verified_at = now
                    if not broker.wanted(self._task):  # Redis was started again, without what was new
                        if (end := self._from_result(mark)) is not None:
                            return end
                        mark, after, heard_at = self._send_again(opener, mark), "0", now
                    elif self._begun is None and self._access.anybody():
                        heard_at = now  # it waits for its turn
            except Unreachable as error:
                lost = now - reached_at > lost_after_s
                if lost or now - verified_at > _VERIFY_EVERY_S:
                    verified_at = now
                    if (end := self._from_result(mark)) is not None:
                        return end  # Redis is away, the folder is not
                if lost:
                    raise _ServerLost(messages.CLUSTER_UNREACHABLE(reason=type(error).__name__)) from error
                time.sleep(_TRY_AGAIN_S)
                heard_at += time.monotonic() - now
                continue
            reached_at = time.monotonic()
            for number, content in said:
                after = number
                envelope = self._opened(content)
                if envelope is None or (envelope.delivery, envelope.number) <= last:
                    continue
                last, heard_at = (envelope.delivery, envelope.number), reached_at
                if (end := self._on_report(envelope, mark)) is not None:
                    return end
            if self._begun is None and self._reporter.wanted_back:
                self._give_up()
                return AttemptLost(self._delivery.claim, begun=False)
            if self._begun is None and waits_at is not None and reached_at > waits_at:
                waits_at = None
                self._send(Waits(self._delivery.claim))
            if reached_at - heard_at > lost_after_s:
                return self._on_silence(mark)

    def _send_again(self, opener: socket.socket | None, mark: _Mark) -> _Mark:
        """Send a task that Redis has forgotten, under the same claim."""
        if self._sent >= _MOST_SENT:
            raise _ServerLost(messages.CLUSTER_FORGETS())
        log.event("CLUSTER_SENT_AGAIN", task=self._task)
        self._begun = None
        return self._send_task(opener, mark)

    def _on_silence(self, mark: _Mark) -> AttemptEnd:
        """Return the end of a task whose worker is silent."""
        if (end := self._from_result(mark)) is not None:
            return end
        if self._begun is None:
            raise _ServerLost(messages.CLUSTER_NO_WORKERS())
        raise FiError(messages.CLUSTER_WORKER_LOST, host=self._begun.host)

    def _opened(self, content: Any) -> Envelope | None:
        """Return a report of the server; None if it is of somebody else."""
        try:
            return self._access.key.open(content, self._task)
        except (ValueError, KeyError, TypeError) as error:
            log.event("CLUSTER_REPORT_REFUSED", task=self._task, reason=str(error))
            return None

    def _on_report(self, envelope: Envelope, mark: _Mark) -> AttemptEnd | None:
        """Pass a report on; return the attempt's end, if it is that."""
        claim = self._delivery.claim
        match envelope.message:
            case Begun() as begun:
                self._begun, self._was_begun = begun, True
                self._send(Usage(begun.host, begun.pid, begun.device, 0.0, 0))
            case Beat(cpu_percent=cpu, rss_bytes=rss) if self._begun is not None:
                self._send(Usage(self._begun.host, self._begun.pid, self._begun.device, cpu, rss))
            # decoding was done here
            case Progressed(stage=stage) as progressed if stage is not Stage.DECODE:
                self._send(replace(progressed, claim=claim))
            case StageEnded() as ended if ended.time.stage is not Stage.DECODE:
                self._send(replace(ended, claim=claim))
            case EnginesChosen() as chosen:
                self._send(replace(chosen, claim=claim))
            case Returned():
                return self._fetched(mark, envelope.delivery)
            case AttemptFailed(error=error):
                self._mark_path.unlink(missing_ok=True)  # it has ended there; `tidy` forgets it
                return AttemptFailed(claim, error)
            case AttemptStopped():
                self._give_up()
                return AttemptStopped(claim, cancelled=False)
            case _:
                pass
        return None

    # ---- results

    def _from_result(self, mark: _Mark) -> AttemptEnd | None:
        """Return the end of a task whose result is there, although nobody said so."""
        try:
            names = [name for name, _ in self._access.transfer.files() if name.startswith(f"{self._task}.")]
            results = [name for name in names if name.endswith(".result")]
            return self._fetched(mark, int(results[-1].split(".")[-2])) if results else None
        except FiError:
            return None

    def _fetched(self, mark: _Mark, delivery: int) -> AttemptDone:
        """Bring the result of a delivery into the job's folder, and return the attempt's end."""
        fetched = self._folder / _RESULT
        try:
            self._access.transfer.get(result_name(self._task, delivery), fetched)
            seal = bundles.seal_of(bytes.fromhex(mark.key), f"result {delivery}")
            content = bundles.read_bundle(fetched, seal)
        except FileNotFoundError as error:
            raise FiError(messages.CLUSTER_NO_FILES) from error
        finally:
            fetched.unlink(missing_ok=True)
        name = Path(self._delivery.path).name
        transcript = bundles.returned_transcript(content, name, mark.sha256)
        audio = Recording(
            self._folder / bundles.AUDIO, mark.channels, mark.samples, seal=self._files.seal(bundles.AUDIO)
        )
        write_waveform(self._folder, audio, self._files)
        stages.keep_seek_table(self._folder)
        stages.write_result(self._folder, transcript, self._files)
        self._write_mark(replace(mark, returned=True))
        return self._done(self._read_result())

    def _read_result(self) -> bytes:
        return self._files.read(self._folder / RESULT)

    def _done(self, result: bytes) -> AttemptDone:
        transcript = bundles.transcript_of(result)
        return AttemptDone(self._delivery.claim, summarize(transcript, version_of(result)))

    # ---- the mark

    def _read_mark(self) -> _Mark | None:
        try:
            return _Mark(**json.loads(self._files.read(self._mark_path)))
        except (OSError, ValueError, TypeError):
            return None

    def _write_mark(self, mark: _Mark) -> None:
        self._files.write(self._mark_path, json.dumps(asdict(mark)).encode("ascii"))

    def _give_up(self) -> None:
        """Follow the task no longer; what the server still does is not wanted."""
        if self._mark_path.exists():
            self._mark_path.unlink()
            self._access.forget(self._task, revoke=True)
