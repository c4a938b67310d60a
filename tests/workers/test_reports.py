"""Messages between workers and the queue thread: what comes back, and what is not believed."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from dataclasses import replace
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from fi_desktop.core import messages
from fi_desktop.core.errors import ErrorInfo, ErrorKind
from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.values import (
    EngineChoice,
    JobOptions,
    NumberStyle,
    ServerLoad,
    SpeakerCount,
    Stage,
    StageEnd,
    StageTime,
    Summary,
)
from fi_desktop.workers.protocol import (
    LONGEST_REPORT,
    AttemptDone,
    AttemptFailed,
    AttemptLost,
    AttemptStopped,
    CancelWork,
    ChangeLimit,
    Deliver,
    EnginesChosen,
    FromWorker,
    Heartbeat,
    LoadMeasured,
    Measured,
    Progressed,
    Ready,
    StageEnded,
    StopWork,
    TakeBack,
    ToWorker,
    Waits,
    receive,
    receive_report,
    send,
)
from fi_desktop.workers.reports import checked
from fi_desktop.workers.wire import encoded
from tests.app_driver import running_app

NOTE = messages.AUDIO_GAP(at=1.0, length=2.5)
SUMMARY = Summary(
    2,
    62.5,
    "builtin",
    "clear",
    (NOTE, messages.verbatim("text")),
    "whisper",
    151,
    "es,en",
    "base",
    0.25,
    "0" * 16,
    "2026-11-28T16:30:00",
)
ERROR = ErrorInfo(
    ErrorKind.BUG,
    "worker.crashed",
    "It ended.",
    "Traceback …\n",
    (("ended", messages.ENDED_SIGNAL(number=11)),),
)
REPORTS: tuple[FromWorker, ...] = (
    Ready(),
    Heartbeat(),
    Measured("c", 62.5),
    EnginesChosen("c", EngineChoice("builtin", "base")),
    Progressed("c", Stage.SPEECH, 1),
    StageEnded("c", StageTime(Stage.DECODE, 0.25, StageEnd.KEPT)),
    AttemptDone("c", SUMMARY),
    AttemptDone("c", Summary(2, 62.5, "builtin")),
    AttemptFailed("c", ERROR),
    AttemptStopped("c", cancelled=True),
    AttemptLost("c", begun=True),
    Waits("c"),
    LoadMeasured(ServerLoad("server.example.org", 3, 2, 4, 17.0)),
    LoadMeasured(ServerLoad("server.example.org", 0, 0, 1)),
)
DELIVERY = Deliver(
    "c",
    17,
    "/r/Jos\udce9 ñ.wav",
    JobOptions(
        SpeakerCount(2, 4), "builtin", "es", "none", ("duelo",), "Dijo", ("cardiology",), NumberStyle.DIGITS
    ),
    "/home/jobs/17",
    ("/models", "/more"),
    540.0,
    4.0,
    likely_languages=("es",),
)
ORDERS: tuple[ToWorker, ...] = (DELIVERY, CancelWork("c"), ChangeLimit(540.0, 4.0), StopWork(), TakeBack("c"))


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: type(report).__name__)
def test_report_comes_back_as_it_was(report: FromWorker):
    ours, theirs = Pipe()
    send(theirs, report)
    assert checked(receive_report(ours)) == report


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: type(order).__name__)
def test_order_comes_back_as_it_was(order: ToWorker):
    ours, theirs = Pipe()
    send(ours, order)
    assert receive(theirs) == order


LIES: dict[str, Any] = {
    "fewer than none": LoadMeasured(ServerLoad("server.example.org", -1, 0, 1)),
    "half more than all": Progressed("c", Stage.SPEECH, 1.5),
    "less than nothing": Progressed("c", Stage.SPEECH, -0.1),
    "ten years": Measured("c", 86_400.0 * 3652),
    "result of ten years": AttemptDone("c", replace(SUMMARY, duration_s=86_400.0 * 3652)),
    "a million speakers": AttemptDone("c", replace(SUMMARY, speakers=1_000_000)),
    "another grade": AttemptDone("c", replace(SUMMARY, grade="excellent")),
    "path for a version": AttemptDone("c", replace(SUMMARY, version="../../../store")),
    "unknown note": AttemptDone("c", replace(SUMMARY, notes=(messages.Note("no.such"),))),
    "long name": AttemptDone("c", replace(SUMMARY, model="m" * 1_000)),
    "date that there is not": AttemptDone("c", replace(SUMMARY, recorded_at="2026-13-40")),
    "text for a date": AttemptDone("c", replace(SUMMARY, recorded_at="<b>now</b>")),
    "share above one": AttemptDone("c", replace(SUMMARY, wrong_share=7.0)),
    "negative time": StageEnded("c", StageTime(Stage.DECODE, -1.0)),
    "code with a path": AttemptFailed("c", replace(ERROR, code="../x")),
    "endless sentence": AttemptFailed("c", replace(ERROR, message="m" * 20_000)),
    "values in values": AttemptFailed("c", replace(ERROR, values=(("ended", messages.Note("no.such")),))),
    "thousand values": AttemptFailed("c", replace(ERROR, values=tuple((f"v{n}", n) for n in range(1_000)))),
}
NOT_MESSAGES: dict[str, bytes] = {
    "pickle": b"\x80\x04\x95\x17\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94.",
    "no JSON": b"{",
    "a list": b"[]",
    "no message": b'{"message": "Delete"}',
    "order": encoded(StopWork()),
    "list for a name": b'{"message": ["Ready"]}',
    "missing field": b'{"message": "Measured", "claim": "c"}',
    "field too many": b'{"message": "Ready", "claim": "c"}',
    "text for a number": b'{"message": "Measured", "claim": "c", "duration_s": "1"}',
    "true for a number": b'{"message": "Measured", "claim": "c", "duration_s": true}',
    "number for a claim": b'{"message": "Measured", "claim": 1, "duration_s": 1}',
    "no number": b'{"message": "Measured", "claim": "c", "duration_s": NaN}',
    "infinity": b'{"message": "Measured", "claim": "c", "duration_s": 1e999}',
    "huge number": b'{"message": "Measured", "claim": "c", "duration_s": 1' + b"0" * 5_000 + b"}",
    "too large for a float": b'{"message": "Measured", "claim": "c", "duration_s": 1' + b"0" * 400 + b"}",
    "unknown stage": b'{"message": "Progressed", "claim": "c", "stage": "rest", "fraction": 0.5}',
    "one for yes": b'{"message": "AttemptStopped", "claim": "c", "cancelled": 1}',
    "nested": b'{"message":' + b"[" * 100_000,
    "too long": b'{"message": "Ready"' + b" " * LONGEST_REPORT + b"}",
    "nothing": b"",
    "bytes": bytes(range(256)),
}


@pytest.mark.parametrize("lie", LIES)
def test_impossible_report_is_refused(lie: str):
    with pytest.raises(ValueError, match=r"impossible|unknown|too|date|format|month"):
        checked(LIES[lie])


@pytest.mark.parametrize("name", NOT_MESSAGES)
def test_what_is_no_report_is_refused(name: str):
    ours, theirs = Pipe(duplex=False)

    def say() -> None:
        with suppress(OSError):  # the reader does not wait for all of it
            theirs.send_bytes(NOT_MESSAGES[name])

    sender = threading.Thread(target=say)
    sender.start()
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - of many kinds
        receive_report(ours)
    assert str(caught.value)
    ours.close()
    sender.join()


def test_numbers_of_numpy_are_sent_as_numbers():
    import numpy as np

    assert json.loads(encoded(Measured("c", np.float64(1.5))))["duration_s"] == 1.5


def lying_worker(pipe: Connection, _device: str, *_confined: object) -> None:
    """A worker that was taken over: says that a job is done, in the wrong way and then in the right one."""
    send(pipe, Ready())
    delivery = receive(pipe)
    assert isinstance(delivery, Deliver)
    how = Path(delivery.path).name
    pipe.send_bytes(encoded(LIES[how]) if how in LIES else NOT_MESSAGES[how])
    send(pipe, AttemptDone(delivery.claim, Summary(99, 1.0, "builtin")))
    pipe.poll(60.0)


@pytest.mark.parametrize("lie", ["result of ten years", "pickle"])
def test_lie_of_a_worker_does_not_reach_the_store(
    home: Path, ten_seconds: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lie: str
):
    recording = tmp_path / lie
    recording.write_bytes(ten_seconds.read_bytes())
    monkeypatch.setattr("fi_desktop.workers.process.main", lying_worker)
    with running_app(home, workers=1, retry_delays_s=()) as driver:
        (job,) = driver.wait_until_done(*driver.submit(recording))
    assert job.state is JobState.FAILED
    assert job.summary is None
    assert job.error is not None
    assert (job.error.code, job.attempts[-1].outcome) == ("worker.odd", AttemptOutcome.CRASHED)
    assert job.error.message == "The worker process sent a message that makes no sense."
