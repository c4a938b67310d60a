"""How a result looks in a terminal."""

from dataclasses import replace

import pytest
from fi_desktop.cli.show import _spent, who_spoke_when
from rich.console import Console

from fi_desktop.core.job import Attempt, AttemptOutcome, Job, JobState
from fi_desktop.core.values import JobOptions, Priority
from tests.exporters.test_exporters import TURNS, WITH_WORDS, WITHOUT_WORDS


def drawn(transcript, *, columns=60, styled=False):
    console = Console(width=columns, force_terminal=styled, color_system="standard" if styled else None)
    with console.capture() as capture:
        console.print(who_spoke_when(transcript, columns=columns))
    return capture.get()


def test_words_stand_below_their_time_and_speaker_and_are_wrapped():
    (first, *rest) = WITH_WORDS.segments
    long = replace(first, text="Buenos días, " + "¿qué le pasa? " * 9)
    lines = drawn(replace(WITH_WORDS, segments=(long, *rest))).splitlines()
    at = lines.index("    0:00.5  SPEAKER_00")
    assert lines[at + 1].startswith(" " * 12 + "Buenos días, ¿qué")
    assert lines[at + 2].startswith(" " * 12 + "pasa? ¿qué")
    assert max(map(len, lines)) <= 60
    assert " 1:02:05.0  unknown speaker" in lines


def test_doubtful_words_are_underlined():
    (first, *_) = WITH_WORDS.segments
    doubtful = replace(first, words=(replace(first.words[0], probability=0.1), first.words[1]))
    text = drawn(replace(WITH_WORDS, segments=(doubtful,)), styled=True)
    assert "\x1b[4mBuenos\x1b[0m" in text
    assert "\x1b[4mdías," not in text


def test_without_words_the_turns_are_listed():
    lines = drawn(WITHOUT_WORDS).splitlines()
    assert lines[-len(TURNS)].split() == ["0:00.5", "–", "0:03.3", "SPEAKER_00"]
    assert lines[0].startswith("SPEAKER_00")


def test_without_speakers_there_are_no_lanes():
    nobody = tuple(replace(segment, speaker=None) for segment in WITH_WORDS.segments)
    lines = drawn(replace(WITH_WORDS, turns=(), segments=nobody)).splitlines()
    assert lines[0] == "    0:00.5  unknown speaker"


BEGUN = Attempt(1, 1030.0, "worker-1")
ENDED = replace(BEGUN, ended_at=1090.0, outcome=AttemptOutcome.COMPLETED)


@pytest.mark.parametrize(
    ("state", "attempts", "spent"),
    [
        (JobState.QUEUED, (), "1:40"),
        (JobState.RUNNING, (BEGUN,), "1:10"),
        (JobState.RETRYING, (ENDED,), "0:10"),
        (JobState.COMPLETED, (ENDED,), "1:00"),
        (JobState.CANCELLED, (), ""),
    ],
)
def test_time_is_what_the_window_shows_for_it(state, attempts, spent):
    job = Job(1, "/r/a.wav", JobOptions(), Priority.NORMAL, 1000.0, state, attempts, finished_at=1090.0)
    assert _spent(job, 1100.0) == spent
