"""Model packs: folders of weights with a manifest, found on this computer only.

Imports nothing heavy: the window's process and the engine registry use it. `models.download` and
`models.importing` are imported on demand.
"""

from fi_desktop.models.library import best, check, find, installed, remove, verify
from fi_desktop.models.manifest import Pack, PackFile, PackKind

__all__ = ["Pack", "PackFile", "PackKind", "best", "check", "find", "installed", "remove", "verify"]
