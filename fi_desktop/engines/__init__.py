"""Speech detection, diarization and transcription. Engines know audio and models, and nothing of jobs."""
