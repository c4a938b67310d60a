"""No word, name or sound of a patient is seen by Redis, on the wire or in the folder for transfers."""

from __future__ import annotations

import base64
import shutil
import wave
from pathlib import Path

import pytest

from fi_desktop.core.job import JobState
from fi_desktop.core.values import JobOptions
from fi_desktop.models import PackKind
from fi_desktop.system.files import RESULT
from tests.app_driver import running_app
from tests.packs.install import install
from tests.packs.make_whisper import make_whisper
from tests.recordings import write_part
from tests.workers.cluster.clinic import MISSING, until
from tests.workers.cluster.secured import SecuredClinic
from tests.workers.cluster.witness import Memory, Wire, traces

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)

NAME = "Zutanita Quiquirimundi"
WORDS = ("Ornitorrinco", "duele", "cabeza")
TERM, PROMPT = "Zenaidamicina", "Metoprololito"
OPTIONS = JobOptions(
    engine="builtin", transcriber="test-words", language="es", vocabulary=(TERM,), prompt=PROMPT
)


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that always transcribes `WORDS`."""
    folder = tmp_path_factory.mktemp("packs") / "test-words"
    make_whisper(folder, WORDS, language="es", seconds_per_word=2.5)
    install(folder, PackKind.WHISPER)
    return folder


def test_no_word_name_or_sound_is_seen_by_redis_the_wire_or_the_folder(
    home: Path, tmp_path: Path, sample: Path, pack: Path
):
    recording = write_part(sample, tmp_path / f"{NAME}.wav", 5)
    with wave.open(str(recording)) as file:
        file.setpos(file.getnframes() // 2)
        sound = file.readframes(64)
    private = {word: word.encode() for word in (*NAME.split(), *WORDS, TERM, PROMPT)}
    private |= {"sound": sound, "FLAC": b"fLaC\x00\x00\x00\x22"}
    shutil.copytree(pack, home / "models" / pack.name)
    clinic = SecuredClinic(tmp_path / "clinic")
    clinic.model = pack
    clinic.start_redis()
    wire = Wire(clinic.port)
    clinic.seen_at = wire.port  # by the desktop and the worker
    memory = Memory(clinic.client, clinic.transfer)
    try:
        with memory.watching():
            clinic.start_worker()
            with running_app(home, backend="cluster", **clinic.settings()) as driver:
                (job,) = driver.wait_until_done(*driver.submit(recording, options=OPTIONS))
                assert job.state is JobState.COMPLETED, job.error
                result = (driver.app.service.folders.folder(job.id) / RESULT).read_bytes()
                until(clinic.is_clean)
    finally:
        clinic.stop()
        wire.close()
    # what is looked for is found where it is: in the result, and in what was hidden no better than in base64
    assert traces(private, [result]) >= {*WORDS, *NAME.split()}
    hidden = base64.b64encode(b'{"body": "' + base64.b64encode(b"said: " + sound + WORDS[0].encode()) + b'"}')
    assert traces(private, [b'["' + hidden + b'"]']) == {"sound", WORDS[0]}
    # all of the job was seen
    everything = memory.everything()
    assert any(b"LPUSH" in command and b"fi_desktop.attempt" in command for command in memory.commands)
    assert any(b"XADD" in command and b"Returned" in command for command in memory.commands)
    assert {key.split(b":")[1] for key in memory.values if key.startswith(b"fi:")} >= {b"claim", b"reports"}
    assert {name.split(".", 3)[-1] for name, _ in memory.files} >= {"audio", "order"}
    assert sum(map(len, wire.seen)) > 20_000
    assert traces(private, everything) == set()
    # and on the wire, not even that there is such a program
    wire_only = {"task": b"fi_desktop.attempt", "claim": b"fi:claim", "user": b"desktop", "list": b"LPUSH"}
    assert traces(private | wire_only, [bytes(seen) for seen in wire.seen]) == set()
    assert traces(wire_only, everything) >= {"task", "claim", "list"}
