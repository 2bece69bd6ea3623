"""``safesweep distill``: a gate from a lake, by name or folder; mistakes are one line."""

import pytest

from jobs.distill_gate import COMMAND
from safesweep.vlm.gate import Gate
from tests.safesweep.gates.lakes import rows, write_run

FEW = ["--vocabulary", "miniature", "--recipe.epochs", "2", "--recipe.side", "16", "--recipe.channels", "[8]"]


def test_a_gate_is_made_by_its_name_and_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "lake", rows(30), vocabulary="miniature", banner="Miniature: a banner.")
    assert COMMAND.main(["r", "--name", "night", *FEW[2:]]) == 0
    shown = capsys.readouterr().out
    gate = Gate.load("night")
    assert f"gates/night (sha256:{gate.digest})" in shown and "flame (0 previews)" in shown
    assert "Miniature: a banner." in shown and "ask_below" in shown and "0.995" in shown
    assert COMMAND.main(["r", "--output", str(tmp_path / "elsewhere"), *FEW]) == 0
    assert Gate.load(str(tmp_path / "elsewhere")) == gate


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["r", *FEW], "error: name, output: one of both is needed, and not both"),
        (["absent", "--name", "x", *FEW], "error: run_id: no run 'absent' in lake"),
        (["r", "--name", "x", "--vocabulary", "i2p"], "error: runs: r: no exchange answers"),
        (
            ["r", "--name", "x", *FEW, "--recipe.channels", "[12]"],
            "error: options: recipe.channels.1: ",
        ),
        (["r", "--name", "x", *FEW, "--recipe.epoch", "2"], "error: --recipe.epoch"),
    ],
)
def test_what_cannot_be_used_is_one_line(tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    write_run(tmp_path / "lake", rows(3))
    assert COMMAND.main(words) == 2
    [line] = capsys.readouterr().err.strip().splitlines()
    assert line.startswith(said)
    assert not (tmp_path / "gates").exists()
