"""Our pipeline against the library's own, with weights that the tests make; on the GPU if there is one."""

from __future__ import annotations

import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import scipy.cluster.hierarchy as scipy_hierarchy
import yaml

from fi_desktop.audio.recording import SAMPLE_RATE_HZ, Recording
from fi_desktop.core import messages
from fi_desktop.core.errors import CancelledByUser, UserError
from fi_desktop.core.messages import Message
from fi_desktop.core.transcript import Diarization
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.pyannote import PyannoteDiarizer, checkpoints, import_pyannote
from fi_desktop.engines.pyannote.diarizer import RecordingWaveform
from tests.engines.conftest import Write, ignore
from tests.engines.test_linkage import voices
from tests.packs.make_pyannote import LAYOUTS, Layout, make_pyannote, write_config

torch = pytest.importorskip("torch", reason="fi-desktop[pyannote] is not installed")

NO_SPEECH = Speech(np.zeros((1, 0), np.float32), 0.032, ())
ANY_NUMBER = SpeakerCount(None, None)
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU")


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Use one thread, like a worker: on a busy machine, several wait for each other for minutes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session", autouse=True)
def _tiny_networks() -> Iterator[None]:
    """Add the tests' tiny embedding to the list; the published one takes minutes here."""
    tiny = ("tests.packs.tiny_wespeaker", "TinyWeSpeaker")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "ARCHITECTURES", checkpoints.ARCHITECTURES | {tiny})
        yield


@pytest.fixture(scope="session")
def packs(tmp_path_factory: pytest.TempPathFactory, fitted_pyannote: Path) -> dict[Layout, Path]:
    """A pack of each layout, fitted to the phone call."""
    folders = {layout: tmp_path_factory.mktemp("packs") / layout for layout in LAYOUTS}
    for layout, folder in folders.items():
        shutil.copytree(fitted_pyannote, folder)
        write_config(folder, layout)
    return folders


@contextmanager
def refused(message: Message) -> Iterator[None]:
    """Check that the block raises a `UserError` with this message."""
    with pytest.raises(UserError) as caught:
        yield
    assert caught.value.code == message.code


@dataclass(frozen=True)
class Pair:
    """A pack, our diarizer of it, and the library's own pipeline."""

    pack: Path
    ours: PyannoteDiarizer
    stock: Any
    known: dict[SpeakerCount, Diarization] = field(default_factory=dict)

    def result(self, call: Recording, speakers: SpeakerCount = ANY_NUMBER) -> Diarization:
        """Return what our diarizer finds in the phone call; it is run once for all tests."""
        if speakers not in self.known:
            self.known[speakers] = self.run_ours(call, speakers)
        return self.known[speakers]

    def run_ours(self, recording: Recording, speakers: SpeakerCount = ANY_NUMBER) -> Diarization:
        return diarize(self.ours, recording, speakers)

    def run_stock(self, recording: Recording, **count: int) -> Any:
        waveform = torch.from_numpy(np.concatenate(list(recording.blocks())))[None]
        with warnings.catch_warnings():
            # the library warns of voices that are too few or too short
            warnings.simplefilter("ignore")
            return self.stock({"waveform": waveform, "sample_rate": SAMPLE_RATE_HZ}, **count)


def load_both(pack: Path) -> Pair:
    stock = import_pyannote().Pipeline.from_pretrained(pack)
    # the default of 32 gives the same result and is slower on a CPU
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
    diarizer: PyannoteDiarizer, recording: Recording, speakers: SpeakerCount = ANY_NUMBER
) -> Diarization:
    return diarizer.diarize(recording, NO_SPEECH, speakers=speakers, progress=ignore)


def assert_same(ours: Diarization, theirs: Any) -> None:
    """Check that the turns are identical, up to the numbers of the speakers."""
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
def test_the_result_matches_the_library(pair: Pair, call: Recording, number: int | None):
    ours = pair.run_ours(call, SpeakerCount(number, number))
    assert len(ours.turns) > 2
    assert_same(ours, pair.run_stock(call, **({"num_speakers": number} if number else {})))


def test_a_range_of_speakers_is_respected(pair: Pair, call: Recording):
    ours = pair.run_ours(call, SpeakerCount(2, 4))
    assert 2 <= len(ours.speakers) <= 4
    assert_same(ours, pair.run_stock(call, min_speakers=2, max_speakers=4))


@pytest.mark.parametrize("seed", range(2))
def test_the_result_matches_the_library_for_random_weights(call: Recording, tmp_path: Path, seed: int):
    pair = load_both(make_pyannote(tmp_path / "pack", seed=seed))
    assert_same(pair.run_ours(call), pair.run_stock(call))


