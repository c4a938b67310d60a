"""Arguments and results of queue commands cross as plain JSON and arrive as they were."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from fi_desktop.audio.media_files import LeftOut, Unreadable
from fi_desktop.core import events as ev
from fi_desktop.core import messages
from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.core.job import Job, JobState, apply
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount
from fi_desktop.jobs.commands import command, commands_of
from fi_desktop.jobs.queue_events import WorkerGauge
from fi_desktop.jobs.service import JobService
from fi_desktop.jobs.transitions import ChangeResult, SubmitResult
from fi_desktop.rpc.client import RemoteClient, decode, encode
from fi_desktop.rpc.server import answer

JOB = apply(None, ev.Submitted(1, 1.0, "/a \udcff.wav", JobOptions(SpeakerCount(2, 3)), Priority.LOW))
LEFT_OUT = LeftOut(((".txt", 2),), (Unreadable("/b", messages.PATH_NO_ANSWER()),))


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Job | None, JOB),
        (Job | None, None),
        (list[Job], [JOB, JOB]),
        (JobOptions, JobOptions(vocabulary=("warfarin",), prompt="Said Dr Núñez.")),
        (SubmitResult, SubmitResult((1, 2), (3,), ("/a.wav",), LEFT_OUT)),
        (ChangeResult, ChangeResult((1,), (), (2,))),
        (WorkerGauge, WorkerGauge("worker-1", 7, "cpu", 12.5, 10**9, 60.0, 1.0, 3, 0)),
        (Priority, Priority.URGENT),
        (JobState | None, JobState.FAILED),
        (Mapping[int, Path], {1: Path("/a.wav").absolute()}),
        (float, 2),
    ],
)
def test_a_value_arrives_as_it_was_sent(kind: Any, value: object):
    assert decode(kind, json.loads(json.dumps(encode(value)))) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [(int, "1"), (int, True), (bool, 1), (str, None), (Path, 7), (list[int], "12"), (Priority, 2), (Job, {})],
)
def test_a_value_of_another_type_is_refused(kind: Any, value: object):
    with pytest.raises((AttributeError, KeyError, TypeError, ValueError)):
        decode(kind, value)


def test_every_command_is_annotated_with_types_that_can_be_sent():
    commands = [member for member in vars(JobService).values() if hasattr(member, "is_queue_command")]
    assert {"submit", "cancel", "retry", "jobs", "verify"} <= {member.__name__ for member in commands}
    for member in commands:
        assert get_type_hints(member)["return"].__origin__ is Future


class Owner:
    @command
    def double(self, numbers: Iterable[int], *, times: int = 2) -> Future[list[int]]:
        return _answered(lambda: [times * number for number in numbers])

    @command
    def refuse(self) -> Future[None]:
        return _answered(lambda: _raise(UserError(messages.JOB_UNKNOWN, job=7)))

    @command
    def fail(self) -> Future[None]:
        return _answered(lambda: _raise(TransientError(messages.STORE_FULL)))

    def secret(self) -> Future[int]:
        return _answered(lambda: 1)


def _answered(call: Callable[[], Any]) -> Future[Any]:
    future: Future[Any] = Future()
    try:
        future.set_result(call())
    except (UserError, TransientError) as error:
        future.set_exception(error)
    return future


def _raise(error: Exception) -> None:
    raise error


@pytest.fixture
def client() -> RemoteClient:
    """A client of `Owner` whose messages are really JSON."""
    commands = commands_of(Owner())
    return RemoteClient(
        lambda message: json.loads(
            json.dumps(answer(commands, lambda: False, json.loads(json.dumps(message))))
        )
    )


def test_a_command_is_called_by_name_with_its_arguments(client: RemoteClient):
    assert client.call(Owner.double, (number for number in (1, 2))) == [2, 4]
    assert client.call(Owner.double, [1], times=5) == [5]


def test_errors_arrive_as_errors(client: RemoteClient):
    with pytest.raises(UserError, match="7") as refused:
        client.call(Owner.refuse)
    assert refused.value.code == "job.unknown"
    with pytest.raises(TransientError) as failed:
        client.call(Owner.fail)
    assert failed.value.code == "store.full"


def test_a_method_that_is_not_a_command_cannot_be_called(client: RemoteClient):
    with pytest.raises(UserError) as refused:
        client.call(Owner.secret)
    assert refused.value.code == "ipc.version"
