"""Python modules only, unlike PyInstaller's hook: the extension is never loaded.

See `fi_desktop/engines/pyannote/library.py`.
"""

module_collection_mode = "pyz"
