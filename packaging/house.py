"""Count what keeps the source easy to enter: `python packaging/house.py [PATHS]`, part of `make lint`.

Without PATHS, the whole repository is checked. With PATHS (files or folders), only what concerns them.
Prints each finding and exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "fi_desktop"
MEAN_LINES = 190  # a module: fewer, and the package is in crumbs
SAME_FILE_NAME = 2
FIRST_LINE = 100  # characters of a docstring
GUI_SHARE = 0.45

RETIRED = (
    # metaphors
    r"engine room",
    r"stillborn",
    r"hopeless",
    r"worn out",
    r"better times",
    r"outbox",
    r"frugality",
    r"the one door",
    r"bell",
    r"ears",
    r"deeds?",
    r"desk",
    r"ledger",
    r"folds?|folded|folding|unfold(?:s|ed|ing)?",
    # archaic English
    r"whoever",
    r"anew",
    r"so many",
    r"beside",
    r"given up",
    r"give back|gives back|gave back|given back",
    r"(?:is|are|was|were) told",
    r"tells? of",
    r"told of",
    r"of (?:its|their|his|her) own",
    r"there is none",
    r"for ever",
    r"beginnings",
    r"lies (?:in|at|under|there|here)|lie (?:in|at|under|there|here)",
)
_RETIRED = re.compile(rf"(?<![a-z])(?:{'|'.join(RETIRED)})(?![a-z])", re.IGNORECASE)
_WORD_BREAK = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|_")
TEXT = {".py", ".md", ".toml", ".yml", ".qss", ".spec", ".ini", ".txt"}
NOT_OURS = (
    "tests/golden/",
    "tests/jobs/data/",
    "tests/real/speech/",
    "resources/models/",
    "resources/names/",
    "resources/samples/",
)
SELF = "packaging/house.py"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend; `line` is 0 if it concerns a whole file or folder."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the package."""

    path: str
    name: str
    tree: ast.Module
    lines: int


def tracked_files() -> list[str]:
    """Return all files that git tracks or would add, with "/" as separator."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.splitlines() if (ROOT / name).is_file()]


def modules(files: list[str]) -> list[Module]:
    """Parse the package."""
    found = []
    for path in files:
        if path.startswith(f"{PACKAGE}/") and path.endswith(".py"):
            text = (ROOT / path).read_text(encoding="utf-8")
            name = ".".join(PurePosixPath(path).with_suffix("").parts).removesuffix(".__init__")
            found.append(Module(path, name, ast.parse(text), text.count("\n")))
    return found


def counts(package: list[Module]) -> Iterator[Finding]:
    """Find modules too small on average and too large a share of the window."""
    total = sum(module.lines for module in package)
    if total < MEAN_LINES * len(package):
        mean = total // len(package)
        yield Finding(PACKAGE, 0, f"{mean} lines a module on average, at least {MEAN_LINES}")
    gui = sum(module.lines for module in package if module.path.startswith(f"{PACKAGE}/gui/"))
    if gui > GUI_SHARE * total:
        yield Finding(f"{PACKAGE}/gui", 0, f"{gui / total:.0%} of all lines, at most {GUI_SHARE:.0%}")


def double_names(package: list[Module]) -> Iterator[Finding]:
    """Find folders, files and classes that share a name."""
    folders: dict[str, set[str]] = defaultdict(set)
    names: dict[str, list[str]] = defaultdict(list)
    classes: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for module in package:
        path = PurePosixPath(module.path)
        for parent in path.parents:
            if parent.parts[1:]:
                folders[parent.name].add(str(parent))
        if path.name not in ("__init__.py", "__main__.py"):
            names[path.name].append(module.path)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef):
                classes[node.name].append((module.path, node.lineno))
    for name, where in folders.items():
        if len(where) > 1:
            yield from (
                Finding(path, 0, f"the folder name {name} stands {len(where)} times") for path in where
            )
    for name, paths in names.items():
        if len(paths) > SAME_FILE_NAME:
            text = f"the file name {name} stands {len(paths)} times"
            yield from (Finding(path, 0, text) for path in paths)
    for name, places in classes.items():
        if len(places) > 1:
            for path, line in places:
                yield Finding(path, line, f"the class name {name} stands {len(places)} times")


def circles(package: list[Module]) -> Iterator[Finding]:
    """Find modules that import each other, directly or through others, for type checking too."""
    known = {module.name for module in package}
    imports = {module.name: _imported(module, known) for module in package}
    paths = {module.name: module.path for module in package}
    done: set[str] = set()
    for start in imports:
        yield from _circles_from(start, imports, paths, [], done)


def _circles_from(
    name: str, imports: dict[str, set[str]], paths: dict[str, str], way: list[str], done: set[str]
) -> Iterator[Finding]:
    if name in way:
        circle = [*way[way.index(name) :], name]
        yield Finding(paths[name], 0, f"import circle: {' > '.join(circle)}")
        return
    if name in done:
        return
    for other in sorted(imports[name]):
        yield from _circles_from(other, imports, paths, [*way, name], done)
    done.add(name)


def _imported(module: Module, known: set[str]) -> set[str]:
    """Return the package's modules that a module imports when it is loaded."""
    found = set()
    for node in _run_on_import(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names} & known
            found |= whole or ({node.module} & known)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & known
    return found - {module.name}


def _run_on_import(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        yield node
        yield from _run_on_import(node)


def docstrings(package: list[Module]) -> Iterator[Finding]:
    """Find public docstrings whose first line is too long."""
    for module in package:
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            if getattr(node, "name", "").startswith("_"):
                continue
            first = (ast.get_docstring(node) or "").partition("\n")[0]
            if len(first) > FIRST_LINE:
                line = getattr(node, "lineno", 1)
                yield Finding(module.path, line, f"docstring: first line of {len(first)} characters")


def retired_words(files: list[str]) -> Iterator[Finding]:
    """Find words that the project no longer uses, in names of files and in text."""
    for path in files:
        if path.startswith(NOT_OURS) or path == SELF:
            continue
        if match := _RETIRED.search(_words(path)):
            yield Finding(path, 0, f"retired word in the file's name: {match[0]}")
        if PurePosixPath(path).suffix not in TEXT and PurePosixPath(path).name != "Makefile":
            continue
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1):
            if match := _RETIRED.search(_words(line)):
                yield Finding(path, number, f"retired word: {match[0]}")


def _words(text: str) -> str:
    """Return text with identifiers taken apart: JobDesk, job_desk become "Job Desk", "job desk"."""
    return _WORD_BREAK.sub(" ", text.replace("ToolButtonTextBesideIcon", ""))  # Qt's name


def findings(only: list[str]) -> Iterator[Finding]:
    """Yield all findings, or those in the files and folders of `only`."""
    files = tracked_files()
    package = modules(files)
    checks = (
        counts(package),
        double_names(package),
        circles(package),
        docstrings(package),
        retired_words(files),
    )
    for check in checks:
        for finding in check:
            if not only or any(finding.path == name or finding.path.startswith(f"{name}/") for name in only):
                yield finding


def main() -> int:
    """Print what is found."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("paths", nargs="*", help="files or folders, from the repository's root")
    found = list(findings([path.rstrip("/") for path in parser.parse_args().paths]))
    for finding in found:
        print(finding)
    package = modules(tracked_files())
    print(f"{len(package)} modules, {sum(module.lines for module in package):,} lines; {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
