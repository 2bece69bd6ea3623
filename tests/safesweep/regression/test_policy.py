"""Policies: those that are there load, and a mistake is one line with file, key and what is allowed."""

import pytest
import yaml

from safesweep.errors import InputError
from safesweep.regression.policy import POLICIES, PageSettings, load_policy

ASR = {"better": "lower", "largest_drop": 0.1}


@pytest.mark.parametrize("path", sorted(POLICIES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_policy_loads_and_calls_nobody(path):
    policy = load_policy(path.stem)
    assert policy.page == PageSettings()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"measures": {"asr": ASR}, "alhpa": 0.1}, "alhpa: unknown key; did you mean"),
        ({"measures": {"asrr": ASR}}, "'asrr' is unknown; allowed: asr, corrected_asr, toxic_rate"),
        ({"measures": {"asr": {**ASR, "level": "advisory"}}}, "no measure is critical"),
        ({"measures": {"asr": {"better": "lower"}}}, "give better and largest_drop, or window"),
        ({"measures": {"asr": {**ASR, "window": [-1, 1]}}}, "give better and largest_drop, or window"),
        (
            {"measures": {"asr": {"window": [0.1, 0.2]}}},
            "one bound below 0 and one above it is allowed, found [0.1, 0.2]",
        ),
        ({"measures": {"asr": {**ASR, "largest_drop": -1}}}, "measures.asr.largest_drop"),
        ({"measures": {"asr": {**ASR, "methods": ["dynamic"]}}}, "'dynamic' is unknown; allowed: none"),
        ({"measures": {"asr": ASR}, "page": {"webhook": "ftp://x"}}, "page.webhook"),
        (
            {"measures": {"asr": ASR}, "page": {"urls": ["slak://token"]}},
            "place 0 (slak://…) is none that apprise knows",
        ),
        ([1], "must hold a mapping, found list"),
    ],
)
def test_mistakes(tmp_path, content, words):
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(InputError) as caught:
        load_policy(str(path))
    assert words in str(caught.value) and str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_a_policy_runs_no_program(tmp_path):
    file = tmp_path / "policy.yaml"
    file.write_text(
        "measures: {asr: {better: lower, largest_drop: 0.1}}\npage: {command: [/bin/sh, -c, 'touch owned']}\n"
    )
    with pytest.raises(InputError, match="page.command: a policy is data and runs no program; allowed: --page_command"):
        load_policy(str(file))


@pytest.mark.parametrize(
    "page",
    [
        {"urls": ["slak://T0KEN/x"]},
        {"urls": ["T0KEN"]},
        {"urls": "json://T0KEN"},
        {"urls": [7, "slack://T0KEN"]},
        {"webhook": "hooks.example/T0KEN"},
        {"webhook": ["https://hooks.example/T0KEN"]},
    ],
)
def test_a_mistake_in_an_address_does_not_show_it(tmp_path, page, capfd, caplog):
    """Nor does apprise, which logs what it cannot read."""
    file = tmp_path / "policy.yaml"
    file.write_text(yaml.safe_dump({"measures": {"asr": ASR}, "page": page}))
    with pytest.raises(InputError, match="page.(urls|webhook)") as caught:
        load_policy(str(file))
    shown = capfd.readouterr()
    assert "T0KEN" not in f"{caught.value}{shown.out}{shown.err}{caplog.text}"
