"""Rows hold JSON text; reading one never runs code."""

from __future__ import annotations

import pickle
import sqlite3
from pathlib import Path

import pytest

from fi_desktop.jobs.sql import JSONTextDisk, RefusedRow, open_cache

MODE_RAW, MODE_PICKLE = 1, 4


class Bomb:
    exploded = False

    def __reduce__(self):
        return (_explode, ())


def _explode() -> None:
    Bomb.exploded = True


def test_values_are_read_as_they_were_written(tmp_path: Path):
    cache = open_cache(tmp_path)
    for value in ({"a": [1, 2.5, None, True], "ñ": "日本"}, [], "text", 7, 2.5, None):
        cache.set("key", value)
        assert cache.get("key") == value
    cache.close()


def test_large_values_stay_in_the_database(tmp_path: Path):
    cache = open_cache(tmp_path)
    cache.set("key", {"details": "x" * 500_000})
    assert cache.get("key")["details"] == "x" * 500_000
    cache.close()
    assert not list(tmp_path.rglob("*.val"))


@pytest.mark.parametrize("key", [1, 1.5, b"bytes", ("tuple",)])
def test_a_key_must_be_text(tmp_path: Path, key: object):
    with pytest.raises(TypeError, match="keys are str"):
        JSONTextDisk(str(tmp_path)).put(key)


def test_a_value_that_is_not_json_is_refused(tmp_path: Path):
    cache = open_cache(tmp_path)
    with pytest.raises(TypeError):
        cache.set("key", Bomb())
    cache.close()


@pytest.mark.parametrize("mode", [MODE_RAW, MODE_PICKLE])
def test_a_pickled_value_is_refused(tmp_path: Path, mode: int):
    cache = open_cache(tmp_path)
    cache.set("key", 1)
    with sqlite3.connect(tmp_path / "cache.db") as database:
        database.execute("UPDATE Cache SET mode = ?, value = ?", (mode, pickle.dumps(Bomb())))
    database.close()
    with pytest.raises(RefusedRow):
        cache.get("key")
    cache.close()
    assert not Bomb.exploded


def test_a_pickled_key_is_refused(tmp_path: Path):
    cache = open_cache(tmp_path)
    cache.set("key", 1)
    with sqlite3.connect(tmp_path / "cache.db") as database:
        database.execute("UPDATE Cache SET raw = 0, key = ?", (pickle.dumps(Bomb()),))
    database.close()
    with pytest.raises(RefusedRow):
        list(cache)
    cache.close()
    assert not Bomb.exploded
