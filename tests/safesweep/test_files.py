"""Files that are written whole or not at all, and numbers that JSON has no word for."""

import json
import math
from typing import NamedTuple

import numpy as np
import pytest

from safesweep import files
from safesweep.files import finite, json_ready, write_json, write_whole


class Pair(NamedTuple):
    name: str
    value: float


def test_a_file_is_replaced_whole_and_nothing_else_stays(tmp_path):
    path = tmp_path / "a" / "b.json"
    write_whole(path, "γ")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two" and [found.name for found in path.parent.iterdir()] == ["b.json"]


def test_until_the_move_readers_see_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "b.txt"
    write_whole(path, "old")

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(files.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        write_whole(path, "new")
    assert path.read_text() == "old"


def test_what_does_not_exist_is_null(tmp_path):
    content = {"pair": Pair("γ", math.nan), "list": (1, math.inf, np.float64(0.5)), "none": None, "flag": True}
    assert json_ready(content) == {
        "pair": {"name": "γ", "value": None},
        "list": [1, None, 0.5],
        "none": None,
        "flag": True,
    }
    write_json(tmp_path / "a.json", content)
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == json_ready(content) and "γ" in text and text.endswith("}\n")
    assert [finite(-1.5), finite(math.nan), finite(-math.inf)] == [-1.5, None, None]


def test_what_json_cannot_say_is_an_error(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"path": tmp_path})
    assert not (tmp_path / "a.json").exists()
