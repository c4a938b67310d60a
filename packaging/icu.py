"""Qt's tables of the world's languages (ICU), cut down to those that the program speaks.

Qt asks ICU for the order of words, for upper and lower case, names of time zones and old 8-bit codes. Each of
the last is a table; what is not there is answered by ICU with the rules for all languages ("root").
The format: https://github.com/unicode-org/icu, `icu4c/source/common/ucmndata.h`.
"""

from __future__ import annotations

import re
import struct
from pathlib import Path

import elf

# all of them in every language's folder, and what other languages' lie in
_SPOKEN = re.compile(r"(root|en|es)(_.*)?\.res|pool\.res|res_index\.res|tzdbNames\.res|ucadata\.icu")
# money, countries, units, hyphens, spelt-out numbers, other alphabets: never asked for
_FOLDERS = ("coll", "zone")
_UNASKED = ("langInfo.res", "nfkc.nrm", "nfkc_cf.nrm", "nfkc_scf.nrm", "unames.icu", "uts46.nrm")
_MARK = b"\xda\x27\x14\x00\x00\x00\x00\x00\x02\x00CmnD"
_LOCALE = re.compile(r"[a-z]{2,3}(_\w+)?\.res")


def shrink(library: Path) -> None:
    """Write the tables of `library`, which is libicudata, again without those that nothing asks for."""
    symbol, whole = _read(library)
    kept = {name: data for name, data in tables(library).items() if _is_kept(name)}
    elf.write_data(library, symbol, whole[: _head(whole)] + _packed(kept))


def tables(library: Path) -> dict[str, bytes]:
    """Return the tables of a library that is libicudata, by name: "icudt73l/coll/es.res"."""
    whole = _read(library)[1]
    contents = whole[_head(whole) :]
    (count,) = struct.unpack_from("<I", contents)
    pairs = [struct.unpack_from("<II", contents, 4 + 8 * number) for number in range(count)]
    ends = [start for _, start in pairs[1:]] + [len(contents)]
    return {
        contents[name : contents.index(b"\0", name)].decode("ascii"): contents[start:end]
        for (name, start), end in zip(pairs, ends, strict=True)
    }


def _read(library: Path) -> tuple[str, bytes]:
    """Return the one thing that libicudata gives, a table of tables: its name and its bytes."""
    symbol = next(each for each in elf.given(library) if each.name.startswith("icudt"))
    whole = library.read_bytes()
    start = whole.index(_MARK) - 2
    return symbol.name, whole[start : start + symbol.size]


def _head(whole: bytes) -> int:
    # the head begins with its own size
    return int(struct.unpack_from("<H", whole)[0])


def _is_kept(name: str) -> bool:
    """Return whether a table is kept. name: "icudt73l/coll/es.res"."""
    folders, _, file = name.partition("/")[2].rpartition("/")
    if folders:
        return folders in _FOLDERS and _SPOKEN.fullmatch(file) is not None
    if file.endswith((".cnv", ".spp", ".cfu")) or file in _UNASKED:
        return False
    return _SPOKEN.fullmatch(file) is not None or _LOCALE.fullmatch(file) is None


def _packed(entries: dict[str, bytes]) -> bytes:
    """Return tables with their list of contents; each begins at a multiple of 16, names are sorted."""
    ordered = sorted(entries.items())
    names, name_starts = b"", []
    for name, _ in ordered:
        name_starts.append(4 + 8 * len(ordered) + len(names))
        names += name.encode("ascii") + b"\0"
    body = b""
    begin = 4 + 8 * len(ordered) + len(names)
    begin += -begin % 16
    contents = struct.pack("<I", len(ordered))
    for name_start, (_, data) in zip(name_starts, ordered, strict=True):
        contents += struct.pack("<II", name_start, begin + len(body))
        body += data + b"\0" * (-len(data) % 16)
    head = contents + names
    return head + b"\0" * (-len(head) % 16) + body
