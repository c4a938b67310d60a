"""Ours against the library's own pipeline, on weights that the tests make; on the GPU where there is one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core.errors import CancelledByUser, UserError
from fi_desktop.core.transcript import Diarization
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.pyannote import PyannoteDiarizer, import_pyannote
from fi_desktop.engines.pyannote.diarizer import RecordingWaveform
from tests.engines.conftest import Write, ignore
from tests.packs.make_pyannote import LAYOUTS, Layout, make_pyannote, write_config

NOTHING_HEARD = Speech(np.zeros((1, 0), np.float32), 0.032, ())
FIND_OUT = SpeakerCount(None, None)
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU here")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As in a worker: several threads that wait for each other on a busy machine make a second a minute."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory, fitted_pyannote: Path) -> dict[Layout, Path]:
    """A pack of each layout that knows the phone call by heart."""
    folders = {layout: tmp_path_factory.mktemp("packs") / layout for layout in LAYOUTS}
    for layout, folder in folders.items():
        shutil.copytree(fitted_pyannote, folder)
        write_config(folder, layout)
    return folders


@dataclass(frozen=True)
class Pair:
    """A pack, our diarizer of it, and the library's own pipeline."""

    pack: Path
    ours: PyannoteDiarizer
    stock: Any

    def ask_ours(self, recording: Recording, speakers: SpeakerCount = FIND_OUT) -> Diarization:
        return diarize(self.ours, recording, speakers)

    def ask_stock(self, recording: Recording, **count: int) -> Any:
        waveform = torch.from_numpy(np.concatenate(list(recording.blocks())))[None]
        with warnings.catch_warnings():
            # the library tells who tunes it that voices are too few or too short; here that is wanted
            warnings.simplefilter("ignore")
            return self.stock({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ}, **count)


def load_both(pack: Path) -> Pair:
    stock = import_pyannote().Pipeline.from_pretrained(pack)
    # the published 32 makes the same of them, and takes a processor longer
    stock.segmentation_batch_size = stock.embedding_batch_size = 3
    if torch.cuda.is_available():
        stock.to(torch.device("cuda"))
    return Pair(pack, PyannoteDiarizer(pack), stock)


@pytest.fixture(scope="session")
def pairs(packs: dict[Layout, Path]) -> dict[Layout, Pair]:
    return {layout: load_both(pack) for layout, pack in packs.items()}


@pytest.fixture(params=LAYOUTS)
def pair(pairs: dict[Layout, Pair], request: pytest.FixtureRequest) -> Pair:
    return pairs[request.param]


def diarize(
    diarizer: PyannoteDiarizer, recording: Recording, speakers: SpeakerCount = FIND_OUT
) -> Diarization:
    return diarizer.diarize(recording, NOTHING_HEARD, speakers=speakers, progress=ignore)


def assert_same(ours: Diarization, theirs: Any) -> None:
    """The same turns to the last bit, under the same names but for their numbers."""
    names: dict[str, str] = {}
    for given, annotation in (
        (ours.turns, theirs.speaker_diarization),
        (ours.exclusive, theirs.exclusive_speaker_diarization),
    ):
        wanted = sorted((s.start, s.end, label) for s, _, label in annotation.itertracks(yield_label=True))
        assert [(turn.start, turn.end) for turn in given] == [(start, end) for start, end, _ in wanted]
        for turn, (_, _, label) in zip(given, wanted, strict=True):
            assert names.setdefault(label, turn.speaker) == turn.speaker
    assert len(set(names.values())) == len(names)


@pytest.mark.parametrize("number", [None, 1, 3])
def test_the_answer_is_the_librarys(pair: Pair, call: Recording, number: int | None):
    ours = pair.ask_ours(call, SpeakerCount(number, number))
    assert len(ours.turns) > 2
    assert_same(ours, pair.ask_stock(call, **({"num_speakers": number} if number else {})))


