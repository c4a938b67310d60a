"""The trail is verified without a finding as it was written, and every change of it is found and named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.audit.acts import Act, ActKind
from fi_desktop.audit.chain import FIRST_MAC, forward, mac_of
from fi_desktop.audit.keys import load_roots, load_state, save_state
from fi_desktop.audit.trail_store import TrailStore
from fi_desktop.audit.verification import verify_trail

WHO = {"user": "doctora", "host": "consultorio", "program": "window"}
KINDS = (ActKind.ADDED, ActKind.COMPLETED, ActKind.OPENED, ActKind.EXPORTED, ActKind.REMOVED)


def write(folder: Path, *, batches: int = 4, per_batch: int = 3, file_bytes: int = 1000) -> TrailStore:
    """Write a trail of several files; 16 entries with checkpoints and the beginning."""
    for batch in range(batches):
        store = TrailStore(folder, file_bytes=file_bytes)  # as another process
        acts = [
            (1.7e9 + batch, Act(KINDS[(batch + job) % len(KINDS)], job)) for job in range(1, per_batch + 1)
        ]
        store.append(acts, WHO)
    return TrailStore(folder, file_bytes=file_bytes)


def codes(folder: Path) -> list[str]:
    return [finding.code for finding in verify_trail(TrailStore(folder)).findings]


def sentences(folder: Path) -> list[str]:
    return [str(finding) for finding in verify_trail(TrailStore(folder)).findings]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audit")
    write(folder)
    return folder


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "copy"))


def edit(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Change the lines of the trail, each staying in its file as far as there is one."""
    store = TrailStore(folder)
    lines = list(store.lines())
    files = [line.file for line in lines]
    changed = change([line.content for line in lines])
    for number in store.files():
        path = folder / f"trail-{number:06d}.jsonl"
        own = [
            line
            for line, file in zip(changed, [*files, *files[-1:] * len(changed)], strict=False)
            if file == number
        ]
        path.write_bytes(b"".join(own))


def test_a_trail_is_as_it_was_written(written: Path):
    verified = verify_trail(TrailStore(written))
    assert verified.findings == []
    assert [entry.number for entry in verified.entries] == list(range(1, 18))
    assert len(TrailStore(written).files()) > 2
    first = verified.entries[0].fields
    assert (first["kind"], first["detail"]["reason"]) == ("trail began", "new")
    assert verified.first_key == first["detail"]["key"]


def test_an_entry_says_who_what_which_and_when(written: Path):
    entry = verify_trail(TrailStore(written)).entries[1].fields
    assert entry["at"] == "2023-11-14T22:13:20.000Z"
    assert (entry["kind"], entry["job"]) == ("completed", 1)
    assert WHO.items() <= entry.items()


def test_every_change_of_a_byte_is_found(written: Path, tmp_path_factory: pytest.TempPathFactory):
    folder = Path(shutil.copytree(written, tmp_path_factory.mktemp("bytes") / "copy"))
    number = TrailStore(folder).files()[1]
    path = folder / f"trail-{number:06d}.jsonl"
    whole = path.read_bytes()
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        assert codes(folder), position
    path.write_bytes(whole)
    assert codes(folder) == []


@settings(max_examples=150)
@given(data=st.data())
def test_every_random_change_is_found(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("random") / "copy"
    write(folder, batches=2)
    path = data.draw(st.sampled_from(sorted(folder.glob("trail-*"))))
    before = path.read_bytes()
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, min(len(before), start + 400)))
    after = before[:start] + data.draw(st.binary(max_size=400)) + before[end:]
    path.write_bytes(after)
    assert bool(codes(folder)) == (after != before)


@pytest.mark.parametrize("at", range(17))
def test_an_entry_left_out_is_named(copy: Path, at: int):
    edit(copy, lambda lines: lines[:at] + lines[at + 1 :])
    assert f"Entry {at + 1} of the audit trail is missing." in sentences(copy)


@pytest.mark.parametrize("keep", range(17))
def test_a_cut_is_named(copy: Path, keep: int):
    edit(copy, lambda lines: lines[:keep])
    named = f"Entry {keep + 1}" if keep == 16 else f"Entries {keep + 1} to 17"
    assert any(sentence.startswith(named) for sentence in sentences(copy))


@pytest.mark.parametrize("first", range(16))
def test_swapped_entries_are_named(copy: Path, first: int):
    def swap(lines: list[bytes]) -> list[bytes]:
        lines[first], lines[first + 1] = lines[first + 1], lines[first]
        return lines

    edit(copy, swap)
    assert f"Entry {first + 1} of the audit trail comes after entry {first + 2}." in sentences(copy)


