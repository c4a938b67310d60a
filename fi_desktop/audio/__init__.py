"""Audio: read anything that FFmpeg reads, as 16 kHz samples, without ever holding a whole recording in memory."""