@pytest.mark.parametrize("seconds", [0.05, 3.0, 10.0, 12.34])
def test_a_recording_with_an_incomplete_window(
    pairs: dict[Layout, Pair], call: Recording, write: Write, seconds: float
):
    pair = pairs["community-1"]
    samples = np.concatenate(list(call.blocks()))[12 * SAMPLE_RATE_HZ :]
    short = write(samples[: round(seconds * SAMPLE_RATE_HZ)])
    theirs = pair.run_stock(short)
    if theirs.speaker_diarization:
        assert_same(pair.run_ours(short), theirs)
    else:
        with refused(messages.AUDIO_NO_SPEECH):
            pair.run_ours(short)


def test_embeddings_match_the_library_in_silent_windows_too(pair: Pair, call: Recording, write: Write):
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


def test_turns_overlap_and_exclusive_turns_do_not(pair: Pair, call: Recording):
    found = pair.result(call, SpeakerCount(2, 2))
    assert any(one.end > two.start for one, two in pairwise(found.turns))
    assert all(one.end <= two.start for one, two in pairwise(found.exclusive))


def test_speakers_are_named_by_first_appearance_everywhere(pair: Pair, call: Recording):
    found = pair.result(call, SpeakerCount(2, 2))
    assert found.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert {turn.speaker for turn in found.exclusive} <= set(found.speakers)
    assert (found.engine, found.model) == ("pyannote", pair.pack.name)


def test_channels_are_mixed(pair: Pair, call: Recording, write: Write):
    samples = np.concatenate(list(call.blocks()))
    alike = write(np.stack([samples, samples]))
    assert pair.run_ours(alike).turns == pair.result(call).turns


@pytest.mark.parametrize("memory_level", [1, 2])
def test_memory_level_changes_no_turn(pair: Pair, call: Recording, memory_level: int):
    usual = pair.result(call)
    found = diarize(PyannoteDiarizer(pair.pack, memory_level=memory_level), call)
    assert (found.turns, found.exclusive) == (usual.turns, usual.exclusive)


@GPU
def test_the_gpu_gives_the_turns_of_the_cpu(pair: Pair, call: Recording):
    assert pair.ours._pipeline.device.type == "cuda"
    found, expected = pair.run_ours(call), diarize(PyannoteDiarizer(pair.pack, memory_level=2), call)
    assert (found.turns, found.exclusive) == (expected.turns, expected.exclusive)


def test_progress_is_reported_after_every_window_and_never_decreases(pair: Pair, call: Recording):
    fractions: list[float] = []
    pair.ours.diarize(call, NO_SPEECH, speakers=ANY_NUMBER, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert len(fractions) > call.duration - 10


@pytest.mark.parametrize("at", [0.0, 0.05, 0.5])
def test_a_cancelled_job_stops_and_the_diarizer_stays_usable(
    pair: Pair, call: Recording, write: Write, at: float
):
    def cancel(fraction: float) -> None:
        if fraction >= at:
            raise CancelledByUser

    with pytest.raises(CancelledByUser):
        pair.ours.diarize(call, NO_SPEECH, speakers=ANY_NUMBER, progress=cancel)
    part = np.concatenate(list(call.blocks()))[: 12 * SAMPLE_RATE_HZ]
    assert pair.run_ours(write(part)).turns


def test_silence_is_refused(pair: Pair, write: Write):
    for silence in (np.zeros(0, np.float32), np.zeros(12 * SAMPLE_RATE_HZ, np.float32)):
        with refused(messages.AUDIO_NO_SPEECH):
            pair.run_ours(write(silence))


def test_running_out_of_memory_is_a_memory_error(
    pair: Pair, call: Recording, monkeypatch: pytest.MonkeyPatch
):
    for message in (
        "CUDA out of memory. Tried to allocate",
        "DefaultCPUAllocator: can't allocate memory: you",
    ):

        def run_out(*_args: Any, message: str = message, **_options: Any) -> None:
            raise RuntimeError(message)

        monkeypatch.setattr(pair.ours._pipeline, "get_embeddings", run_out)
        with pytest.raises(MemoryError):
            pair.run_ours(call)


def test_an_unusable_pack_is_a_user_error(packs: dict[Layout, Path], tmp_path: Path):
    with refused(messages.ENGINE_BAD_MODEL):
        PyannoteDiarizer(tmp_path)
    config = yaml.safe_load((packs["3.1"] / "config.yaml").read_text())
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    with refused(messages.ENGINE_BAD_MODEL):  # its models are missing
        PyannoteDiarizer(tmp_path)
    config["pipeline"]["name"] = "os.system"
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    with refused(messages.ENGINE_ODD_MODEL):
        PyannoteDiarizer(tmp_path)


@pytest.fixture
def own_pack(tmp_path: Path, packs: dict[Layout, Path]) -> Path:
    return Path(shutil.copytree(packs["3.1"], tmp_path / "pack"))


def test_a_pack_cannot_run_code(tmp_path: Path, own_pack: Path):
    torch.save({"state_dict": _Trap(tmp_path / "sprung")}, own_pack / "embedding" / "pytorch_model.bin")
    with refused(messages.ENGINE_FOREIGN_MODEL):
        PyannoteDiarizer(own_pack)
    assert not (tmp_path / "sprung").exists()


def edit_checkpoint(pack: Path, network: str, change: Callable[[dict[str, Any]], None]) -> None:
    path = pack / network / "pytorch_model.bin"
    checkpoint = torch.load(path, weights_only=False)
    change(checkpoint)
    torch.save(checkpoint, path)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sprung", "PyanNet"),
        ("pyannote.audio.models.segmentation.SSeRiouSS", "SSeRiouSS"),  # would download a part
        ("pyannote.audio.models.segmentation.PyanNet", "import_module"),
        ("antigravity", "PyanNet"),
    ],
)
@pytest.mark.parametrize("network", ["segmentation", "embedding"])
def test_a_checkpoint_of_another_class_is_refused_without_importing_it(
    tmp_path: Path, own_pack: Path, monkeypatch: pytest.MonkeyPatch, network: str, module: str, name: str
):
    mark = tmp_path / "sprung.mark"
    (tmp_path / "sprung.py").write_text(f"open({str(mark)!r}, 'w')\n")
    monkeypatch.syspath_prepend(tmp_path)
    edit_checkpoint(
        own_pack,
        network,
        lambda c: c["pyannote.audio"]["architecture"].update({"module": module, "class": name}),
    )
    before = set(sys.modules)
    with refused(messages.ENGINE_FOREIGN_MODEL):
        PyannoteDiarizer(own_pack)
    assert not mark.exists()
    assert {"sprung", "antigravity"}.isdisjoint(sys.modules.keys() - before)


