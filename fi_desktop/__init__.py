"""fi-desktop: transcribe recordings and identify speakers, on the clinician's own computer.

Every process imports this module first, workers included, so it turns off telemetry here: pyannote.audio,
onnxruntime and the Hugging Face client read these variables when they are imported.
"""

import os

__version__ = "0.1.0"

os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# Otherwise it stores a device id and unsent telemetry in the user's cache, without opening a socket.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
