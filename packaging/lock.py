"""Pin the packages for development and CI in requirements.lock, with hashes: `make lock`.

Needs `uv`. The file holds for Linux, macOS and Windows with Python 3.11 to 3.13, and pip alone installs it:

    pip install --require-hashes --no-deps -r requirements.lock
    pip install --no-build-isolation --editable ".[dev]"

torch and torchaudio are not pinned here: each computer gets the build that its index offers (for the CPU, or
for a version of CUDA), and these have different hashes. The second command installs them, within the bounds
of pyproject.toml. Releases install those of `packaging/torch.lock`, by hash.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

import about

LOCK = about.ROOT / "requirements.lock"
_HEADER = """\
# Packages for development and CI; written by `make lock`, see packaging/lock.py. Do not edit.
# Without torch, torchaudio and what only they need.
"""
_UNPINNED = re.compile(r"torch|torchaudio|triton|nvidia-.*|cuda-.*")


def main() -> None:
    """Resolve all packages again."""
    uv = shutil.which("uv")
    if uv is None:
        sys.exit("lock: uv is not installed; see https://docs.astral.sh/uv")
    command = [uv, "pip", "compile", "pyproject.toml", "--all-extras", "--universal", "--python-version=3.11"]
    command += ["--generate-hashes", "--no-header", "--no-annotate", "--quiet"]
    command += sys.argv[1:] or ["--upgrade"]
    resolved = subprocess.run(command, cwd=about.ROOT, check=True, capture_output=True, text=True).stdout
    # a requirement starts a line, and its hashes are indented
    requirements = [text for text in re.split(r"^(?=\S)", resolved, flags=re.MULTILINE) if text.strip()]
    pinned = [text for text in requirements if not _UNPINNED.fullmatch(text.partition("==")[0])]
    LOCK.write_text(_HEADER + "".join(pinned), encoding="utf-8", newline="\n")
    print(f"{LOCK.name}: {len(pinned)} packages")


if __name__ == "__main__":
    main()
