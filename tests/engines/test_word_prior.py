"""What words cost in a search, however their letters are cut into tokens."""

from __future__ import annotations

import gzip
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, pre_tokenizers

from fi_desktop.engines import term_lists
from fi_desktop.engines.whisper.lexicon import Lexicon, load_lexicon
from fi_desktop.engines.whisper.token_bytes import spell_token
from fi_desktop.engines.whisper.word_prior import NoPrior, WordPrior
from fi_desktop.system.files import resource

END = 256
UNKNOWN = -2.0


def cost(text: bytes, *, terms: frozenset[str] = frozenset()) -> float:
    """The cost of a Spanish text whose tokens are its bytes."""
    lexicon = load_lexicon("es")
    assert lexicon is not None
    prior = WordPrior(lexicon, terms, lambda token: b" " if token == END else bytes([token]))
    tail, total = b"", 0.0
    for token in [*text, END]:
        [[tail]], added = prior.extend([tail], np.array([[token]]))
        total += float(added[0, 0])
    assert tail == b""
    return total


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        (" Tome metformina y losartán, mañana.", 0),
        (" ¿Cómo está, señora? ¡Muy mal!", 0),
        (" los púlgaros", 1),
        (" púlgaros, (púlgaros)", 2),
        (" La Sra. Xqzwerty, 75mg del 3er", 0),
        (" l'xqzalet", 1),
        (" dos' de", 0),
        ("", 0),
        (" ... ?! —", 0),
    ],
)
def test_unknown_words_cost(text: str, unknown: int):
    assert cost(text.encode()) == pytest.approx(unknown * UNKNOWN)


def test_a_word_of_the_vocabulary_is_known():
    assert cost(b" el xqzartan") == pytest.approx(UNKNOWN)
    assert cost(b" el xqzartan", terms=frozenset({"xqzartan"})) == 0.0


@given(st.text("abcñé'’- .¿1中A", max_size=12), st.data())
@example("ñ' ’é", None)
def test_tokens_may_end_anywhere(text: str, data: st.DataObject | None):
    lexicon = load_lexicon("es")
    assert lexicon is not None
    written = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(written))))) if data else range(len(written))
    borders = [0, *cuts, len(written)]
    pieces = [written[a:b] for a, b in pairwise(borders)]
    prior = WordPrior(lexicon, frozenset(), lambda token: [*pieces, b" "][token])
    tail, total = b"", 0.0
    for token in range(len(pieces) + 1):
        [[tail]], added = prior.extend([tail], np.array([[token]]))
        total += float(added[0, 0])
    assert total == pytest.approx(cost(written))


def test_hypotheses_and_tokens_keep_their_places():
    lexicon = load_lexicon("es")
    assert lexicon is not None
    prior = WordPrior(lexicon, frozenset(), lambda token: [b"s", b" la", b"qx"][token])
    tails, added = prior.extend([b"cosa", b"", b"zzq"], np.array([[0, 1], [1, 2], [0, 1]]))
    assert tails == [[b"cosas", b"la"], [b"la", b"qx"], [b"zzqs", b"la"]]
    assert added.tolist() == [[0.0, 0.0], [0.0, 0.0], [0.0, UNKNOWN]]
    tails, added = NoPrior().extend([b"a", b""], np.array([[0, 1, 2], [1, 2, 3]]))
    assert (added == 0).all()
    assert added.shape == (2, 3)
    assert tails == [[b"a"] * 3, [b""] * 3]


def test_the_lexicon_is_sorted_and_knows_the_bundled_terms():
    lines = gzip.decompress(resource("lexicons", "es.txt.gz").read_bytes()).split(b"\n")
    assert lines[-1] == b""
    assert lines[:-1] == sorted(set(lines[:-1]))
    lexicon = load_lexicon("es")
    assert lexicon is not None
    terms, _notes = term_lists.read_all(term_lists.SPECIALTIES, (resource("vocabulary"),))
    words = {
        word
        for term in terms
        if term.language == "es"
        for word in term.text.lower().replace("-", " ").split()
        if word.isalpha() and len(word) > 1
    }
    assert len(words) > 500
    assert [word for word in words if not lexicon.knows(word)] == []


def test_a_lexicon_knows_its_words_alone():
    lexicon = Lexicon(np.array([b"ab", b"abc", "ñu".encode()], dtype="S24"))
    assert all(map(lexicon.knows, ("ab", "abc", "ñu", "x" * 25)))
    assert not any(map(lexicon.knows, ("a", "b", "abcd", "ñ", "zz", "")))
    assert load_lexicon("en") is None


def test_tokens_spell_bytes():
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    vocabulary = {letter: number for number, letter in enumerate(sorted(alphabet))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    text = " ¿Señal? “así”… 中\n"
    tokens = tokenizer.encode(text).ids
    assert b"".join(spell_token(tokenizer, END, token) for token in tokens).decode() == text
    assert [spell_token(tokenizer, END, END + number) for number in range(3)] == [b" ", b"", b""]
