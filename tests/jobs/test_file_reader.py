"""`FileReader`: stalled readings, their order, and shutdown."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.jobs.file_reader import FileReader

STALL_S = 0.4
WAIT_S = 120


class Numbers:
    """Reads numbers; `stuck` is not read before `answers` is set."""

    def __init__(self, count: int, stuck: int | None = None) -> None:
        self.left = list(range(count))
        self.stuck = stuck
        self.stands = threading.Event()
        self.answers = threading.Event()
        self.taken: list[int] = []
        self.skipped: list[int] = []
        self.done: Future[None] = Future()

    def read(self, progress: Callable[[], None]) -> Iterator[int]:
        for number in list(self.left):
            progress()
            if number == self.stuck:
                self.stands.set()
                self.answers.wait()
            yield number

    def take(self, item: int) -> None:
        self.left.remove(item)
        self.taken.append(item)

    def skip(self) -> None:
        self.skipped.append(self.left.pop(0))

    def finish(self) -> None:
        self.done.set_result(None)

    def refuse(self, error: BaseException) -> None:
        self.done.set_exception(error)


@pytest.fixture
def reader() -> Iterator[FileReader]:
    reader = FileReader(STALL_S)
    yield reader
    reader.close()


def test_a_stalled_item_is_skipped_and_its_late_answer_ignored(reader: FileReader):
    earlier = set(threading.enumerate())
    stalls, after = Numbers(4, stuck=2), Numbers(3)
    reader.start(stalls)
    reader.start(after)
    stalls.done.result(WAIT_S)
    after.done.result(WAIT_S)
    assert (stalls.taken, stalls.skipped, after.taken) == ([0, 1, 3], [2], [0, 1, 2])
    started = [thread for thread in threading.enumerate() if thread not in earlier]
    abandoned, _ = (thread for thread in started if thread.name == "file-reader")
    stalls.answers.set()
    abandoned.join(WAIT_S)
    assert not abandoned.is_alive()
    assert stalls.taken == [0, 1, 3]


def test_waiting_for_the_queue_is_not_a_stall(reader: FileReader):
    class Slow(Numbers):
        def take(self, item: int) -> None:
            threading.Event().wait(STALL_S * 3)  # a disk that is busy
            super().take(item)

    reading = Slow(2)
    reader.start(reading)
    reading.done.result(WAIT_S)
    assert (reading.taken, reading.skipped) == ([0, 1], [])


def test_closing_refuses_stalled_waiting_and_later_readings():
    readings = [Numbers(1, stuck=0), Numbers(1), Numbers(1)]
    reader = FileReader(stall_s=WAIT_S)
    for reading in readings[:2]:
        reader.start(reading)
    assert readings[0].stands.wait(WAIT_S)
    reader.close()
    reader.start(readings[2])
    for reading in readings:
        with pytest.raises(UserError, match="closing"):
            reading.done.result(0)
    readings[0].answers.set()
    assert [reading.taken for reading in readings] == [[], [], []]


def test_an_error_ends_one_reading_and_the_next_one_runs(reader: FileReader):
    class Broken(Numbers):
        def read(self, progress: Callable[[], None]) -> Iterator[int]:
            raise OSError("no such drive")
            yield

    broken, fine = Broken(1), Numbers(1)
    reader.start(broken)
    reader.start(fine)
    with pytest.raises(OSError, match="no such drive"):
        broken.done.result(WAIT_S)
    fine.done.result(WAIT_S)
    assert fine.taken == [0]
