"""What a command line that cannot be is told, and how others' words reach the terminal."""

import pytest

from coral_cli.app import main


def test_what_others_have_written_reaches_the_terminal_as_text(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evil = "a\x1b[31m\nhint: rm -r ~\x9b[bold]"
    run = tmp_path / evil
    for words in (["eval", evil], ["report", evil], ["train", "--resume", evil], ["train", "--env", evil]):
        assert main(words) in (2, 4)
        err = capsys.readouterr().err
        assert "\x1b" not in err and "\x9b" not in err and "[bold]" in err
        assert not any(line.startswith("hint: rm") for line in err.splitlines())
    run.mkdir()
    (run / "run.json").write_text("{")
    assert main(["report", evil]) == 4
    assert "\x1b" not in capsys.readouterr().err


LONG = "a" * 5000


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["eval", "~no.such.user/x"], 2, "~no.such.user stands for nobody's home."),
        (["train", "--out", "~no.such.user/x"], 2, "~no.such.user stands for nobody's home."),
        (["eval", LONG], 2, "is longer than a file's name can be."),
        (["train", "--out", LONG], 2, "is longer than a file's name can be."),
        (["train", "--env", LONG], 2, "there is no environment named 'aaa"),
        ([LONG], 2, "there is no command 'aaa"),
        (["train", "--steps", "1e99"], 2, "--steps is a number of more than 64 bits."),
        (["train", "--steps", "9" * 500], 2, "--steps is a number of more than 64 bits."),
        (
            ["train", "--head-layers", "1e12"],
            2,
            "--head-layers is 1000000000000, but must be at least 1 and at most 64.",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(words, code, said, capsys):
    assert main(words) == code
    error, *hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: ") and said in error and len(error) < 400 and len(hint) <= 1


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["eval", "x", "--video", "film.avi"], "Write --video film.mp4."),
        (["eval", "x", "--video", "--episodes", "1", "--config", "x.yaml"], "There are no configuration files"),
        (["train", "--config", "x.yaml"], "There are no configuration files"),
        (["train", "--learning-rate", "1e-3"], "Did you mean --model-lr or --policy.lr?"),
        (["train", "--lr", "1e-3"], "Did you mean --model-lr or --policy.lr?"),
        (["report", "x", "--out", "curves.jpg"], "Write --out curves.png."),
        (["report", "x", "--out", "curves.v2"], "Write --out curves.v2.html."),
    ],
)
def test_what_other_programs_have_is_named(words, hint, capsys):
    assert main(words) == 2
    assert capsys.readouterr().err.splitlines()[1].startswith(("hint: " + hint, "hint: `" + hint))
