"""Profiles and watched folders on disk: saved ones are loaded, and a damaged file is set aside."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fi_desktop.core.errors import UserError
from fi_desktop.core.values import JobOptions, Priority, SpeakerCount
from fi_desktop.vault.home_files import HomeFiles
from fi_desktop.watch.config import (
    BUILT_IN,
    Choice,
    Profile,
    WatchedFolder,
    load_folders,
    load_profiles,
    save_folders,
    save_profiles,
)

MINE = (
    Profile(
        "Niños",
        Choice(
            JobOptions(SpeakerCount(2, 4), "builtin", "es", "none", ("lorazepam",), "Hola."), Priority.URGENT
        ),
    ),
    Profile("Night", Choice(JobOptions(), Priority.LOW)),
    Profile("Therapy", Choice(exports="a1b2")),
)


def test_saved_profiles_are_loaded(home: Path):
    assert load_profiles(HomeFiles(home)) == ()
    save_profiles(HomeFiles(home), MINE)
    assert load_profiles(HomeFiles(home)) == MINE
    save_profiles(HomeFiles(home), MINE[:1])
    assert load_profiles(HomeFiles(home)) == MINE[:1]


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
def test_damaged_profiles_are_set_aside(home: Path, text: str):
    (home / "profiles.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match="set aside"):
        load_profiles(HomeFiles(home))
    assert load_profiles(HomeFiles(home)) == ()
    assert (home / "profiles-unreadable.json").read_bytes() == text.encode("latin-1")


def test_two_profiles_of_the_same_name_are_damage(home: Path):
    save_profiles(HomeFiles(home), [MINE[0], MINE[0]])
    with pytest.raises(UserError):
        load_profiles(HomeFiles(home))


def test_unreadable_file_stays_in_place(home: Path):
    (home / "profiles.json").mkdir()
    with pytest.raises(UserError, match="cannot be read"):
        load_profiles(HomeFiles(home))
    assert (home / "profiles.json").is_dir()


def test_built_in_profiles_have_distinct_names_and_choices():
    assert len({profile.name for profile in BUILT_IN}) == len({profile.choice for profile in BUILT_IN}) == 6


def test_list_of_folders_is_kept_and_a_damaged_one_set_aside(home: Path, tmp_path: Path):
    other = WatchedFolder(tmp_path / "x", subfolders=True, profile="Night", exports="a1b2")
    folders = (WatchedFolder(tmp_path), other)
    assert load_folders(HomeFiles(home)) == ()
    save_folders(HomeFiles(home), folders)
    assert load_folders(HomeFiles(home)) == folders
    for damaged in ("{", "[]", '{"version": 2, "folders": []}', '{"version": 1, "folders": [{}]}'):
        (home / "watch.json").write_text(damaged)
        with pytest.raises(UserError, match="set aside"):
            load_folders(HomeFiles(home))
        assert load_folders(HomeFiles(home)) == ()