def test_a_range_of_speakers_is_kept_to(pair: Pair, call: Recording):
    ours = pair.ask_ours(call, SpeakerCount(2, 4))
    assert 2 <= len(ours.speakers) <= 4
    assert_same(ours, pair.ask_stock(call, min_speakers=2, max_speakers=4))


@pytest.mark.parametrize("seed", range(2))
def test_random_weights_give_the_librarys_answer_too(call: Recording, tmp_path: Path, seed: int):
    pair = load_both(make_pyannote(tmp_path / "pack", seed=seed))
    assert_same(pair.ask_ours(call), pair.ask_stock(call))


@pytest.mark.parametrize("seconds", [0.05, 3.0, 10.0, 12.34])
def test_a_recording_that_fills_no_whole_window(
    pairs: dict[Layout, Pair], call: Recording, write: Write, seconds: float
):
    pair = pairs["community-1"]
    samples = np.concatenate(list(call.blocks()))[12 * SAMPLE_RATE_HZ :]
    short = write(samples[: round(seconds * SAMPLE_RATE_HZ)])
    theirs = pair.ask_stock(short)
    if theirs.speaker_diarization:
        assert_same(pair.ask_ours(short), theirs)
    else:
        with pytest.raises(UserError, match="Nobody speaks"):
            pair.ask_ours(short)


