"""Old files of the trail go, and what is left is verified: nobody can pass other gaps off as that."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.keys import load_roots
from fi_desktop.audit.shortening import old_files, shorten
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail

WHO = {"user": "doctora", "host": "consultorio", "program": "window"}
START, DAY_S = 1.7e9, 86_400.0


def write(folder: Path, days: range) -> TrailStore:
    """Write three entries a day; a file holds the entries of about two days."""
    store = TrailStore(folder, file_bytes=2000)
    for day in days:
        at = START + day * DAY_S
        store.append([(at, Act(ActKind.OPENED, job)) for job in range(3)], WHO)
        path = store.path(store.files()[-1])
        os.utime(path, (at, at))
    return store


def cut(store: TrailStore, day: float, **how: float) -> int:
    """Delete what is older than a day of the test, six days later."""
    at = START + (day + 6) * DAY_S
    gone = shorten(store, START + day * DAY_S, WHO, at=at, **how)
    if gone:
        os.utime(store.path(store.files()[-1]), (at, at))
    return gone


def codes(folder: Path) -> list[str]:
    return [finding.code for finding in verify_trail(TrailStore(folder)).findings]


@pytest.fixture
def store(tmp_path: Path) -> TrailStore:
    return write(tmp_path / "audit", range(12))


@pytest.fixture
def shortened(store: TrailStore) -> TrailStore:
    assert cut(store, 6) > 0
    return store


def test_only_whole_old_files_go_and_the_rest_is_verified(store: TrailStore):
    before = verify_trail(store)
    entries = {entry.number: entry.line for entry in before.entries}
    gone = cut(store, 6)
    assert gone == 3
    after = verify_trail(store)
    assert after.findings == []
    assert after.first_key == before.first_key
    first = after.entries[0].number
    assert all(entry.line == entries[entry.number] for entry in after.entries if entry.number in entries)
    deleted = [line for number, line in entries.items() if number < first]
    assert all(json.loads(line)["at"] < "2023-11-20T22" for line in deleted)
    (said,) = [entry for entry in after.entries if entry.fields["kind"] == ActKind.TRAIL_SHORTENED]
    assert said.fields["detail"]["entries"] == len(deleted) == first - 1
    assert not any(number < first - 1 for number in load_roots(store.folder).chains)


def test_it_can_be_shortened_again_and_again(store: TrailStore):
    first_key = verify_trail(store).first_key
    for day in range(4, 60, 8):
        assert cut(store, day) > 0
        write(store.folder, range(day + 8, day + 16))
        assert codes(store.folder) == []
    after = verify_trail(store)
    assert after.first_key == first_key
    assert after.entries[0].number > 100


def test_nothing_goes_that_is_young_unsent_damaged_or_the_last(store: TrailStore):
    assert cut(store, 0) == 0
    assert old_files(store, START + 99 * DAY_S) == store.files()[:-1]
    assert cut(store, 6, sent=1) == 0
    first = store.path(store.files()[0])
    now = START + 11 * DAY_S
    os.utime(first, (now, now))  # restored from a backup
    assert cut(store, 6) == 0
    os.utime(first, (START, START))
    os.utime(store.path(store.files()[1]), (START, START))
    content = first.read_bytes()
    first.write_bytes(content.replace(b'"job":1', b'"job":"1', 1))
    os.utime(first, (START, START))
    assert cut(store, 6) == 0
    first.write_bytes(content)
    os.utime(first, (START, START))
    assert cut(store, 6) == 3


def test_a_file_whose_age_was_forged_stays(store: TrailStore):
    for number in store.files():
        os.utime(store.path(number), (START, START))
    assert cut(store, 2) <= 1
    assert codes(store.folder) == []


def delete_first_file(store: TrailStore) -> None:
    store.path(store.files()[0]).unlink()


def forge_the_start(store: TrailStore) -> None:
    """Delete one more file, and write into the entry that the trail begins behind it."""
    delete_first_file(store)
    first = next(store.entries(0)).number
    path = store.path(store.files()[-1])
    lines = path.read_bytes().splitlines(keepends=True)
    for index, line in enumerate(lines):
        data = json.loads(line)
        if data["kind"] == ActKind.TRAIL_SHORTENED:
            data["detail"]["first"] = first
            lines[index] = json.dumps(data, separators=(",", ":")).encode() + b"\n"
    path.write_bytes(b"".join(lines))


def remove_the_entry(store: TrailStore) -> None:
    """Delete the line that says that the trail was shortened."""
    path = store.path(store.files()[-1])
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if b"trail shortened" not in line))


@pytest.mark.parametrize(
    ("tamper", "found"),
    [
        (delete_first_file, "audit.missing"),
        (forge_the_start, "audit.bad_signature"),
        (remove_the_entry, "audit.missing"),
    ],
)
def test_other_gaps_are_found(shortened: TrailStore, tamper: Callable[[TrailStore], None], found: str):
    assert codes(shortened.folder) == []
    tamper(shortened)
    assert any(code.startswith(found) for code in codes(shortened.folder))


def test_files_deleted_without_an_entry_are_missing(store: TrailStore):
    delete_first_file(store)
    assert "audit.missing" in codes(store.folder)


def test_a_program_killed_before_it_deleted_the_files_is_no_finding(store: TrailStore, tmp_path: Path):
    copy = tmp_path / "copy"
    shutil.copytree(store.folder, copy)
    cut(store, 6)
    for path in copy.glob("trail-*"):
        if not (store.folder / path.name).exists():
            shutil.copy2(path, store.folder / path.name)
    assert codes(store.folder) == []
    assert cut(store, 6) == 3  # they go then
    assert codes(store.folder) == []
