import pytest

from fi_desktop.core.names import one_line


@pytest.mark.parametrize(
    "name", ["José – 2ª.wav", "مريض السيد أحمد.wav", "👩\u200d⚕️ visita.wav", "a%20b%n.wav"]
)
def test_names_are_shown_as_they_are(name):
    assert one_line(name) == name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("line\nbreak.wav", "line�break.wav"),
        ("\x1b[31mred.wav", "�[31mred.wav"),
        ("of \udcff bytes.wav", "of � bytes.wav"),
        ("gp3\u202evaw.exe", "gp3�vaw.exe"),
        ("two\u2028lines", "two�lines"),
    ],
)
def test_what_would_break_the_line_is_marked(name, shown):
    assert one_line(name) == shown
