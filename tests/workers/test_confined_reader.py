"""The confined decoder: what it can do from inside, and what a worker believes of one that was taken over.

The decoder under test runs where it always does: forked by a real opener, the child of a spawned process.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil
import pytest

from fi_desktop.core.errors import FiError
from fi_desktop.system.confinement import confinement
from fi_desktop.system.files import resource as packaged
from tests.fuzz.seeds import FORMATS, seeds

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a decoder process exists on Linux only")

SAMPLE = packaged("samples", "consulta.flac")
TIMEOUT_S = 60.0
DONE = {"part": 0, "channels": 1, "samples": 1, "peak": 0.5, "warnings": [], "table": False, "dates": {}}
WARNING = {"code": "audio.gap", "at_s": 0.0, "length_s": 1.0, "places": 1, "used": 1, "tracks": 1}
CLAIM = "claim"
_PR_GET_DUMPABLE = 3


# ---- in the spawned process

Decoder = Callable[[Connection, int, list[int], int], None]


def says(message: bytes, *, samples: int = 1) -> Decoder:
    """Return a decoder that writes some samples and says something."""

    def run(pipe: Connection, _source: int, parts: list[int], _table: int, *_seal: object) -> None:
        os.write(parts[0], bytes(2 * samples))
        pipe.send_bytes(message)

    return run


def done(**changes: Any) -> Decoder:
    return says(json.dumps(DONE | changes).encode())


def dies(number: int) -> Decoder:
    return lambda *_given: os.kill(os.getpid(), number)


def hangs(*_given: object) -> None:
    time.sleep(600)


def lets_go_and_hangs(pipe: Connection, *_given: object) -> None:
    os.close(pipe.fileno())
    time.sleep(600)


def sends_half_a_message(pipe: Connection, *_given: object) -> None:
    os.write(pipe.fileno(), b"\0\0\1\0half")


def forks_without_end(pipe: Connection, *_given: object) -> None:
    from fi_desktop.audio.decoder_process import confine_decoder

    confine_decoder()
    children = 0
    try:
        while children < 50:
            if os.fork() == 0:
                time.sleep(600)
            children += 1
    except OSError as error:
        pipe.send_bytes(
            json.dumps({"unexpected": errno.errorcode[error.errno], "details": str(children)}).encode()
        )


def tries_everything(pipe: Connection, source: int, _parts: list[int], _table: int, *_seal: object) -> None:
    """Confine the process as a decoder does, and tell which attempts succeed."""
    from fi_desktop.audio.decoder_process import confine_decoder

    status = os.open("/proc/self/status", os.O_RDONLY)
    confine_decoder()
    attempts: dict[str, Callable[[], object]] = {
        "passwd": lambda: Path("/etc/passwd").read_bytes(),
        "recording by name": lambda: SAMPLE.open("rb"),
        "recording for writing": lambda: os.write(source, b"x"),
        "another file": lambda: Path("other").read_bytes(),
        "list": lambda: list(Path("/").iterdir()),
        "create": lambda: Path("/tmp/taken-over").write_text("x"),
        "delete": lambda: SAMPLE.unlink(),
        "socket": lambda: socket.socket(),
        "local socket": lambda: socket.socket(socket.AF_UNIX),
        "program": lambda: os.execv("/bin/true", ["true"]),
        "fork": os.fork,
        "signal": lambda: os.kill(os.getppid(), 0),
        "memory": lambda: bytes(4_000_000_000),
        "recording": lambda: os.pread(source, 4, 0),
    }
    worked = []
    for name, attempt in attempts.items():
        try:
            attempt()
        except (OSError, ValueError, MemoryError):
            continue
        worked.append(name)
    lines = os.read(status, 10_000).decode().splitlines()
    seen = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    descriptors = []
    for number in range(64):
        try:
            os.fstat(number)
        except OSError:
            continue
        descriptors.append(number)
    told = {
        "worked": worked,
        "status": [seen["NoNewPrivs"], seen["Seccomp"]],
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "dumpable": ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE),
        "open": len(descriptors),
    }
    pipe.send_bytes(json.dumps({"unexpected": "told", "details": json.dumps(told)}).encode())


DECODERS: dict[str, Decoder] = {
    "ten years": done(samples=16_000 * 86_400 * 3_652),
    "more samples than written": done(samples=2),
    "fewer samples than written": says(json.dumps(DONE).encode(), samples=5),
    "no samples": done(samples=0),
    "nine channels": done(channels=9),
    "negative part": done(part=-1),
    "part that there is not": done(part=99),
    "true for a number": done(channels=True),
    "level that is no number": done(peak=float("nan")),
    "unknown warning": done(warnings=[WARNING | {"code": "audio.nothing"}]),
    "warning of another kind": done(warnings=[WARNING | {"code": "job.running"}]),
    "endless warning": done(warnings=[WARNING | {"at_s": 1e300}]),
    "moment before the start of time": done(warnings=[WARNING | {"length_s": -1e300}]),
    "thousands of warnings": done(warnings=[WARNING] * 200),
    "date of another kind": done(dates={"title": "Zutanita"}),
    "endless date": done(dates={"date": "1" * 1000}),
    "one field more": done(path="/etc/passwd"),
    "error of another room": says(b'{"error": "engine.unknown"}'),
    "garbage": says(bytes(range(256))),
    "nothing": says(b""),
    "nested": says(b"[" * 60_000),
    "pickle": says(b"\x80\x04\x95cos\nsystem\n(S'true'\ntR."),
    "too long": says(b'"' + bytes(100_000) + b'"'),
    "half a message": sends_half_a_message,
    "progress backwards": says(b'{"progress": -1}'),
    "signal 11": dies(signal.SIGSEGV),
    "signal 9": dies(signal.SIGKILL),
    "exit": lambda *_given: os._exit(3),
    "silence": lambda *_given: None,
    "hang": hangs,
    "hang without a pipe": lets_go_and_hangs,
    "forks": forks_without_end,
    "everything": tries_everything,
}


class Impatient(Exception):
    pass


def serve(pipe: Connection) -> None:
    """Read the recording with decoders of every kind, on request; as a worker does, in one process."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from fi_desktop.audio import decoder_process
    from fi_desktop.workers.confined_reader import ConfinedReader
    from fi_desktop.workers.opener import start_opener
    from fi_desktop.workers.protocol import grant

    real = decoder_process.run

    def run(answers: Connection, source: int, parts: list[int], table: int, *seal: Any) -> None:
        # chosen by the first line of the file
        name = os.pread(source, 100, 0).partition(b"\n")[0].decode("utf-8", "replace")
        DECODERS.get(name, real)(answers, source, parts, table, *seal)

    decoder_process.run = run  # type: ignore[assignment]
    reader, writer = get_context("spawn").Pipe(duplex=False)
    opener = start_opener(reader)
    pipe.send(None)
    while True:
        try:
            request = pipe.recv()
        except EOFError:
            return
        if request is None:
            pipe.send(len(psutil.Process().children(recursive=True)))
            continue
        path, target, claim, patience_s = request
        writer.send_bytes(grant(CLAIM, path))
        deadline = time.monotonic() + patience_s

        def progress(_fraction: float, deadline: float = deadline) -> None:
            if time.monotonic() > deadline:
                raise Impatient

        source = ConfinedReader(opener, claim)
        try:
            decoded = source.decode(Path(target), progress)
            pipe.send((decoded, source.sha256()))
        except (FiError, Impatient) as error:
            cause = str(error.__cause__) if error.__cause__ else ""
            pipe.send((getattr(error, "code", "impatient"), getattr(error, "message", ""), cause))


