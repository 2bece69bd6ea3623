"""An attack's start and end: what is refused before a model is loaded, and what is saved whatever happens."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from pipelines.attack.history import History
from pipelines.attack.run import Searching, check_attack, run_searches, words_of
from pipelines.attack.searches import Attempts
from pipelines.attack.trials import AttackTrials
from safesweep.errors import InputError
from safesweep.lake.attempts import read_attempts
from safesweep.lake.parquet_files import read_metadata
from safesweep.lake.store import RunStore
from safesweep.measures.profiles import get_profile
from safesweep.vlm.errors import VlmGaveUpError
from tests.pipelines.attack.stand_ins import OPERATORS_HERE, KilledError, Worked, attack_config, names_of
from tests.pipelines.attack.test_searches import searches


def begun(tmp_path, *options: str, worked: Worked | None = None, operators=OPERATORS_HERE) -> Searching:
    config = attack_config(tmp_path, *options)
    trials = AttackTrials(RunStore(tmp_path, "r"), get_profile("miniature"))
    worked = worked or Worked()
    closed = SimpleNamespace(close=lambda: None)
    attempts = Attempts(names_of(config), trials, worked.workers(), History(read_attempts(tmp_path, "r").to_pylist()))
    workers = worked.workers()._replace(safety=closed, alignment=closed)
    console = Console(file=io.StringIO(), width=120)
    return Searching(config, searches(), attempts, operators, trials, workers, console)


def test_few_searches_at_a_time_end_as_many_at_a_time_do(tmp_path):
    for lake, width in (("one", "1"), ("many", "64")):
        run_searches(begun(tmp_path / lake, "--attack.side_by_side", width))
    one, many = (read_attempts(tmp_path / lake, "r").to_pylist() for lake in ("one", "many"))
    assert one == many and one


def test_what_was_made_is_in_the_lake_when_a_search_fails(tmp_path):
    with pytest.raises(KilledError):
        run_searches(begun(tmp_path, worked=Worked(dies_after=25)))
    assert len(AttackTrials(RunStore(tmp_path, "r"), get_profile("miniature"))) >= 20
    run_searches(begun(tmp_path))
    assert {row["search"] for row in read_attempts(tmp_path, "r").to_pylist()} == {one.name for one in searches()}


def test_attempts_are_saved_on_the_way_each_once(tmp_path):
    run_searches(begun(tmp_path, "--attack.save_every_s", "0.001"))
    files = RunStore(tmp_path, "r").files()
    rows = sum(read_metadata(path).num_rows for path in files)
    assert len(files) > 2 and rows == len(AttackTrials(RunStore(tmp_path, "r"), get_profile("miniature")))


def test_a_run_that_another_process_has_taken_over_is_left_to_it(tmp_path):
    with pytest.raises(KilledError):
        run_searches(begun(tmp_path, worked=Worked(dies_after=25))._replace(owned=lambda: False))
    assert RunStore(tmp_path, "r").files() == []


def test_a_language_model_that_gives_up_is_one_line(tmp_path):
    class Silent:
        takes_two = False

        async def rewrite(self, *_):
            raise VlmGaveUpError("3 attempts, the last: status 500")

    with pytest.raises(InputError, match=r"attack\.rewriter: 3 attempts"):
        run_searches(begun(tmp_path, operators={"seed": Silent()}))


@pytest.fixture
def unchecked(monkeypatch):
    """Without the models' own checks, which are those of every run."""

    def check(config, planned):
        from pipelines.prompt_sets import read_prompt_sets

        store = RunStore(config.lake, config.run_id)
        return planned(store, read_prompt_sets(config), config.expand_cells()), store

    monkeypatch.setattr("pipelines.attack.run.check", check)
    monkeypatch.setattr("pipelines.plan.digest", lambda *_: "d")


@pytest.mark.usefixtures("unchecked")
def test_another_attack_is_not_gone_on_with(tmp_path):
    config = attack_config(tmp_path, "--limit", "2")
    _, store, found = check_attack(config)
    assert len(found) == 2 * 2 * 2
    store.write_manifest({"run_id": "r", "config": config.model_dump(mode="json")})
    check_attack(attack_config(tmp_path, "--limit", "2", "--attack.side_by_side", "3"))
    with pytest.raises(InputError, match=r"begun with attack\.children 5, this configuration has 6"):
        check_attack(attack_config(tmp_path, "--attack.children", "6"))
    store.write_manifest({"run_id": "r", "config": {}})
    with pytest.raises(InputError, match="is no attack; choose another run_id"):
        check_attack(config)


@pytest.mark.usefixtures("unchecked")
def test_an_attack_needs_targets(tmp_path):
    benign = '[{"path": "miniature/prompts/benign.csv", "benign": true}]'
    with pytest.raises(InputError, match="all sets are benign"):
        check_attack(attack_config(tmp_path, "--prompts", benign))


def test_words_are_the_encoders_own_or_a_files(tmp_path):
    assert "vexil" in words_of(attack_config(tmp_path))
    path = tmp_path / "words.txt"
    path.write_text("quorn\ntharn\n\nquorn\n")
    assert words_of(attack_config(tmp_path, "--attack.words", str(path))) == ("quorn", "tharn")
    for content, wanted in ((b"\n", "holds no word"), (b"\xff", "cannot be read")):
        path.write_bytes(content)
        with pytest.raises(InputError, match=wanted):
            words_of(attack_config(tmp_path, "--attack.words", str(path)))


def test_a_services_vocabulary_is_not_seen(tmp_path):
    service = ("--diffusion", '{"backend": "images_api", "images_api": {"url": "http://127.0.0.1:9/v1", "model": "m"}}')
    with pytest.raises(InputError, match=r"attack\.words: is missing, .* which operator 'substitute' draws from"):
        words_of(attack_config(tmp_path, *service))
    assert words_of(attack_config(tmp_path, *service, "--attack.operators", '["drop", "seed"]')) == ()
    path = tmp_path / "words.txt"
    path.write_text("quorn")
    assert words_of(attack_config(tmp_path, *service, "--attack.words", str(path))) == ("quorn",)
