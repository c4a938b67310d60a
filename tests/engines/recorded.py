"""A second transcriber in one file, as a plugin has it: it returns the recorded words of the sample."""

from __future__ import annotations

import json

from fi_desktop.audio.recording import Recording
from fi_desktop.core.transcript import Transcription, Word
from fi_desktop.engines.contracts import Progress, Speech, TranscriptionOptions
from fi_desktop.engines.registry import EngineSpec
from fi_desktop.system.files import resource


class RecordedTranscriber:
    """Returns recorded words, and its options as further words."""

    description = "recorded words"

    def transcribe(
        self, recording: Recording, speech: Speech, *, options: TranscriptionOptions, progress: Progress
    ) -> Transcription:
        """See `contracts.Transcriber`."""
        progress(0.5)
        saved = json.loads(resource("samples", "consulta.words.json").read_text(encoding="utf-8"))
        words = [Word(word["start"], word["end"], word["text"], 0.9) for word in saved["words"]]
        said = (*options.vocabulary, *(term.text for term in options.terms[:1]))
        words += [Word(recording.duration, recording.duration, text, 0.9) for text in said]
        progress(1.0)
        return Transcription(tuple(words), saved["language"], SPEC.name, "1.0")


SPEC = EngineSpec("recorded", "Recorded words", "tests.engines.recorded:RecordedTranscriber")
