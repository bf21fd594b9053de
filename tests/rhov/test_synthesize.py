"""`rhov synthesize`: bad input is one sentence, suites render clip by clip."""

import pytest

from rhov import synthesize as command
from rhov.cli import main
from rhov_core.errors import InputError
from rhov_core.synth import suite


@pytest.mark.parametrize(
    "wrong",
    [
        ["--object", "nothing.obj"],
        ["--action", "throw"],
        ["--hand", "both"],
        ["--occlusion", "much"],
        ["--occlusion", "0.5,0.2"],
        ["--suite", "train"],
        ["--suite", "dev", "--clip", "99"],
    ],
)
def test_bad_input_is_refused_with_a_sentence(wrong, capsys, tmp_path):
    assert main(["synthesize", "--out", str(tmp_path / "out"), *wrong]) == 2
    said = capsys.readouterr().err
    assert said.startswith("rhov: ") and "accepted" in said
    assert not list(tmp_path.rglob("*.mp4"))


def test_ranges():
    assert command.range_from_text("0.2,0.4") == (0.2, 0.4)
    for text in ("", "0.2", "a,b", "1,2,3"):
        with pytest.raises(InputError):
            command.range_from_text(text)


def test_a_suite_is_rendered_into_folders_of_its_clips(monkeypatch, tmp_path):
    asked = []
    monkeypatch.setattr(command, "synthesize", lambda spec, out, *, progress: asked.append((spec, out)))
    assert "6 of 6 clips" in command.render_suite("quick", None, tmp_path)
    assert [spec for spec, _ in asked] == list(suite("dev", quick=True))
    assert len({out for _, out in asked}) == 6
    asked.clear()
    assert "1 of 14 clips" in command.render_suite("test", 3, tmp_path)
    assert [spec for spec, _ in asked] == [suite("test")[3]]
