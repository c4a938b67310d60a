"""pyannote.audio's diarization pipelines, loaded from a local folder and never from the network.

The turns are the library's own, computed in a fifth of the time on a CPU; see `fast.py`. torch and
pyannote.audio are the optional dependency "pyannote"; neither is imported before a diarizer is created.
"""

from fi_desktop.engines.pyannote.diarizer import PyannoteDiarizer
from fi_desktop.engines.pyannote.library import import_pyannote

__all__ = ["PyannoteDiarizer", "import_pyannote"]
