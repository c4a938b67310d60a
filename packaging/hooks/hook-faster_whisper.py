"""The model that finds speech lies in the package as data."""

from PyInstaller.utils.hooks import collect_data_files

datas = collect_data_files("faster_whisper")
