"""ARCHITECTURE.md says what is true: the files from a drop to a result, and the rooms."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
WAY = re.findall(
    r"^\d+\. `([\w/.]+\.py)`", TEXT.split("## From a drop to a result")[1].split("\n## ")[0], re.M
)


def imports(path: str) -> set[str]:
    """Return the files of the package that a file imports, also by name as the registry does."""
    text = (ROOT / "fi_desktop" / path).read_text(encoding="utf-8")
    found = set(re.findall(r"fi_desktop\.([\w.]+)", text))
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fi_desktop"):
            found |= {f"{node.module}.{alias.name}".removeprefix("fi_desktop.") for alias in node.names}
    modules = {name.replace(".", "/") for name in found}
    files = {name for module in modules for name in (f"{module}.py", f"{module}/__init__.py")}
    packages = {name for name in files if name.endswith("__init__.py") and name != path}
    for package in packages:
        if (ROOT / "fi_desktop" / package).is_file():  # what it exports is imported by its name
            files |= imports(package)
    return files


def test_the_way_from_a_drop_to_a_result_is_at_most_thirty_files():
    assert 10 <= len(WAY) <= 30
    assert len(set(WAY)) == len(WAY)


@pytest.mark.parametrize("path", WAY)
def test_every_file_of_the_way_exists(path: str):
    assert (ROOT / "fi_desktop" / path).is_file()


@pytest.mark.parametrize(("path", "earlier"), [(path, WAY[:at]) for at, path in enumerate(WAY) if at])
def test_every_file_of_the_way_imports_an_earlier_one_or_is_imported_by_one(path: str, earlier: list[str]):
    assert any(path in imports(other) for other in earlier) or imports(path) & set(earlier)


def test_every_room_stands_in_the_map():
    rooms = {path.parent.name for path in (ROOT / "fi_desktop").glob("*/__init__.py")}
    table = set(re.findall(r"^\| `(\w+)/` \|", TEXT, re.M))
    assert table == rooms
