"""Audio: read anything that FFmpeg reads, as 16 kHz samples, never holding a whole recording in memory."""
