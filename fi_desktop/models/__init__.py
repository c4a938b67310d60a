"""Model packs: folders of weights with a manifest, looked for on this computer alone.

Imports nothing heavy: the window's process and the registry use it. What goes to the network
(`models.download`) and what opens archives (`models.importing`) is imported by who was asked to.
"""

from fi_desktop.models.library import best, check, find, installed, remove, verify
from fi_desktop.models.pack import Pack, PackFile, PackKind

__all__ = ["Pack", "PackFile", "PackKind", "best", "check", "find", "installed", "remove", "verify"]
