"""Audio: decode whatever FFmpeg reads to 16 kHz samples, streamed so memory stays constant."""
