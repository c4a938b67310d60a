"""Download or import model packs to `resources/models`, to be included in the packages.

    python packaging/fetch_models.py tiny community-1 --token-stdin < token
    python packaging/fetch_models.py --import PACK.zip

The only step of a build that uses the network. Intact packs are left alone; each byte is checked against the
hub's hashes, and finally against the manifest.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import about

sys.path.insert(0, str(about.ROOT))

from fi_desktop.core.errors import TransientError, UserError
from fi_desktop.models import catalog, find, verify
from fi_desktop.models.download import install
from fi_desktop.models.hub import Hub
from fi_desktop.models.importing import import_pack
from fi_desktop.system.files import resource


def main() -> int:
    """Download, import and verify packs; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="as for `fi-desktop models install`")
    parser.add_argument("--import", dest="paths", action="append", type=Path, default=[], metavar="PATH")
    parser.add_argument("--into", type=Path, default=resource("models"), metavar="DIR")
    parser.add_argument("--from", dest="address", default=catalog.HUB, metavar="URL")
    parser.add_argument("--token-stdin", action="store_true", help="for gated packs; never an argument")
    given = parser.parse_args()
    if not given.names and not given.paths:
        parser.error("name a pack, or import one with --import")
    token = sys.stdin.readline().strip() if given.token_stdin else None
    try:
        for name in given.names:
            _fetch(name, given.into, Hub(given.address, token=token))
        for path in given.paths:
            # running this approves the file
            pack = import_pack(path, given.into, report=_quiet, approved=True, replace=True)
            print(f"{pack.name}: imported, {pack.size_bytes / 1e6:.0f} MB, {pack.licence}")
    except (UserError, TransientError) as error:
        print(f"fetch_models: {error.message}", file=sys.stderr)
        return 1
    return 0


def _fetch(name: str, root: Path, hub: Hub) -> None:
    entry = catalog.find_entry(name)
    pack = find(entry.name, (root,)) or install(entry, root, hub, report=_quiet)
    verify(pack)
    print(f"{pack.name}: {pack.size_bytes / 1e6:.0f} MB, {pack.licence}")


def _quiet(_done: int, _total: int) -> None:
    pass


if __name__ == "__main__":
    sys.exit(main())