def test_embeddings_are_the_librarys_in_silent_windows_too(pair: Pair, call: Recording, write: Write):
    samples = np.concatenate(list(call.blocks()))[6 * SAMPLE_RATE_HZ : 12 * SAMPLE_RATE_HZ]
    recording = write(np.concatenate([samples, np.zeros(14 * SAMPLE_RATE_HZ, np.float32), samples]))
    waveform = torch.from_numpy(np.concatenate(list(recording.blocks())))[None]
    file = {"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ, "uri": "call"}
    ours, theirs = pair.ours._pipeline, pair.stock
    segmentations = theirs.get_segmentations(file)
    np.testing.assert_array_equal(ours.get_segmentations(file).data, segmentations.data)
    silent = ~segmentations.data.any(axis=(1, 2))
    assert 3 < silent.sum() < len(silent)
    for exclude_overlap in (False, True):
        np.testing.assert_allclose(
            ours.get_embeddings(file, segmentations, exclude_overlap=exclude_overlap),
            theirs.get_embeddings(file, segmentations, exclude_overlap=exclude_overlap),
            rtol=1e-5,
            atol=1e-6,
        )


def test_overlap_is_kept_in_the_turns_and_not_in_the_exclusive_ones(pair: Pair, call: Recording):
    found = pair.ask_ours(call, SpeakerCount(2, 2))
    assert any(one.end > two.start for one, two in pairwise(found.turns))
    assert all(one.end <= two.start for one, two in pairwise(found.exclusive))


def test_speakers_are_named_by_first_appearance_everywhere(pair: Pair, call: Recording):
    found = pair.ask_ours(call, SpeakerCount(2, 2))
    assert found.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert {turn.speaker for turn in found.exclusive} <= set(found.speakers)
    assert (found.engine, found.model) == ("pyannote", pair.pack.name)


def test_channels_are_mixed(pair: Pair, call: Recording, write: Write):
    samples = np.concatenate(list(call.blocks()))
    alike = write(np.stack([samples, samples]))
    assert pair.ask_ours(alike).turns == pair.ask_ours(write(samples)).turns


@pytest.mark.parametrize("frugality", [1, 2])
def test_frugality_changes_no_turn(pair: Pair, call: Recording, frugality: int):
    usual = pair.ask_ours(call)
    frugal = diarize(PyannoteDiarizer(pair.pack, frugality=frugality), call)
    assert (frugal.turns, frugal.exclusive) == (usual.turns, usual.exclusive)


@GPU
def test_the_gpu_gives_the_processors_turns(pair: Pair, call: Recording):
    assert pair.ours._pipeline.device.type == "cuda"
    found, expected = pair.ask_ours(call), diarize(PyannoteDiarizer(pair.pack, frugality=2), call)
    assert (found.turns, found.exclusive) == (expected.turns, expected.exclusive)


def test_progress_is_told_after_every_window_and_never_falls(pair: Pair, call: Recording):
    told: list[float] = []
    pair.ours.diarize(call, NOTHING_HEARD, speakers=FIND_OUT, progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert len(told) > call.duration - 10


@pytest.mark.parametrize("at", [0.0, 0.05, 0.5])
def test_a_cancelled_job_stops_there_and_the_diarizer_can_go_on(pair: Pair, call: Recording, at: float):
    def cancel(fraction: float) -> None:
        if fraction >= at:
            raise CancelledByUser

    with pytest.raises(CancelledByUser):
        pair.ours.diarize(call, NOTHING_HEARD, speakers=FIND_OUT, progress=cancel)
    assert pair.ask_ours(call).turns


def test_silence_is_said(pair: Pair, write: Write):
    for silence in (np.zeros(0, np.float32), np.zeros(12 * SAMPLE_RATE_HZ, np.float32)):
        with pytest.raises(UserError, match="Nobody speaks"):
            pair.ask_ours(write(silence))


def test_memory_that_runs_out_is_a_memory_error(pair: Pair, call: Recording, monkeypatch: pytest.MonkeyPatch):
    for message in (
        "CUDA out of memory. Tried to allocate",
        "DefaultCPUAllocator: can't allocate memory: you",
    ):

        def run_out(*_args: Any, message: str = message, **_options: Any) -> None:
            raise RuntimeError(message)

        monkeypatch.setattr(pair.ours._pipeline, "get_embeddings", run_out)
        with pytest.raises(MemoryError):
            pair.ask_ours(call)


def test_a_pack_that_cannot_be_used_is_said(packs: dict[Layout, Path], tmp_path: Path):
    with pytest.raises(UserError, match="install it again"):
        PyannoteDiarizer(tmp_path)
    config = yaml.safe_load((packs["3.1"] / "config.yaml").read_text())
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(UserError, match="install it again"):  # its models are not there
        PyannoteDiarizer(tmp_path)
    config["pipeline"]["name"] = "os.system"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    with pytest.raises(UserError, match="of a kind"):
        PyannoteDiarizer(tmp_path)


def test_a_pack_runs_no_code_of_its_own(tmp_path: Path):
    pack = tmp_path / "pack"
    make_pyannote(pack)
    torch.save({"state_dict": _Trap(tmp_path / "sprung")}, pack / "embedding" / "pytorch_model.bin")
    with pytest.raises(UserError, match="install it again"):
        PyannoteDiarizer(pack)
    assert not (tmp_path / "sprung").exists()


class _Trap:
    """Touches a file where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self._path,)


def test_the_library_is_imported_without_torchs_compiler_which_is_there_afterwards():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "from fi_desktop.engines.pyannote import import_pyannote; import_pyannote(); import sys, torch;"
            "print('torch._dynamo' in sys.modules);"
            "import torch._dynamo; print(torch._dynamo.is_compiling())",
        ],
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.split() == ["False", "False"]


def test_the_waveform_is_the_recordings_in_any_stretch(write: Write):
    samples = (np.arange(150 * SAMPLE_RATE_HZ) % 30_000 / 32_768).astype(np.float32)
    waveform = RecordingWaveform(write(samples))
    assert waveform.shape == (1, len(samples))
    starts = [*range(0, 140, 7), 3, 149, 0]
    for start in (start * SAMPLE_RATE_HZ for start in starts):
        stretch = waveform[:, start : start + 160_000]
        np.testing.assert_array_equal(stretch.numpy(), samples[None, start : start + 160_000])
    assert len(waveform._held) <= 70 * SAMPLE_RATE_HZ
