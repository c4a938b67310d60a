"""Transcription by faster-whisper, from a local folder; the library is imported when a model is opened."""

from fi_desktop.engines.whisper.transcriber import WhisperTranscriber

__all__ = ["WhisperTranscriber"]
