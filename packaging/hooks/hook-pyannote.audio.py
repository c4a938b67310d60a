"""All modules of pyannote.audio: checkpoints name classes by module path.

This walks the folder. `collect_submodules` would import the package in a helper process, where torchaudio's
extension is not replaced (see `fi_desktop/engines/pyannote/library.py`) and the import fails.
"""

from importlib.util import find_spec
from pathlib import Path

_EXCLUDED = {"__pycache__", "sample", "__main__.py"}

_namespace = find_spec("pyannote")
assert _namespace is not None
_root = Path(next(iter(_namespace.submodule_search_locations))) / "audio"

hiddenimports = ["pyannote.audio"]
for _file in sorted(_root.rglob("*.py")):
    _parts = _file.relative_to(_root.parent.parent).with_suffix("").parts
    if not _EXCLUDED.intersection((*_parts, _file.name)):
        hiddenimports.append(".".join(_parts).removesuffix(".__init__"))

# read at import even if telemetry is off
datas = [(str(_root / "telemetry" / "config.yaml"), "pyannote/audio/telemetry")]