@pytest.fixture(scope="module")
def pipe() -> Iterator[Connection]:
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    assert ours.poll(TIMEOUT_S)
    ours.recv()
    yield ours
    ours.close()
    process.join(TIMEOUT_S)
    assert process.exitcode == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "job"
    folder.mkdir()
    return folder


def read(pipe: Connection, path: Path, folder: Path, *, claim: str = CLAIM, patience_s: float = 600.0) -> Any:
    pipe.send((str(path), str(folder / "audio.s16"), claim, patience_s))
    assert pipe.poll(TIMEOUT_S)
    return pipe.recv()


def with_decoder(name: str, tmp_path: Path) -> Path:
    """Return a recording that the decoder of this name reads."""
    path = tmp_path / "recording"
    path.write_text(f"{name}\n")
    return path


# ---- the tests


def test_confined_decoder_gives_what_the_decoder_gives(pipe: Connection, folder: Path, tmp_path: Path):
    from fi_desktop.audio.decode import decode
    from fi_desktop.audio.media_files import source_sha256

    decoded, sha256 = read(pipe, SAMPLE, folder)
    expected = decode(SAMPLE, tmp_path / "expected", progress=lambda _fraction: None, seekable=True)
    assert decoded.recording.path.read_bytes() == expected.recording.path.read_bytes()
    assert (decoded.peak, decoded.warnings) == (expected.peak, expected.warnings)
    assert decoded.seek_table.to_bytes() == expected.seek_table.to_bytes()  # type: ignore[union-attr]
    assert sha256 == source_sha256(SAMPLE)
    assert [path.name for path in folder.iterdir()] == ["audio.s16"]


ODD = tuple(DECODERS)[: tuple(DECODERS).index("signal 11")]


