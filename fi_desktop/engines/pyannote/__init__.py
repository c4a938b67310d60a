"""pyannote.audio's own diarization pipelines, loaded from a local folder; never from the network.

The answer is the library's, turn by turn; it comes in a fifth of the time on a processor. `fast` says how.
Neither torch nor the library is imported before a diarizer is made.
"""

from fi_desktop.engines.pyannote.diarizer import PyannoteDiarizer
from fi_desktop.engines.pyannote.library import import_pyannote

__all__ = ["PyannoteDiarizer", "import_pyannote"]
