"""The expected result of each recording.

The reference is the sample's, cut into pieces and moved to their positions in the recording.
"""

from __future__ import annotations

from dataclasses import dataclass

SAMPLE_S = 62.46


@dataclass(frozen=True)
class Piece:
    """A piece of the sample in a recording.

    Attributes:
        start_s, end_s: the piece of the sample.
        at_s: its start in the recording.
        speed: playback speed relative to the sample.
    """

    start_s: float = 0.0
    end_s: float = SAMPLE_S
    at_s: float = 0.0
    speed: float = 1.0


WHOLE = (Piece(),)
NO_NOTE = ""
ANY_NOTE = None


@dataclass(frozen=True)
class Expected:
    """The expected result of one recording.

    Attributes:
        pieces: positions of the sample's speech; () if only the error matters.
        length_s: length; None if the pieces determine it.
        speakers: number of speakers; None if the recording is too short.
        note: pattern that a note must match; NO_NOTE for no notes, ANY_NOTE to ignore them.
        error: code of the error if the job has to fail.
        covered: minimum fraction of the reference speech that is found.
    """

    pieces: tuple[Piece, ...] = WHOLE
    length_s: float | None = None
    speakers: int | None = 2
    note: str | None = NO_NOTE
    error: str = ""
    covered: float = 0.97


def late(seconds: float, note: str | None = NO_NOTE) -> Expected:
    """Expect the whole sample, some seconds into the recording."""
    return Expected((Piece(at_s=seconds),), note=note)


def joined(gap_s: float, note: str | None = NO_NOTE) -> Expected:
    """Expect the sample's two halves with a gap between them."""
    return Expected((Piece(0.0, 30.0), Piece(30.0, SAMPLE_S, 30.0 + gap_s)), note=note)


PLAIN = Expected()
ALL_THERE = Expected(note=ANY_NOTE)
FIRST_TEN_SECONDS = Expected((Piece(0.0, 10.0),), speakers=2, note=NO_NOTE)

