import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox

from fi_desktop.core import messages
from fi_desktop.core.job import AttemptOutcome, JobState
from fi_desktop.core.messages import verbatim
from fi_desktop.core.values import Stage
from fi_desktop.gui import theme
from fi_desktop.gui.labels import UiLabels
from fi_desktop.gui.language import WindowLanguage
from fi_desktop.gui.models_dialog.model_list import ModelLabels
from fi_desktop.models.manifest import UNKNOWN_LICENCE
from tests.gui import samples
from tests.gui.shots import dark_palette, light_palette


def with_dark_blue() -> QPalette:
    palette = light_palette()
    palette.setColor(QPalette.ColorRole.Highlight, QColor("#000080"))
    return palette


PALETTES = pytest.mark.parametrize(
    "palette",
    [light_palette(), with_dark_blue(), dark_palette()],
    ids=["light", "light with dark blue", "dark"],
)


def contrast(one: QColor, other: QColor) -> float:
    """Return the contrast ratio of WCAG 2."""

    def luminance(colour: QColor) -> float:
        parts = (colour.redF(), colour.greenF(), colour.blueF())
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@PALETTES
def test_coloured_text_is_legible_on_plain_and_selected_rows(qapp, palette):
    base = palette.color(QPalette.ColorRole.Base)
    tones = [theme.tone(name, palette) for name in ("neutral", "info", "good", "warn", "bad")]
    for colour in (*tones, theme.quiet(palette)):
        assert contrast(colour, base) >= 4.5, colour.name()
        assert contrast(colour, theme.selected(palette)) >= 4.5, colour.name()


@PALETTES
def test_speaker_colours_stand_out(qapp, palette):
    base = palette.color(QPalette.ColorRole.Base)
    colours = [theme.speaker_colour(number, palette) for number in range(8)]
    assert all(contrast(colour, base) >= 3 for colour in colours)
    assert len({colour.name() for colour in colours}) == 8
    assert theme.speaker_colour(8, palette) == colours[0]


def test_each_state_has_a_distinct_icon(qapp):
    drawings = set()
    for state in JobState:
        image = theme.pixmap(f"state-{state.value.lower()}", 16, QColor("#000"), 1.0).toImage()
        drawings.add(bytes(image.constBits()))
    assert len(drawings) == len(JobState)


def test_everything_has_a_label(qapp):
    words = UiLabels()
    assert len({words.state(state) for state in JobState}) == len(JobState)
    assert len({words.stage(stage) for stage in (None, *Stage)}) == len(Stage) + 1
    assert all(words.outcome(outcome) for outcome in (None, *AttemptOutcome))
    assert words.speaker("SPEAKER_00", samples.conversation(2)) == "Speaker 1"
    assert words.engine("other") == "other"


def test_languages_are_named_in_the_windows_language(dressed):
    codes, words = ("es", "en", "fr", "haw", "jw", "xx"), UiLabels()
    assert [words.language(code) for code in codes] == [
        *("Spanish", "English", "French", "Hawaiian", "Javanese", "Xx"),
    ]
    language = WindowLanguage(dressed, "es")
    assert [words.language(code) for code in codes] == [
        *("Español", "Inglés", "Francés", "Hawaiano", "Javanés", "Xx"),
    ]
    assert ModelLabels().languages(("en", "es")) == "inglés, español"
    assert ModelLabels().licence(UNKNOWN_LICENCE) == "licencia desconocida"
    language.close()


def test_missing_words_and_speakers_are_detected_by_notes(qapp):
    words = UiLabels()
    full = messages.DISK_FULL()
    early = verbatim("It ends early.")
    missing = messages.RESULT_WORDS_MISSING(reason=full)
    assert words.is_incomplete((early, missing))
    assert words.is_incomplete((messages.RESULT_SPEAKERS_MISSING(reason=full),))
    assert not words.is_incomplete((early,))
    assert words.remarks("clear", (missing, early)) == f"{missing} It ends early."


def test_workers_and_devices_have_names(qapp):
    words = UiLabels()
    assert words.worker("worker-12") == "Worker 12"
    assert words.worker("in-app") == "This program"
    assert [words.device(device) for device in ("cpu", "cuda:1")] == ["Processor", "GPU 1"]


@pytest.mark.parametrize("palette", [light_palette(), dark_palette()], ids=["light", "dark"])
def test_selected_item_of_a_combo_box_is_legible(qtbot, dressed, palette):
    before = dressed.palette()
    dressed.setPalette(palette)
    dressed.setStyleSheet(theme.style_sheet(palette))
    try:
        box = QComboBox()
        qtbot.addWidget(box)
        box.addItems(["As the system", "English"])
        box.show()
        box.showPopup()
        assert QTest.qWaitForWindowExposed(box.view())
        place = box.view().visualRect(box.model().index(0, 0))
        row = box.view().viewport().grab(place).toImage()
        there = {row.pixelColor(x, y).rgb() for x in range(row.width()) for y in range(row.height())}
        ground = row.pixelColor(row.width() - 12, row.height() // 2)
        assert max(contrast(ground, QColor(colour)) for colour in there) > 4.5
        box.hidePopup()
    finally:
        dressed.setPalette(before)
        dressed.setStyleSheet(theme.style_sheet(before))
