"""Profiles on disk: what was kept comes back, and what is damaged is set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.core.job import JobOptions, Priority
from fi_desktop.core.speakers import SpeakerCount
from fi_desktop.watch.profiles import BUILT_IN, Choice, Profile, load, save

MINE = (
    Profile(
        "Niños",
        Choice(
            JobOptions(SpeakerCount(2, 4), "builtin", "es", "none", ("lorazepam",), "Hola."), Priority.URGENT
        ),
    ),
    Profile("Night", Choice(JobOptions(), Priority.LOW)),
)


def test_what_was_kept_comes_back(home: Path):
    assert load(home) == ()
    save(home, MINE)
    assert load(home) == MINE
    save(home, MINE[:1])
    assert load(home) == MINE[:1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        "\xff",
        json.dumps({"version": 2, "profiles": []}),
        json.dumps({"version": 1, "profiles": 3}),
        json.dumps({"version": 1, "profiles": [{"name": "", "priority": 5, "options": {}}]}),
        json.dumps({"version": 1, "profiles": [{"name": "a", "priority": 7, "options": {}}]}),
        json.dumps({"version": 1, "profiles": [{"name": "a", "priority": 5, "options": {"speakers": "x"}}]}),
    ],
)
def test_a_damaged_file_is_set_aside_in_one_sentence(home: Path, text: str):
    (home / "profiles.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match="set aside"):
        load(home)
    assert load(home) == ()
    assert (home / "profiles-unreadable.json").read_bytes() == text.encode("latin-1")


def test_two_of_one_name_are_damage_too(home: Path):
    save(home, [MINE[0], MINE[0]])
    with pytest.raises(UserError):
        load(home)


def test_a_file_that_cannot_be_read_stays_where_it_is(home: Path):
    (home / "profiles.json").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        load(home)
    assert (home / "profiles.json").is_dir()


def test_the_built_in_ones_have_names_of_their_own():
    assert len({profile.name for profile in BUILT_IN}) == len({profile.choice for profile in BUILT_IN}) == 5