def test_a_checkpoint_that_names_a_function_to_build_it_is_refused(own_pack: Path):
    edit_checkpoint(
        own_pack, "embedding", lambda c: c["hyper_parameters"].update(_instantiator="antigravity.fly")
    )
    with refused(messages.ENGINE_FOREIGN_MODEL):
        PyannoteDiarizer(own_pack)


def test_a_network_outside_the_pack_is_refused(own_pack: Path):
    config = yaml.safe_load((own_pack / "config.yaml").read_text())
    config["pipeline"]["params"]["embedding"] = "speechbrain/spkrec-ecapa-voxceleb"
    (own_pack / "config.yaml").write_text(yaml.safe_dump(config))
    with refused(messages.ENGINE_ODD_MODEL):
        PyannoteDiarizer(own_pack)


@pytest.mark.parametrize("kept", [0, 100, 20_000])
def test_a_truncated_checkpoint_is_incomplete_not_malicious(own_pack: Path, kept: int):
    weights = own_pack / "segmentation" / "pytorch_model.bin"
    weights.write_bytes(weights.read_bytes()[:kept])
    with refused(messages.ENGINE_BAD_MODEL):
        PyannoteDiarizer(own_pack)


def test_published_classes_are_on_the_list():
    """What the catalog's checkpoints name, and the class that the program's tests of the whole use."""
    from pyannote.audio.models.embedding import WeSpeakerResNet34
    from pyannote.audio.models.segmentation import PyanNet

    for network in (PyanNet, WeSpeakerResNet34):
        assert (network.__module__, network.__name__) in checkpoints.ARCHITECTURES


class _Trap:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (self._path,)


def test_the_library_is_imported_without_torchs_compiler_which_still_works():
    done = subprocess.run(
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
    assert done.stdout.split() == ["False", "False"]


def test_any_slice_of_the_waveform_matches_the_recording(write: Write):
    samples = (np.arange(150 * SAMPLE_RATE_HZ) % 30_000 / 32_768).astype(np.float32)
    waveform = RecordingWaveform(write(samples))
    assert waveform.shape == (1, len(samples))
    starts = [*range(0, 140, 7), 3, 149, 0]
    for start in (start * SAMPLE_RATE_HZ for start in starts):
        stretch = waveform[:, start : start + 160_000]
        np.testing.assert_array_equal(stretch.numpy(), samples[None, start : start + 160_000])
    assert len(waveform._held) <= 70 * SAMPLE_RATE_HZ


def test_many_points_are_clustered_by_our_linkage_and_the_librarys_is_restored():
    import_pyannote()  # as the engine does, which may be imported by no test before
    from fi_desktop.engines.pyannote.fast import FEW_POINTS, lean_linkage

    library = ModuleType("clustering")
    library.linkage = scipy_hierarchy.linkage  # type: ignore[attr-defined]
    reports: list[int] = []
    with lean_linkage(library, lambda done, _total: reports.append(done)):
        library.linkage(voices(50), method="centroid", metric="euclidean")
        library.linkage(voices(50), method="average", metric="cosine")
        assert reports == []
        with pytest.raises(CancelledByUser):
            with lean_linkage(library, _cancel):
                library.linkage(voices(FEW_POINTS + 1), method="centroid", metric="euclidean")
    assert library.linkage is scipy_hierarchy.linkage


def _cancel(_done: int, _total: int) -> None:
    raise CancelledByUser
