"""Transcription with faster-whisper from a local folder; the library is imported with the first model."""

from fi_desktop.engines.whisper.transcriber import WhisperTranscriber

__all__ = ["WhisperTranscriber"]
