"""Write the lexicons in resources/lexicons: `python packaging/make_lexicons.py`.

    pip install wordfreq==3.1.1

The words of a language that are said at least once in some thirty million, and those of the bundled
vocabulary lists, in lower case.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
LANGUAGES = ("es",)  # in English it helps nothing: see docs/benchmarks.md
LEAST_ZIPF = 1.5
LONGEST_BYTES = 24
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")


def frequent(language: str) -> Iterator[str]:
    """Yield the words of a language by wordfreq."""
    from wordfreq import freq_to_zipf, get_frequency_dict

    for word, frequency in get_frequency_dict(language, "large").items():
        if freq_to_zipf(frequency) >= LEAST_ZIPF and _WORD.fullmatch(word):
            yield word


def listed(language: str) -> Iterator[str]:
    """Yield the words of the bundled vocabulary lists."""
    for file in sorted((RESOURCES / "vocabulary" / language).glob("*.txt")):
        for line in file.read_text(encoding="utf-8").splitlines():
            term, _, said = line.partition("#")[0].partition("=")
            yield from _WORD.findall(f"{term} {said}".lower())


def write(language: str) -> None:
    """Write a language's lexicon, one word a line, in the order of their bytes."""
    found = {*frequent(language), *listed(language)}
    kept = sorted(word.encode() for word in found if len(word) > 1 and len(word.encode()) <= LONGEST_BYTES)
    file = RESOURCES / "lexicons" / f"{language}.txt.gz"
    file.write_bytes(gzip.compress(b"".join(word + b"\n" for word in kept), mtime=0))
    print(f"{file.name}: {len(kept)} words, {file.stat().st_size} bytes")


if __name__ == "__main__":
    for language in LANGUAGES:
        write(language)
