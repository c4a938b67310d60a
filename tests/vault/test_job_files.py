"""Sealed files of jobs: what is written is read again, from any place, and no change goes unnoticed."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.vault.job_files import CLEAR, JobFiles
from fi_desktop.vault.sealed_file import CHUNK_BYTES, reading
from fi_desktop.vault.sealing import KEY_BYTES, NONCE_BYTES, SealBroken, new_key, seal

KEY = new_key()
SEALED = JobFiles(7, KEY)
LENGTHS = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5]


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("files", [SEALED, CLEAR], ids=["sealed", "clear"])
def test_content_is_read_as_it_was_written(tmp_path: Path, files: JobFiles, length: int):
    data = os.urandom(length)
    whole, streamed = tmp_path / "result.json", tmp_path / "audio.s16"
    files.write(whole, data)
    writer = files.seal(streamed.name).writer(streamed)
    for start in range(0, length, 10_007):
        writer.write(data[start : start + 10_007])
    writer.finish()
    writer.close()
    for path in (whole, streamed):
        assert files.read(path) == data
        assert files.is_sealed(path) == (files.sealed or not length)
        assert path.stat().st_size == files.seal(path.name).stored_bytes(length)
        if files.sealed:
            assert length < 16 or data[:16] not in path.read_bytes()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200_000), st.integers(0, 250_000), st.integers(0, 70_000))
def test_any_part_is_read_from_any_place(tmp_path_factory, length, start, count):
    path = tmp_path_factory.mktemp("files") / "audio.s16"
    data = os.urandom(length)
    SEALED.write(path, data)
    with reading(SEALED.seal(path.name), path) as file:
        file.seek(start)
        assert file.read(count) == data[start : start + count]
        assert file.seek(0, os.SEEK_END) == length
        file.seek(start // 2)
        assert file.read(count) == data[start // 2 : start // 2 + count]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_every_change_of_a_file_is_noticed(tmp_path_factory, data):
    length = data.draw(st.sampled_from([0, 10, CHUNK_BYTES, CHUNK_BYTES + 10, 2 * CHUNK_BYTES]))
    path = tmp_path_factory.mktemp("files") / "result.json"
    SEALED.write(path, os.urandom(length))
    stored = bytearray(path.read_bytes())
    how = data.draw(st.sampled_from(["bit", "cut", "more", "chunks"]))
    if how == "bit":
        place = data.draw(st.integers(0, len(stored) - 1))
        stored[place] ^= 1 << data.draw(st.integers(0, 7))
    elif how == "cut":
        del stored[data.draw(st.integers(0, len(stored) - 1)) :]
    elif how == "more":
        stored += os.urandom(data.draw(st.integers(1, 100_000)))
    else:
        chunk = CHUNK_BYTES + 16
        stored[24:] = stored[24 + chunk :] + stored[24 : 24 + chunk] if length > CHUNK_BYTES else b""
    path.write_bytes(bytes(stored))
    with pytest.raises(SealBroken):
        SEALED.read(path)


@pytest.mark.parametrize(
    ("reader", "name"),
    [
        (JobFiles(8, KEY), "result.json"),  # of another job with the same key
        (JobFiles(7, new_key()), "result.json"),
        (SEALED, "turns.json"),  # put in the place of another file
    ],
)
def test_file_in_another_place_is_refused(tmp_path: Path, reader: JobFiles, name: str):
    SEALED.write(tmp_path / "result.json", b"who spoke when")
    (tmp_path / "result.json").rename(tmp_path / name)
    with pytest.raises(SealBroken):
        reader.read(tmp_path / name)


def test_versions_and_parts_are_of_the_same_kind(tmp_path: Path):
    SEALED.write(tmp_path / "result.json", b"first")
    os.link(tmp_path / "result.json", tmp_path / "result-1.json")
    assert SEALED.read(tmp_path / "result-1.json") == b"first"
    SEALED.write(tmp_path / "audio.s16.part", b"samples")
    (tmp_path / "audio.s16.part").rename(tmp_path / "audio.s16")
    assert SEALED.read(tmp_path / "audio.s16") == b"samples"


def test_file_in_clear_is_read_only_while_a_home_is_being_sealed(tmp_path: Path):
    path = tmp_path / "result.json"
    path.write_bytes(b'{"schema": 1}')
    assert not SEALED.is_sealed(path)
    with pytest.raises(SealBroken):
        SEALED.read(path)
    assert JobFiles(7, KEY, mixed=True).read(path) == b'{"schema": 1}'


def test_a_growing_file_is_read_as_far_as_it_is_there(tmp_path: Path):
    path = tmp_path / "playback.s16.part"
    data = os.urandom(2 * CHUNK_BYTES + 100)
    writer = SEALED.seal(path.name).writer(path)
    writer.write(data[: CHUNK_BYTES + 50])
    writer.flush()
    with reading(SEALED.seal(path.name), path, growing=True) as file:
        assert file.read() == data[:CHUNK_BYTES]
    with pytest.raises(SealBroken), reading(SEALED.seal(path.name), path) as file:
        file.read()
    writer.write(data[CHUNK_BYTES + 50 :])
    writer.finish()
    writer.close()
    with reading(SEALED.seal(path.name), path, growing=True) as file:
        assert file.read() == data


def test_a_file_that_was_not_finished_is_noticed(tmp_path: Path):
    path = tmp_path / "audio.s16"
    writer = SEALED.seal(path.name).writer(path)
    writer.write(bytes(CHUNK_BYTES))
    writer.close()
    with pytest.raises(SealBroken):
        SEALED.read(path)


@pytest.mark.parametrize("files", [SEALED, CLEAR], ids=["sealed", "clear"])
def test_lines_are_read_in_order_and_an_incomplete_one_is_dropped(files: JobFiles):
    name, lines = "review-0011223344556677.jsonl", [b'{"edit": 1}', b'{"edit": 2}', b'{"edit": 3}']
    stored = b"".join(files.line(name, number, line) for number, line in enumerate(lines))
    assert list(files.lines(name, stored)) == lines
    assert list(files.lines(name, stored[:-5])) == lines[:2]
    assert (b"edit" in stored) != files.sealed


def test_lines_cannot_be_swapped_left_out_or_moved():
    name, lines = "words.jsonl", [b"[1]", b"[2]", b"[3]"]
    stored = [SEALED.line(name, number, line) for number, line in enumerate(lines)]
    for wrong in ([stored[1], stored[0]], stored[1:], [stored[0], stored[2]]):
        with pytest.raises(SealBroken):
            list(SEALED.lines(name, b"".join(wrong)))
    for other in (JobFiles(8, KEY), JobFiles(7, new_key())):
        with pytest.raises(SealBroken):
            list(other.lines(name, stored[0]))
    with pytest.raises(SealBroken):
        list(SEALED.lines("review-0011223344556677.jsonl", stored[0]))
    with pytest.raises(SealBroken):
        list(SEALED.lines(name, b"[1]\n"))
    assert list(JobFiles(7, KEY, mixed=True).lines(name, b"[1]\n" + stored[1])) == [b"[1]", b"[2]"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
def test_forked_process_uses_other_nonces():
    seal(bytes(KEY_BYTES), b"first", b"")  # some are drawn ahead
    ours, theirs = os.pipe()
    child = os.fork()
    nonces = b"".join(seal(bytes(KEY_BYTES), b"", b"")[:NONCE_BYTES] for _ in range(300))
    if child == 0:
        os.write(theirs, nonces)
        os._exit(0)
    os.close(theirs)
    with open(ours, "rb") as pipe:  # noqa: PTH123 - a descriptor
        of_child = pipe.read()
    os.waitpid(child, 0)

    def each(joined: bytes) -> set[bytes]:
        return {joined[at : at + NONCE_BYTES] for at in range(0, len(joined), NONCE_BYTES)}

    assert len(each(of_child)) == len(each(nonces)) == 300
    assert not each(of_child) & each(nonces)
