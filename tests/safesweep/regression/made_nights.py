"""Nights without a run."""

import datetime

from safesweep.regression.nights import Night, NightMeasure


def night(day, value, verdict, cell="dynamic", **changes):
    row = NightMeasure(
        measure="asr",
        method="dynamic_negative",
        cell=cell,
        series="dynamic",
        level="critical",
        value=value,
        low=value,
        high=value,
        highest=0.2,
        verdict=verdict,
    )
    fields = {
        "models": {},
        "versions": {},
        "finding": verdict,
        "verdict": verdict,
        "measures": (row,),
        **changes,
    }
    return Night(suite="nightly", run_id=f"nightly-{day}", date=datetime.date(2026, 11, day), **fields)
