from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fi_desktop.audio.decode import decode
from fi_desktop.audio.recording import Recording, RecordingWriter
from fi_desktop.core.errors import CancelledByUser, UserError
from fi_desktop.core.transcript import Diarization, Grade, Region
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.builtin import BuiltinDiarizer
from fi_desktop.engines.builtin import diarizer as engine
from fi_desktop.engines.builtin.embedding import VoiceEmbedder, with_squares
from fi_desktop.engines.builtin.features import ChunkGrid, make_grid, sample_chunks
from fi_desktop.engines.builtin.overlap import Overlap
from fi_desktop.engines.builtin.search import windows_around
from fi_desktop.engines.contracts import Speech
from fi_desktop.engines.vad import detect_speech

from .conftest import MODEL_DIR, NETWORKS_DIR, ROOT, Write, ignore, read_rttm

DEV = ROOT.parent / "shared" / "eval" / "dev"
TWO, AUTO = SpeakerCount(2, 2), SpeakerCount(None, None)
EDGE_S = 0.021  # a row, and rounding


@pytest.fixture(scope="module")
def call_result(diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech) -> Diarization:
    return diarizer.diarize(call, call_speech, speakers=AUTO, progress=ignore)


def error_rate(result: Diarization, rttm: Path) -> float:
    """Diarization error rate with a collar of 0.25 s on each side, overlap scored."""
    pytest.importorskip("pyannote.metrics", reason="fi-desktop[pyannote] is not installed")
    from pyannote.core import Annotation, Segment
    from pyannote.metrics.diarization import DiarizationErrorRate

    reference, hypothesis = Annotation(), Annotation()
    for row, (start, end, speaker) in enumerate(read_rttm(rttm)):
        reference[Segment(start, end), row] = speaker
    for row, turn in enumerate(result.turns):
        hypothesis[Segment(turn.start, turn.end), row] = turn.speaker
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(DiarizationErrorRate(collar=0.5)(reference, hypothesis))


def test_real_call_is_diarized_well(call_result: Diarization, sample: Path) -> None:
    assert error_rate(call_result, sample.with_suffix(".rttm")) <= 0.05
    assert call_result.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert call_result.probable_speakers is None
    assert call_result.engine == "builtin"
    assert call_result.model == "segmentation-3.0 and CAM++ 1"


def test_overlap_of_a_real_call_is_named(call_result: Diarization) -> None:
    shared = [
        min(one.end, two.end) - two.start
        for one, two in pairwise(call_result.turns)
        if one.speaker != two.speaker and two.start < one.end
    ]
    assert sum(shared) > 1.0  # 1.96 s by the reference


def test_details_give_the_evidence(call_result: Diarization, call_speech: Speech) -> None:
    details = call_result.details
    assert details["speech_s"] == pytest.approx(sum(r.duration for r in call_speech.regions), abs=0.3)
    assert set(details["speaker_s"]) == set(call_result.speakers)
    for speaker, seconds in details["speaker_s"].items():
        own = [turn.duration for turn in call_result.turns if turn.speaker == speaker]
        assert seconds == pytest.approx(sum(own), abs=0.1)
    assert -1.0 <= details["closeness"] < 1.0
    assert 0.0 < details["smallest_speaker_s"] < details["speech_s"] / 2
    assert set(details["closeness_by_count"]) >= {"2", "3"}


def assert_turns_are_sound(result: Diarization, speech: Speech) -> None:
    assert [turn.start for turn in result.turns] == sorted(turn.start for turn in result.turns)
    for turn in (*result.turns, *result.exclusive):
        assert turn.duration > 0
    for turn in result.turns:
        inside = sum(max(0, min(turn.end, r.end) - max(turn.start, r.start)) for r in speech.regions)
        assert turn.duration - inside < 0.31 * turn.duration + EDGE_S  # pauses of 0.3 s are bridged
        assert any(abs(r.start - turn.start) < EDGE_S or r.start < turn.start for r in speech.regions)
    for one, two in pairwise(result.exclusive):
        assert one.end <= two.start
    for turn in result.exclusive:
        assert any(
            other.start <= turn.start and turn.end <= other.end
            for other in result.turns
            if other.speaker == turn.speaker
        )