@pytest.mark.parametrize("name", ODD)
def test_what_no_decoder_says_is_not_believed(pipe: Connection, folder: Path, tmp_path: Path, name: str):
    code, message, _ = read(pipe, with_decoder(name, tmp_path), folder)
    assert (code, message) == (
        "decoder.odd",
        "The process that reads the recording reported an impossible result.",
    )
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    ("name", "code", "why"),
    [
        ("signal 11", "decoder.crashed", "signal 11"),
        ("signal 9", "decoder.ended", "signal 9"),
        ("exit", "decoder.crashed", "exit code 3"),
        ("silence", "decoder.crashed", "exit code 0"),
    ],
)
def test_decoder_that_ends_early_fails_with_a_sentence(
    pipe: Connection, folder: Path, tmp_path: Path, name: str, code: str, why: str
):
    told, message, _ = read(pipe, with_decoder(name, tmp_path), folder)
    assert told == code
    assert why in message
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["hang", "hang without a pipe"])
def test_decoder_that_hangs_is_ended_with_the_attempt(
    pipe: Connection, folder: Path, tmp_path: Path, name: str
):
    code, *_ = read(pipe, with_decoder(name, tmp_path), folder, patience_s=0.0)
    assert code in ("impatient", "decoder.ended")
    assert not list(folder.iterdir())
    pipe.send(None)
    assert pipe.poll(TIMEOUT_S)
    assert pipe.recv() == 1, "only the opener is left"
    assert not isinstance(read(pipe, SAMPLE, folder)[0], str), "the next recording gets a decoder"


@pytest.mark.parametrize("extension", [extension for extension, *_ in FORMATS] + ["mka"])
def test_every_format_is_decoded_as_without_confinement(
    pipe: Connection, folder: Path, tmp_path: Path, recordings: dict[str, bytes], extension: str
):
    from fi_desktop.audio.decode import decode

    source = tmp_path / f"Zoë.{extension}"
    source.write_bytes(recordings[extension])
    expected = decode(source, tmp_path / "expected", progress=lambda _fraction: None, seekable=True)
    decoded, _ = read(pipe, source, folder)
    assert decoded.recording.path.read_bytes() == expected.recording.path.read_bytes()
    assert (decoded.warnings, decoded.dates) == (expected.warnings, expected.dates)


@pytest.fixture(scope="module")
def recordings() -> dict[str, bytes]:
    return seeds()


def test_missing_file_and_pipe_fail_as_ever(pipe: Connection, folder: Path, tmp_path: Path):
    os.mkfifo(tmp_path / "fifo")
    assert read(pipe, tmp_path / "missing.wav", folder)[0] == "audio.missing"
    assert read(pipe, tmp_path / "fifo", folder)[0] == "audio.not_a_file"
    assert read(pipe, tmp_path, folder)[0] == "audio.not_a_file"
    assert not list(folder.iterdir())


def test_errors_keep_their_sentences(pipe: Connection, folder: Path, tmp_path: Path):
    for name, data, code in (
        ("empty.wav", b"", "audio.empty"),
        ("text.wav", b"no sound at all" * 100, "audio.unreadable"),
        ("cut.flac", SAMPLE.read_bytes()[:50], "audio.damaged"),
    ):
        (tmp_path / name).write_bytes(data)
        assert read(pipe, tmp_path / name, folder)[0] == code


@pytest.mark.skipif(bool(confinement().missing), reason="this kernel lacks Landlock or seccomp")
def test_decoder_can_read_its_recording_and_do_nothing_else(pipe: Connection, folder: Path, tmp_path: Path):
    code, _, told = read(pipe, with_decoder("everything", tmp_path), folder)
    assert code == "engine.unexpected"
    found = json.loads(told)
    assert found["worked"] == ["recording"]
    assert found["status"] == ["1", "2"]
    assert (found["core"], found["dumpable"]) == ([0, 0], 0)
    # three standard streams to nowhere, the pipe, the recording, ten files for samples and table, status
    assert found["open"] == 16


@pytest.mark.skipif(bool(confinement().missing), reason="this kernel lacks Landlock or seccomp")
def test_fork_bomb_does_not_go_off(pipe: Connection, folder: Path, tmp_path: Path):
    _, message, children = read(pipe, with_decoder("forks", tmp_path), folder)
    assert "EPERM" in message
    assert children == "0"


def test_worker_cannot_have_another_recording_opened():
    """A worker that asks for what it was not given loses its opener."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,), daemon=True)
    process.start()
    theirs.close()
    ours.recv()
    ours.send((str(SAMPLE), "/nowhere/audio.s16", "another claim", 600.0))
    with pytest.raises(EOFError):
        ours.recv()
    process.join(TIMEOUT_S)