# case -> file -> expected result
CASES: dict[str, dict[str, Expected]] = {
    "01-two-tracks-obs": {"meet.mkv": Expected(note="tracks")},
    "02-first-track-silent": {"screen.mp4": ALL_THERE},
    "03-wav-stale-data-size": {"power-lost.wav": Expected(note="header")},
    "04-wav-zero-size": {"zero.wav": PLAIN, "ffff.wav": PLAIN},
    "05-stereo-antiphase": {"anti.wav": ALL_THERE},
    "06-stereo-one-dead": {"dead.wav": ALL_THERE},
    "07-iphone-apac-track": {"iphone.mov": ALL_THERE},
    "07b-apac-both-default": {"both.mov": ALL_THERE},
    "07c-apac-first": {"first.mov": ALL_THERE},
    "08-float-loud": {"loud.wav": ALL_THERE},
    "09-float-quiet": {"q50.wav": ALL_THERE, "q60.wav": ALL_THERE, "q70.wav": ALL_THERE},
    "10-dc-and-clip": {"dc.wav": ALL_THERE, "clip.wav": ALL_THERE},
    "11-late-audio-400s": {"late.mkv": late(400)},
    "12-late-audio-mp4-empty-edit": {"late.mp4": late(15)},
    "13-gap-webm": {"gap.webm": joined(100, note="1:40")},
    "14-gap-3h-webm": {"gap3h.webm": joined(10_800, note="3:00:00")},
    "16-ts-discontinuity": {"cat.ts": joined(870, note=ANY_NOTE)},
    "17-ts-back": {"back.ts": joined(0)},
    "18-m4a-trimmed-both-ends": {"trim.m4a": Expected((Piece(12.5, 42.5),), length_s=30.0)},
    "19-m4a-middle-cut": {"cut.m4a": Expected((Piece(0, 15), Piece(40, 62, 15)), length_s=37.0)},
    "20-m4a-inserted-silence": {
        "ins.m4a": Expected((Piece(0, 15), Piece(15, 62, 35)), length_s=82.0, note=ANY_NOTE)
    },
    "22-mp3-joined-xing": {"joined.mp3": PLAIN},
    "23-mp3-xing-too-long": {"long.mp3": ALL_THERE, "zero.mp3": PLAIN, "short.mp3": ALL_THERE},
    "24-mp3-cover-30MB": {"cover.mp3": PLAIN},
    "25-mp3-cut-start-no-header": {"raw.mp3": Expected((Piece(2.5, SAMPLE_S),)), "pad.mp3": PLAIN},
    "26-wav-wrong-byte-rate": {"half.wav": PLAIN, "nul.wav": PLAIN},
    "27-mp3-in-wav": {"vbr.wav": PLAIN, "cbr.wav": PLAIN},
    "28-gsm-adpcm-wav": dict.fromkeys(("gsm.wav", "ima.wav", "ms.wav", "a.wav", "g726.wav", "y.wav"), PLAIN),
    "29-odd-wav": dict.fromkeys(
        ("x24.wav", "u8.wav", "f64.wav", "rf64.wav", "w.w64", "c51.wav", "b.aiff", "c.au", "d.voc", "e.aifc"),
        PLAIN,
    ),
    "30-phone-codecs": dict.fromkeys(
        (
            "a.amr", "b.3gp", "c.awb", "d.opus", "e.oga", "f.caf", "g.wma", "h.aac", "i.spx", "j.m4a",
            "k.mp4", "l.ac3", "m.caf", "n.wv", "o.tta", "p.mp2",
        ),
        PLAIN,
    ),
    "31-chained-ogg": {
        "chain-opus.ogg": PLAIN,
        "chain-vorbis.ogg": PLAIN,
        "chain-mixed.ogg": PLAIN,
    },
    "32-rate-change-aac": {"change.aac": PLAIN, "change.mp3": PLAIN},
    "33-mpeg-ps-flv-dv-voc": dict.fromkeys(
        ("x.mpg", "x.vob", "x.flv", "a.flv", "x.voc", "x.dv"), FIRST_TEN_SECONDS
    ),
    "37-fixed-length-parts": {
        "Visita 0900.wav": Expected((Piece(0, 30, 3),), length_s=70.0),
        "Visita 0930.wav": Expected((Piece(31, 61, 3),), length_s=70.0),
    },
    "46-very-short": {
        "a.wav": Expected((), error="audio.no_speech"),
        "b.wav": Expected((), speakers=1, note=ANY_NOTE),
        "c.wav": Expected((), speakers=1, note=ANY_NOTE),
        "d.wav": Expected((), speakers=1, note=ANY_NOTE),
        "e.wav": Expected((), error="audio."),
        "f.wav": Expected((), error="audio."),
    },
    "47-drift-mkv": {
        "drift.mkv": Expected(
            tuple(Piece(at_s=part * SAMPLE_S / 1.01010, speed=1.01010) for part in range(10)),
            length_s=618.4,
            note=ANY_NOTE,
        )
    },
    "50-webm-live-no-duration": {"killed.webm": Expected((Piece(0, 40),), note=ANY_NOTE)},
    "51-m4a-no-moov": {"dead.m4a": Expected((), error="audio.damaged")},
    # AVI's late sound is heard at once, as by FFmpeg's own command
    "52-avi-late-audio-and-vfr-flv-none": {"late.avi": PLAIN, "late.ts": late(10)},
    "53-ts-sound-starts-late": {
        "late3.ts": late(3), "late6.ts": late(6), "late9.ts": late(9), "late20.ts": late(20),
    },
    "54-mkv-mic-opened-late": {"late320.mkv": late(320), "only320.mkv": PLAIN},
    "61-dc-offset": {
        f"dc{percent:02d}_g-{gain}.wav": ALL_THERE for percent in (2, 5, 10, 30) for gain in (12, 26)
    },
    "62-hum": dict.fromkeys(("hum15_14.wav", "hum30_14.wav", "hum50_8.wav", "hum50_0.wav"), ALL_THERE),
    "63-quiet": {
        f"q{gain}_{kind}.wav": ALL_THERE for gain in (30, 40, 50, 55, 65) for kind in ("f32", "s16")
        # 16 bits have nothing left of a voice that soft
        if (gain, kind) not in ((55, "s16"), (65, "s16"))
    },
    "66-second-channel-is-no-voice": {"noiselow.wav": ALL_THERE, "noisemid.wav": ALL_THERE},
    "67-damaged-in-many-places": {
        "hurt.mp3": Expected(note=".", covered=0.85),
        "hurt.m4a": Expected(note=".", covered=0.85),
        "hurt.ogg": Expected(note=".", covered=0.75),
        "hurt.flac": Expected(note=".", covered=0.85),
    },
}  # fmt: skip

# these take minutes or gigabytes: `--long`
LONG_CASES: dict[str, dict[str, Expected]] = {
    "60-wav-over-4GB": {
        "wrapped.wav": Expected(
            tuple(Piece(at_s=part * 62.4585) for part in range(130)), length_s=8119.6, note="header"
        )
    },
}
