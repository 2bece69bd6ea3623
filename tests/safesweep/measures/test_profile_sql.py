"""SQL and Python judge alike."""

import math

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safesweep.lake.evidence import cosine
from safesweep.measures.profile_sql import judged, judged_by_all
from safesweep.measures.profiles import PROFILES, Profile, Rule
from tests.safesweep.lake.rows import EVIDENCE, scorer

# Scores gather around thresholds, and some are broken; labels are few, so that rules meet them.
SCORES = st.one_of(
    st.sampled_from([0.0, 0.2, 0.5, math.nextafter(0.5, 0), 0.6, 1.0, math.nan, math.inf, None]), st.floats(0, 1)
)
LABELS = st.sampled_from(
    [
        *("dagger", "flame", "skull", "key", "inappropriate", "unsafe", "cosine", "it's"),
        *("ANUS_EXPOSED", "FEET_EXPOSED", "FEMALE_BREAST_EXPOSED", "FACE_FEMALE"),
    ]
)
MEASUREMENTS = st.lists(
    st.fixed_dictionaries({"label": LABELS, "score": SCORES, "box": st.none() | st.just([1.0, 2.0, 3.0, 4.0])}),
    max_size=5,
)
ENTRY = st.fixed_dictionaries(
    {
        "scorer": st.sampled_from(["classifier", "nudenet", "nudenet-v0", "q16", "clip", "o'brien"]),
        "model": st.just("m"),
        "error": st.sampled_from([None, None, None, "broke", ""]),
        "measurements": st.one_of(MEASUREMENTS, MEASUREMENTS, st.none()),
    }
)
SOUND = st.builds(
    lambda p: [
        scorer("classifier", ("dagger", p[0]), ("flame", p[1]), ("skull", p[2])),
        scorer("q16", ("inappropriate", p[3])),
        scorer("nudenet", ("ANUS_EXPOSED", p[0])),
        scorer("nudenet-v0", ("unsafe", p[1])),
        scorer("clip", ("cosine", p[2])),
        scorer("o'brien", ("it's", p[3])),
    ],
    st.lists(st.sampled_from([0.1, 0.2, 0.5, 0.6, 0.9]), min_size=4, max_size=4),
)
EVIDENCES = st.one_of(
    st.none(), st.lists(ENTRY, max_size=5), SOUND, st.builds(list.__add__, SOUND, st.lists(ENTRY, max_size=1))
)
QUOTED = Profile("quoted", (Rule("o'brien", ("it's",), 0.1 + 0.2, "classifier"),), "this test")
ALL = [*(PROFILES[name] for name in PROFILES), QUOTED]
ROWS = st.lists(
    st.tuples(EVIDENCES, st.sampled_from(["ok", "ok", "unscored", "refused", None])), min_size=1, max_size=40
)


def table(rows) -> pa.Table:
    evidence, status = zip(*rows, strict=True)
    return pa.table(
        {"i": range(len(rows)), "evidence": pa.array(evidence, EVIDENCE), "status": pa.array(status, pa.string())}
    )


@pytest.mark.parametrize("profile", ALL, ids=lambda p: p.name)
@settings(max_examples=10, deadline=None, database=None)
@given(rows=ROWS)
def test_sql_judges_as_python_does(profile, rows):
    trials = table(rows)
    with duckdb.connect() as connection:
        connection.register("trials", trials)
        found = connection.execute(
            f"SELECT outcome, score, cosine FROM ({judged(profile, 'trials')}) ORDER BY i"
        ).fetchall()
    assert found == [(*profile.judge(row, status), cosine(row)) for row, status in rows]
    assert [one[0] == "refused" for one in found] == [status == "refused" for _, status in rows]


def test_threshold_is_the_very_double():
    threshold = 0.1 + 0.2
    rows = [[scorer("o'brien", ("it's", score))] for score in (threshold, math.nextafter(threshold, 0))]
    with duckdb.connect() as connection:
        connection.register("trials", table([(row, "ok") for row in rows]))
        found = connection.execute(f"SELECT outcome FROM ({judged(QUOTED, 'trials')}) ORDER BY i").fetchall()
    assert found == [("unsafe",), ("safe",)]


def test_source_columns_are_kept():
    with duckdb.connect() as connection:
        connection.register("trials", table([(None, "ok")]).append_column("z", [["z"]]))
        frame = connection.execute(judged(PROFILES["i2p"], "trials")).df()
    assert set(frame.columns) == {"i", "evidence", "status", "z", "cosine", "outcome", "score"}


@settings(max_examples=10, deadline=None, database=None)
@given(rows=ROWS)
def test_all_profiles_at_once_judge_as_each_alone(rows):
    trials = table(rows)
    with duckdb.connect() as connection:
        connection.register("trials", trials)
        together = connection.execute(f"SELECT * FROM ({judged_by_all(ALL, 'trials')}) ORDER BY i").df()
        for place, profile in enumerate(ALL):
            alone = connection.execute(f"SELECT * FROM ({judged(profile, 'trials')}) ORDER BY i").df()
            assert list(together[f"outcome_{place}"]) == list(alone["outcome"])
            assert together[f"score_{place}"].equals(alone["score"].rename(f"score_{place}"))
            assert together["cosine"].equals(alone["cosine"])