@pytest.mark.parametrize("at", range(17))
def test_a_changed_entry_is_named(copy: Path, at: int):
    edit(copy, lambda lines: [*lines[:at], lines[at].replace(b"doctora", b"persona"), *lines[at + 1 :]])
    assert f"Entry {at + 1} of the audit trail was changed." in sentences(copy)


def test_a_repeated_entry_is_named(copy: Path):
    edit(copy, lambda lines: [*lines, lines[5]])
    assert "Entry 6 of the audit trail comes after entry 17." in sentences(copy)


@pytest.mark.parametrize("which", range(3))
def test_a_file_removed_is_named(copy: Path, which: int):
    lines = list(TrailStore(copy).lines())
    number = TrailStore(copy).files()[which]
    (copy / f"trail-{number:06d}.jsonl").unlink()
    gone = [index for index, line in enumerate(lines, 1) if line.file == number]
    assert f"Entries {gone[0]} to {gone[-1]} of the audit trail are missing." in sentences(copy)


@pytest.mark.parametrize("name", ["state", "keys"])
def test_lost_keys_are_named_and_the_trail_goes_on(copy: Path, name: str):
    (copy / name).unlink()
    assert codes(copy)
    TrailStore(copy).append([(1.8e9, Act(ActKind.OPENED, 9))], WHO)
    after = verify_trail(TrailStore(copy))
    assert after.entries[-2].fields["job"] == 9
    assert after.findings


def test_who_takes_the_keys_of_today_cannot_change_yesterday(copy: Path):
    """With the state of today, forge an older entry and all that follows."""
    state = load_state(copy)
    assert state is not None
    lines = [line.content for line in TrailStore(copy).lines()]
    kept = json.loads(lines[9])
    chain = state.chain
    for path in copy.glob("trail-*"):
        path.unlink()
    forged = [*lines[:9]]
    previous = json.loads(lines[8])
    chain = replace(chain, number=9, mac=previous["mac"])
    line, chain = chain.append({"at": kept["at"], "kind": "opened", "job": 1})
    forged.append(line)
    line, chain = chain.checkpoint({"at": kept["at"], "kind": "checkpoint"})
    content = b"".join([*forged, line])
    (copy / "trail-000001.jsonl").write_bytes(content)
    save_state(copy, replace(state, chain=chain, file=1, size=len(content)))
    found = sentences(copy)
    assert "Entry 10 of the audit trail was changed." in found
    assert "Entry 11 of the audit trail is not signed with the key that is due there." in found


def test_signatures_alone_find_a_change(copy: Path):
    """Even with the keys of all MACs: those of earlier signatures are gone."""
    key, previous = load_roots(copy).chains[0], FIRST_MAC

    def forge(lines: list[bytes]) -> list[bytes]:
        nonlocal key, previous
        forged = []
        for line in lines:
            text = line.decode()[: -len(',"mac":""}\n') - 64].replace("exported", "reviewed") + "}"
            previous = mac_of(key, previous, text)
            key = forward(key)
            forged.append(f'{text[:-1]},"mac":"{previous}"}}\n'.encode())
        return forged

    edit(copy, forge)
    assert "audit.changed" not in codes(copy)
    assert "audit.not_what_was_signed" in codes(copy)


def test_an_unfinished_line_of_a_killed_process_is_cut_off_and_said(copy: Path):
    number = TrailStore(copy).files()[-1]
    with (copy / f"trail-{number:06d}.jsonl").open("ab") as file:
        file.write(b'{"n":18,"at":"2023')
    TrailStore(copy).append([(1.8e9, Act(ActKind.OPENED, 9))], WHO)
    assert codes(copy) == ["audit.damaged_before"]


def test_lines_that_the_state_does_not_know_yet_stay(copy: Path):
    """As if the process was killed after it wrote the lines and before it wrote the state."""
    state = (copy / "state").read_bytes()
    TrailStore(copy).append([(1.8e9, Act(ActKind.OPENED, 9, stored=4))], WHO)
    (copy / "state").write_bytes(state)
    store = TrailStore(copy)
    assert store.last_stored() == 4
    store.append([(1.8e9, Act(ActKind.OPENED, 9, stored=4)), (1.8e9, Act(ActKind.OPENED, 9, stored=5))], WHO)
    verified = verify_trail(store)
    assert verified.findings == []
    assert [entry.fields["stored"] for entry in verified.entries if "stored" in entry.fields] == [4, 5]


def test_a_trail_that_was_never_written_has_no_findings(tmp_path: Path):
    assert codes(tmp_path / "none") == []


def test_files_are_private(written: Path):
    assert {path.stat().st_mode & 0o077 for path in written.iterdir() if path.name != "lock"} == {0}