def test_one_voice_is_sure_and_three_for_two_people_are_not(
    diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech
) -> None:
    alone = diarizer.diarize(call, call_speech, speakers=SpeakerCount(1, 1), progress=ignore)
    assert alone.unsure == ()
    crowd = diarizer.diarize(call, call_speech, speakers=SpeakerCount(3, 3), progress=ignore)
    assert crowd.unsure
    assert all(one.end < other.start for one, other in pairwise(crowd.unsure))
    assert all(0 <= region.start < region.end <= call.duration + 0.1 for region in crowd.unsure)


def test_turns_are_inside_the_speech_and_exclusive_ones_do_not_overlap(
    call_result: Diarization, call_speech: Speech
) -> None:
    assert_turns_are_sound(call_result, call_speech)
    exclusive = sum(turn.duration for turn in call_result.exclusive)
    assert exclusive == pytest.approx(call_result.details["speech_s"], abs=1.0)


def test_result_is_reproducible(call: Recording, call_speech: Speech, call_result: Diarization) -> None:
    again = BuiltinDiarizer(MODEL_DIR, NETWORKS_DIR)
    assert again.diarize(call, call_speech, speakers=AUTO, progress=ignore) == call_result


@pytest.mark.parametrize("speakers", [1, 3])
def test_number_of_speakers_is_respected_and_doubted(
    diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech, speakers: int
) -> None:
    result = diarizer.diarize(call, call_speech, speakers=SpeakerCount(speakers, speakers), progress=ignore)
    assert len(result.speakers) == speakers
    assert result.probable_speakers == 2
    if speakers > 2:
        assert result.grade is Grade.DOUBTFUL
    assert_turns_are_sound(result, call_speech)


def test_number_is_found_within_its_range(
    diarizer: BuiltinDiarizer, call: Recording, call_speech: Speech, call_result: Diarization
) -> None:
    ranged = diarizer.diarize(call, call_speech, speakers=SpeakerCount(2, 4), progress=ignore)
    assert ranged.turns == call_result.turns


def test_one_person_alone_stays_one(
    diarizer: BuiltinDiarizer, call_samples: np.ndarray, sample: Path, write: Write
) -> None:
    # speaker91's turns without those of speaker90
    alone = np.zeros(len(call_samples), dtype=bool)
    turns = read_rttm(sample.with_suffix(".rttm"))
    for wanted in (True, False):
        for start, end, speaker in turns:
            if (speaker == "speaker91") == wanted:
                alone[round(start * 16_000) : round(end * 16_000)] = wanted
    recording = write(call_samples[alone])
    assert recording.duration > 9.0
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    result = diarizer.diarize(recording, speech, speakers=AUTO, progress=ignore)
    assert result.speakers == ("SPEAKER_00",)
    asked = diarizer.diarize(recording, speech, speakers=TWO, progress=ignore)
    assert asked.probable_speakers == 1
    assert asked.grade is Grade.DOUBTFUL


def test_silence_is_refused(diarizer: BuiltinDiarizer, write: Write) -> None:
    recording = write(np.zeros(16_000 * 3))
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    with pytest.raises(UserError) as caught:
        diarizer.diarize(recording, speech, speakers=TWO, progress=ignore)
    assert caught.value.code == "audio.no_speech"


@pytest.mark.parametrize("seconds", [0.02, 0.15, 1.0, 2.5])
def test_a_moment_of_speech_is_one_doubtful_speaker(
    diarizer: BuiltinDiarizer, write: Write, call_samples: np.ndarray, call_speech: Speech, seconds: float
) -> None:
    recording = write(call_samples[16_000 * 8 : 16_000 * 12])
    speech = replace(call_speech, regions=(Region(0.5, 0.5 + seconds),))
    result = diarizer.diarize(recording, speech, speakers=TWO, progress=ignore)
    assert result.speakers == ("SPEAKER_00",)
    assert result.grade is Grade.DOUBTFUL


def test_speech_shorter_than_a_frame_is_no_speech(
    diarizer: BuiltinDiarizer, write: Write, call_speech: Speech
) -> None:
    speech = replace(call_speech, regions=(Region(0.0, 0.004),))
    with pytest.raises(UserError):
        diarizer.diarize(write(np.ones(100)), speech, speakers=TWO, progress=ignore)


