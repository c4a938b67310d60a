from fi_desktop.cli import _parser


def test_a_recording_has_one_place_however_it_is_named(tmp_path, monkeypatch):
    (tmp_path / "one").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "one")
    monkeypatch.chdir(tmp_path / "one")
    for command in ("run", "window"):
        files = _parser().parse_args([command, "../a.wav", "b.wav", str(link / "c.wav")]).files
        assert files == [(tmp_path / "a.wav").resolve(), tmp_path / "one" / "b.wav", link / "c.wav"]
