"""fi-desktop: who spoke when, and what was said, on the clinician's own computer.

Imported first in every process, workers included, so this is where the libraries that would call home are
told not to: pyannote.audio and onnxruntime send telemetry, and the model hub's client looks for updates,
unless the environment forbids it before they are imported.
"""

import os

__version__ = "0.1.0"

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# it keeps a device's number and what it means to send in the person's cache, which no test of sockets sees
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
