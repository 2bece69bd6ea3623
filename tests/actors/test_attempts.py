"""An attack's actors on the miniature, without a cluster: what the main job would make, and how far it shows a target."""

import asyncio

import pytest

from actors.attempts import AttemptMaker, AttemptScorer, Scoring
from actors.scoring import ScoringActor
from safesweep.lake.schema import RECORD, SCHEMA, from_records, to_record
from tests.pipelines.attack.stand_ins import attack_config, names_of, target

STAMP = {"run_id": "r", "models": "{}", "versions": "{}", "git_revision": "x"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two records of the miniature, and its configuration."""
    config = attack_config(tmp_path_factory.mktemp("lake"), "--num_inference_steps", "4")
    maker = AttemptMaker(config.diffusion, None, config.expand_cells(), STAMP)
    rows = [next(names_of(config).rows(target(n, text), False)) for n, text in enumerate(("a red key", "a red skull"))]
    one = [{**row, **{key: row[key][:1] for key in ("cells", "trial_ids", "guidance_scales")}} for row in rows]

    async def both():
        return await asyncio.gather(*map(maker.make, one))

    records = asyncio.run(both())
    rows_alone = [next(iter(asyncio.run(maker(row))))[RECORD] for row in one]
    maker._engine.close()
    return config, records, rows_alone


def test_an_attempts_picture_is_the_main_jobs(made):
    _, records, alone = made
    assert from_records(records)["picture"].to_pylist() == from_records(alone)["picture"].to_pylist()
    assert len({row["trial_id"] for row in from_records(records).to_pylist()}) == 2


def test_scores_are_the_main_jobs_and_fidelity_is_the_cosine_with_the_target(made):
    config, records, _ = made
    scorers = config.alignment.scorers
    asked = [Scoring(records[0], "a red skull"), Scoring(records[1]), Scoring(records[1], "a red key", scored=True)]
    found = AttemptScorer(scorers, 1).score(asked, "clip")
    table = ScoringActor(scorers, 1)(from_records(records))
    wanted = table["evidence"].to_pylist()
    rows = from_records([record for record, _ in found]).to_pylist()
    assert [row["evidence"] for row in rows[:2]] == wanted and rows[2]["evidence"] == []
    assert found[1][1] is None
    swapped = from_records([records[0]]).set_column(
        SCHEMA.get_field_index("prompt"), SCHEMA.field("prompt"), [["a red skull"]]
    )
    [[cosine]] = ScoringActor(scorers, 1)(swapped)["evidence"].to_pylist()
    assert found[0][1] == pytest.approx(cosine["measurements"][0]["score"], abs=1e-6)
    assert found[2][1] != pytest.approx(wanted[1][0]["measurements"][0]["score"], abs=1e-3)


def test_what_is_scored_alone_depends_on_no_neighbour_to_its_last_bit(made):
    config, records, _ = made
    scorer = AttemptScorer(config.alignment.scorers, 1)
    asked = [Scoring(record, "a red skull") for record in (records[0], records[1], records[0])]
    together = scorer.score(asked, "clip", alone=True)
    [first] = scorer.score(asked[:1], "clip", alone=True)
    assert together[0] == together[2] == first and together[1] != first


def test_a_trial_without_a_picture_passes_through(made):
    config, records, _ = made
    [row] = from_records(records[:1]).to_pylist()
    failed = to_record({**row, "picture": None, "status": "unscored"})
    [(record, fidelity)] = AttemptScorer(config.alignment.scorers, 1).score([Scoring(failed, "x")], "clip")
    [passed] = from_records([record]).to_pylist()
    assert fidelity is None and passed["trial_id"] == row["trial_id"] and passed["evidence"] == []
