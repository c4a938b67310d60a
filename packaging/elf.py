"""Write small shared libraries for Linux with the assembler and linker that PyInstaller's tools come with."""

from __future__ import annotations

import platform
import re
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = b"\x7fELF"
# what returns zero, whatever it was called with
_RETURN_ZERO = {"x86_64": "xorl %eax, %eax; ret", "aarch64": "mov x0, #0; ret"}


@dataclass(frozen=True, slots=True)
class Symbol:
    """What a library gives or asks for by name.

    Attributes:
        version: the version it has; "" none.
        size: in bytes, of what is no function; 0 for functions.
    """

    name: str
    version: str
    size: int


def is_library(file: Path) -> bool:
    """Return whether this is a file of machine code, and no link to one."""
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(4) == MAGIC


def needed(library: Path) -> set[str]:
    """Return the names of the libraries that the loader looks for before this one is ready."""
    return set(re.findall(r"NEEDED\s+(\S+)", _objdump("-p", library)))


def given(library: Path) -> list[Symbol]:
    """Return what a library gives; a name may be there in several versions."""
    return [symbol for section, symbol in _symbols(library) if section != "*UND*"]


def wanted(library: Path) -> set[tuple[str, str]]:
    """Return the names that a library expects of others, each with the version."""
    return {(symbol.name, symbol.version) for section, symbol in _symbols(library) if section == "*UND*"}


def write_stand_in(library: Path, symbols: Iterable[Symbol]) -> None:
    """Put a library in place of one of the same name, whose functions do nothing and return zero."""
    lines = [".text"]
    versions: dict[str, list[str]] = {}
    for symbol in sorted(symbols, key=lambda symbol: symbol.name):
        kind, body = "function", _RETURN_ZERO[platform.machine()]
        if symbol.size:
            kind, body = "object", f".zero {symbol.size}"
        lines += [f".section {'.data' if symbol.size else '.text'}", ".balign 16", f".globl {symbol.name}"]
        lines += [f".type {symbol.name}, %{kind}", f"{symbol.name}: {body}"]
        lines += [f".size {symbol.name}, .-{symbol.name}"]
        versions.setdefault(symbol.version, []).append(symbol.name)
    script = "".join(
        f"{version} {{ global: {'; '.join(names)}; }};\n" for version, names in versions.items() if version
    )
    _assemble("\n".join(lines), library, script)


def write_data(library: Path, symbol: str, data: bytes) -> None:
    """Put a library in place of one of the same name, which gives `data` under the name `symbol`."""
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "data"
        raw.write_bytes(data)
        lines = [".section .rodata", ".balign 16", f".globl {symbol}", f".type {symbol}, %object"]
        lines += [f'{symbol}: .incbin "{raw}"', f".size {symbol}, .-{symbol}"]
        _assemble("\n".join(lines), library)


def _assemble(source: str, library: Path, versions: str = "") -> None:
    """Make a library of assembler source, under the name by which its callers know it."""
    name = re.search(r"SONAME\s+(\S+)", _objdump("-p", library))
    with tempfile.TemporaryDirectory() as folder:
        text, made, script = (Path(folder) / each for each in ("source.s", "source.o", "versions"))
        text.write_text(source + '\n.section .note.GNU-stack,"",%progbits\n', encoding="ascii")
        subprocess.run(["as", "-o", str(made), str(text)], check=True)
        command = ["ld", "-shared", "-z", "noexecstack", "-soname", name[1] if name else library.name]
        if versions:
            script.write_text(versions, encoding="ascii")
            command += ["--version-script", str(script)]
        subprocess.run([*command, "-s", "-o", str(library), str(made)], check=True)


def _symbols(library: Path) -> Iterator[tuple[str, Symbol]]:
    """Yield each name that the loader deals with, and the section that it lies in."""
    for line in _objdump("-T", library).splitlines():
        before, tab, after = line.partition("\t")
        if not tab:
            continue
        # "<address> g    DF .text" and "<size>  <version> <name>", the version being there or not
        section, kind = before.split()[-1], before[: -len(before.split()[-1])].rstrip()[-1]
        size, *words = after.split()
        words = [word for word in words if word not in (".hidden", ".protected", ".internal")]
        version = words[0].strip("()") if len(words) > 1 else ""
        yield (
            section,
            Symbol(words[-1], "" if version == "Base" else version, int(size, 16) if kind == "O" else 0),
        )


def _objdump(option: str, library: Path) -> str:
    return subprocess.run(
        ["objdump", option, str(library)], check=True, capture_output=True, text=True
    ).stdout
