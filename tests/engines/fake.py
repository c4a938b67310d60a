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
    """Assigns all speech to one speaker."""

    description = "fake"

    def diarize(
        self, recording: Recording, speech: Speech, *, speakers: SpeakerCount, progress: Progress
    ) -> Diarization:
        progress(1.0)
        turns = tuple(Turn(region.start, region.end, "SPEAKER_00") for region in speech.regions)
        return Diarization(turns, "fake")


TRANSCRIBER = EngineSpec("fake", "Fake", "tests.engines.fake:FakeTranscriber")
DIARIZER = EngineSpec("fake", "Fake", "tests.engines.fake:FakeDiarizer")
