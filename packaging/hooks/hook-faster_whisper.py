"""faster-whisper's voice activity model is package data."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("faster_whisper")
