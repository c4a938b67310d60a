"""Engines for tests: each is what a new engine's one file would be."""

from __future__ import annotations

from fi_desktop.audio.recording import Recording
from fi_desktop.core.transcript import Diarization, Transcription, Turn, Word
from fi_desktop.core.values import SpeakerCount
from fi_desktop.engines.contracts import Progress, Speech, TranscriptionOptions
from fi_desktop.engines.registry import EngineSpec


class FakeTranscriber:
    """Writes one word per region of speech."""

    description = "fake"

    def transcribe(
        self, recording: Recording, speech: Speech, *, options: TranscriptionOptions, progress: Progress
    ) -> Transcription:
        progress(1.0)
        words = tuple(Word(region.start, region.end, "blah", 0.9) for region in speech.regions)
        return Transcription(words, options.language, "fake")


class FakeDiarizer:
    """Finds two speakers, whatever it is asked for: each region's second half belongs to both.

    It suggests three, unless it is asked for them.
    """

    description = "fake"

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        progress(1.0)
        exclusive = tuple(Turn(region.start, region.end, "SPEAKER_00") for region in speech.regions)
        second = (Turn((turn.start + turn.end) / 2, turn.end, "SPEAKER_01") for turn in exclusive)
        turns = sorted((*exclusive, *second), key=lambda turn: (turn.start, turn.end))
        probable = None if speakers.fixed == 3 else 3
        return Diarization(tuple(turns), "fake", exclusive=exclusive, probable_speakers=probable)


TRANSCRIBER = EngineSpec("fake", "Fake", "tests.engines.fake:FakeTranscriber")
DIARIZER = EngineSpec("fake", "Fake", "tests.engines.fake:FakeDiarizer")
