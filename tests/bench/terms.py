"""Vocabulary lists with real weights: terms written, terms invented and word errors, without and with them.

    python -m tests.bench.terms SET [--half tune|report] [--kinds numbers read]

SET is what `tests.bench.word_sets` makes. Three ways: no vocabulary, the first six terms that are said as
one's own words, and all bundled lists. A term is one word of a bundled list, of seven letters and more.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

from fi_desktop.audio.decode import decode
from fi_desktop.engines import term_lists
from fi_desktop.engines.contracts import Term, TranscriptionOptions
from fi_desktop.engines.vad import detect_speech
from fi_desktop.engines.whisper import WhisperTranscriber
from fi_desktop.system.files import resource
from tests.bench.word_sources import HALVES
from tests.bench.words import MODEL, pieces
from tests.real.wording import Errors, compare, plain_words

WAYS = ("none", "six words", "six lists")
_OWN_WORDS = 6
_LETTERS = 7


def _ignore(_fraction: float) -> None:
    pass


def known_terms(terms: tuple[Term, ...], language: str) -> frozenset[str]:
    """Return the terms of one word, without case and accents."""
    plain = (plain_words(term.text, language) for term in terms if term.language == language)
    return frozenset(words[0] for words in plain if len(words) == 1 and len(words[0]) >= _LETTERS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=HALVES, default="report")
    parser.add_argument("--kinds", nargs="*", default=["numbers", "read", "conversation", "phone", "noise"])
    parser.add_argument("--most", type=int, default=1000, help="recordings of each language and kind")
    arguments = parser.parse_args()
    transcriber = WhisperTranscriber(MODEL, threads=2)
    terms, _notes = term_lists.read_all(term_lists.SPECIALTIES, (resource("vocabulary"),))
    errors: dict[tuple[str, str, str], Errors] = defaultdict(lambda: Errors(0, 0, 0, 0))
    counts: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    seen: Counter[tuple[str, str]] = Counter()
    for piece in pieces(arguments.folder, arguments.half, arguments.kinds):
        language = str(piece.language)
        seen[language, piece.kind] += 1
        if seen[language, piece.kind] > arguments.most:
            continue
        known = known_terms(terms, language)
        said = plain_words(" ".join(word["text"] for word in piece.reference["words"]), language)
        wanted = Counter(word for word in said if word in known)
        plain = TranscriptionOptions(language)
        options = {
            "none": plain,
            "six words": replace(plain, vocabulary=tuple(wanted)[:_OWN_WORDS]),
            "six lists": replace(plain, terms=terms),
        }
        with tempfile.TemporaryDirectory() as folder:
            recording = decode(piece.path, Path(folder) / "audio", progress=_ignore).recording
            speech = detect_speech(recording, per_channel=False, progress=_ignore)
            for way in WAYS:
                key = (language, piece.kind, way)
                began = time.process_time()
                result = transcriber.transcribe(recording, speech, options=options[way], progress=_ignore)
                counts[key]["cpu"] += round(time.process_time() - began)
                written = plain_words(" ".join(word.text for word in result.words), language)
                found = Counter(word for word in written if word in known)
                errors[key] += compare(said, written)
                counts[key]["said"] += wanted.total()
                counts[key]["written"] += (wanted & found).total()
                counts[key]["invented"] += (found - wanted).total()
    print("| Language | Kind | Vocabulary | Errors | Terms written | Terms not said | CPU |")
    print("|---|---|---|---|---|---|---|")
    for (language, kind, way), error in sorted(errors.items()):
        row = counts[language, kind, way]
        share = f"{row['written']} of {row['said']}"
        print(f"| {language} | {kind} | {way} | {error} | {share} | {row['invented']} | {row['cpu']} s |")


if __name__ == "__main__":
    main()
