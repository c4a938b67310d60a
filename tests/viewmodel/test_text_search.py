from hypothesis import given
from hypothesis import strategies as st

from fi_desktop.viewmodel.text_search import Match, find, search_key


@given(st.text(), st.text(min_size=1, max_size=4))
def test_search_key_keeps_offsets(text, needle):
    assert len(search_key(text)) == len(text)
    assert search_key(search_key(text)) == search_key(text)
    for match in find(needle, [search_key(text)]):
        assert search_key(text[match.start : match.start + match.length]) == search_key(needle)


def test_search_ignores_case_and_accents():
    assert list(find("nunez", [search_key("Señora NÚÑEZ y Núñez")])) == [Match(0, 7, 5), Match(0, 15, 5)]
    assert not list(find("", ["a"]))
