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
_LOCALE = re.compile(r"[a-z]{2,3}(_\w+)?\.res")


def shrink(library: Path) -> None:
    """Write the tables of `library`, which is libicudata, again without those that nothing asks for."""
    symbol = next(each.name for each in elf.given(library) if each.name.startswith("icudt"))
    whole = library.read_bytes()
    # the library holds that one table of tables, which begins with its own size and a mark
    start = whole.index(b"\xda\x27", 0x200) - 2
    head = struct.unpack_from("<H", whole, start)[0]
    entries = _entries(whole, start + head)
    kept = {name: data for name, data in entries.items() if _is_kept(name)}
    elf.write_data(library, symbol, whole[start : start + head] + _packed(kept))


def _is_kept(name: str) -> bool:
    """Return whether a table is kept. name: "icudt73l/coll/es.res"."""
    folders, _, file = name.partition("/")[2].rpartition("/")
    if folders:
        return folders in _FOLDERS and _SPOKEN.fullmatch(file) is not None
    if file.endswith((".cnv", ".spp", ".cfu")) or file in _UNASKED:
        return False
    return _SPOKEN.fullmatch(file) is not None or _LOCALE.fullmatch(file) is None


def _entries(whole: bytes, contents: int) -> dict[str, bytes]:
    (count,) = struct.unpack_from("<I", whole, contents)
    pairs = [struct.unpack_from("<II", whole, contents + 4 + 8 * number) for number in range(count)]
    starts = [start for _, start in pairs]
    found = {}
    for (name, start), end in zip(pairs, [*starts[1:], len(whole) - contents], strict=True):
        text = whole[contents + name : whole.index(b"\0", contents + name)].decode("ascii")
        found[text] = whole[contents + start : contents + end]
    return found


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