def test_progress_rises_to_one_and_can_cancel(
    diarizer: BuiltinDiarizer, write: Write, call_samples: np.ndarray
) -> None:
    recording = write(call_samples[16_000 * 6 : 16_000 * 18])
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    fractions: list[float] = []
    diarizer.diarize(recording, speech, speakers=AUTO, progress=fractions.append)
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0.0
    assert fractions[-1] == pytest.approx(1.0)
    for limit in (fractions[0], fractions[len(fractions) // 2], fractions[-1]):

        def cancel(fraction: float, limit: float = limit) -> None:
            if fraction >= limit:
                raise CancelledByUser

        with pytest.raises(CancelledByUser):
            diarizer.diarize(recording, speech, speakers=AUTO, progress=cancel)


def test_long_recording_is_searched_in_part_and_diarized_whole(
    diarizer: BuiltinDiarizer,
    call_samples: np.ndarray,
    tmp_path: Path,
    sample: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Of 2.5 minutes, one is searched. Each copy of the call must be as accurate as the call alone.
    monkeypatch.setattr(engine, "SEARCHED_S", 60.0)
    monkeypatch.setattr(engine, "_SECTION_ROWS", 1000)
    with RecordingWriter(tmp_path / "long.pcm", 1) as writer:
        for _ in range(5):
            writer.write(call_samples[None, :])
    recording = writer.recording
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    result = diarizer.diarize(recording, speech, speakers=AUTO, progress=ignore)
    assert len(result.speakers) == 2
    for copy in (0, 2, 4):
        first, end = (number * len(call_samples) / 16_000 for number in (copy, copy + 1))
        turns = [
            replace(turn, start=max(0.0, turn.start - first), end=min(turn.end, end) - first)
            for turn in result.turns
            if turn.start < end and turn.end > first
        ]
        assert error_rate(replace(result, turns=tuple(turns)), sample.with_suffix(".rttm")) <= 0.05


class DrawnRows(VoiceEmbedder):
    """Yields drawn rows in pieces of any sizes: the network would take seconds for each example."""

    def __init__(self, rows: np.ndarray, sizes: list[int]) -> None:
        super().__init__(NETWORKS_DIR)
        self._drawn, self._sizes = rows, sizes

    def rows(self, _recording: object, _mask: object, _progress: object) -> Iterator[np.ndarray]:
        start = turn = 0
        while start < len(self._drawn):
            size = self._sizes[turn % len(self._sizes)]
            yield self._drawn[start : start + size]
            start, turn = start + size, turn + 1


@st.composite
def grids(draw: st.DrawFn) -> ChunkGrid:
    """Draw the grid of half a minute with at least one chunk."""
    borders = sorted(draw(st.lists(st.integers(0, 1500), min_size=2, max_size=12, unique=True)))
    spans = zip(borders[::2], borders[1::2], strict=False)
    return make_grid([Region(a * 0.02, b * 0.02) for a, b in spans], 3000)


@settings(max_examples=15)
@given(
    grid=grids(),
    sizes=st.lists(st.integers(1, 400), min_size=1, max_size=3),
    section=st.integers(60, 900),  # more than a window
    seed=st.integers(0, 99),
)
def test_evidence_does_not_depend_on_sections(
    diarizer: BuiltinDiarizer,
    half_a_minute: Recording,
    grid: ChunkGrid,
    sizes: list[int],
    section: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.gamma(1.0, size=(grid.offsets[-1], 512)).astype(np.float32)
    embedder = DrawnRows(rows, sizes)
    overlap = Overlap(
        together=rng.random(1500).astype(np.float32),
        starts=np.zeros(0, dtype=np.int64),
        local=np.zeros((0, 500, 3), dtype=np.float16),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(diarizer, "_embedder", embedder)
        patch.setattr(engine, "_SECTION_ROWS", section)
        patch.setattr(engine, "SEARCHED_S", 20.0)
        found = diarizer._evidence(half_a_minute, grid, overlap, ignore)
    chosen = sample_chunks(len(grid), 20.0)
    sums = np.stack([with_squares(rows[a:b]).sum(axis=0, dtype=float) for a, b in pairwise(grid.offsets)])
    low, high = windows_around(grid.region, np.arange(len(grid)), 4)
    near = np.stack([sums[a:b].sum(axis=0) for a, b in zip(low, high, strict=True)])
    counts = grid.offsets[high] - grid.offsets[low]
    assert (found.sampled == chosen).all()
    np.testing.assert_allclose(found.sums, sums[chosen], rtol=1e-5)
    np.testing.assert_allclose(found.near, embedder.embed(counts, near), atol=1e-4)
    assert found.near_s == pytest.approx(counts * 0.02)
    assert (found.rows == grid.end - grid.start).all()
    shares = [overlap.together[a:b].mean() for a, b in zip(grid.start, grid.end, strict=True)]
    assert found.overlapped == pytest.approx(shares, abs=1e-3)


@pytest.fixture(scope="module")
def half_a_minute(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    with RecordingWriter(tmp_path_factory.mktemp("noise") / "noise.pcm", 1) as writer:
        writer.write(np.random.default_rng(5).normal(size=(1, 480_000)) * 0.01)
        return writer.recording


@settings(max_examples=100)
@given(grid=grids(), speakers=st.integers(1, 4), seed=st.integers(0, 999), stay=st.floats(0.0, 1.0))
def test_exclusive_turns_never_overlap_and_are_those_of_the_first_speakers(
    grid: ChunkGrid, speakers: int, seed: int, stay: float
) -> None:
    rng = np.random.default_rng(seed)
    first = rng.integers(0, speakers, size=len(grid))
    for chunk in range(1, len(grid)):
        if rng.random() < stay:
            first[chunk] = first[chunk - 1]
    overlap = Overlap(
        together=rng.random(75).repeat(20).astype(np.float32),
        starts=np.arange(0, 1001, 250),
        local=rng.random((5, 500, 3)).astype(np.float16),
    )
    turns, exclusive = engine._turns(grid, np.eye(speakers)[first], overlap, 30.0)
    names = dict.fromkeys(turn.speaker for turn in turns)
    assert list(names) == [f"SPEAKER_{index:02d}" for index in range(len(names))]
    assert turns == tuple(sorted(turns, key=lambda turn: (turn.start, turn.end)))
    heard = np.full(1500, -1)
    for turn in exclusive:
        rows = slice(round(turn.start / 0.02), round(turn.end / 0.02))
        assert (heard[rows] == -1).all()
        heard[rows] = int(turn.speaker[-2:])
        assert any(
            other.start <= turn.start and turn.end <= other.end
            for other in turns
            if other.speaker == turn.speaker
        )
    # each first speaker's rows are one name's, and what else is covered is pauses
    expected = np.full(1500, -1)
    for start, end, speaker in zip(grid.start, grid.end, first, strict=True):
        expected[start:end] = speaker
    speech = expected >= 0
    named = {(int(a), int(b)) for a, b in zip(expected[speech], heard[speech], strict=True)}
    assert len(named) == len(set(first.tolist())) == len({b for _, b in named})
    assert -1 not in {b for _, b in named}
    pauses = np.flatnonzero(np.diff(~speech, prepend=False, append=False)).reshape(-1, 2)
    for start, end in pauses:
        assert end - start <= 15 or (heard[start:end] == -1).all()


def test_short_pauses_of_one_speaker_are_part_of_the_turn() -> None:
    grid = make_grid([Region(0.0, 1.0), Region(1.3, 2.0), Region(2.4, 3.0)], 300)
    quiet = Overlap(np.zeros(150, np.float32), np.zeros(0, np.int64), np.zeros((0, 500, 3), np.float16))
    turns, exclusive = engine._turns(grid, np.ones((len(grid), 1)), quiet, 3.0)
    assert [(turn.start, turn.end) for turn in turns] == [(0.0, 2.0), (2.4, 3.0)]
    assert exclusive == turns


def test_turns_end_with_the_recording() -> None:
    grid = make_grid([Region(0.0, 3.0)], 300)
    quiet = Overlap(np.zeros(150, np.float32), np.zeros(0, np.int64), np.zeros((0, 500, 3), np.float16))
    turns, _ = engine._turns(grid, np.ones((len(grid), 1)), quiet, 2.991)
    assert turns[-1].end == 2.991


@pytest.mark.skipif(not DEV.exists(), reason="the evaluation recordings are not available")
@pytest.mark.parametrize(
    ("name", "speakers", "limit"), [("c2_MM_01_eq", TWO, 0.06), ("c1_M_00_raw", AUTO, 0.10)]
)
def test_evaluation_recording(
    diarizer: BuiltinDiarizer, tmp_path: Path, name: str, speakers: SpeakerCount, limit: float
) -> None:
    recording = decode(DEV / f"{name}.flac", tmp_path / "audio.pcm", progress=ignore).recording
    speech = detect_speech(recording, per_channel=False, progress=ignore)
    result = diarizer.diarize(recording, speech, speakers=speakers, progress=ignore)
    assert error_rate(result, DEV / f"{name}.rttm") <= limit
    assert len(result.speakers) == int(name[1])
    assert result.grade is Grade.CLEAR
