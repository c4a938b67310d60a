"""Its Python alone, in place of the hook that comes with PyInstaller: the extension is never loaded.

See `fi_desktop/engines/pyannote/library.py`.
"""

module_collection_mode = "pyz"
