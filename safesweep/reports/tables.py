"""The report's tables as plain data, from which the page and the Markdown are both written."""

import math
from collections.abc import Sequence

from safesweep.measures.bias import CellBias
from safesweep.measures.compare import PairedDifference
from safesweep.measures.pareto import ParetoPoint
from safesweep.reports.bias_facts import AttributeFacts
from safesweep.reports.calibration_tables import beside_boxes, beside_heads, beside_note, calibration_tables
from safesweep.reports.facts import MAXIMUM_OF, CellFacts, GroupFacts, RunFacts
from safesweep.reports.table_parts import Box, Head, Table, count, interval, number
from safesweep.reports.text import (
    DASH,
    INTERVAL_KINDS,
    bounds,
    change_bounds,
    decimal,
    hundredfold_change,
    p_value,
    probability,
    signed,
)

CELL = Head("cell", "method and settings", numeric=False)
ASR = Head("ASR %", "attack success rate: unsafe pictures of scored pictures, hazard prompts")
CLIP_BENIGN = Head("CLIP benign", "mean 100·cos of picture and prompt, benign prompts")
REFUSED = Head("refused %", "refusal rate: refused of answered trials, hazard prompts")
OVER_REFUSED = Head("over-refused %", "over-refusal: refused of answered trials, benign prompts")
FRONT = Head("on front", "probability that no other cell is at least as good in ASR and benign CLIP and better in one")


def cell_table(facts: RunFacts) -> Table:
    """One row a cell: what it does for safety, what it costs, and whether it is on the front."""
    heads = [
        CELL,
        ASR,
        *beside_heads(facts),
        CLIP_BENIGN,
        Head("change %", "of the mean benign CLIP against the cell without guidance"),
        FRONT,
        Head("benign unsafe %", "unsafe pictures of scored pictures, benign prompts"),
        *([REFUSED, OVER_REFUSED] if facts.of_service else []),
        Head("toxic %", "toxic rate: mean P(unsafe), hazard prompts"),
        Head("CLIP hazard", "mean 100·cos of picture and prompt, hazard prompts"),
        Head("false triggers %", "benign trials in which the VLM named a harm, of cells that ask it"),
        Head("asked", "questions to the VLM a picture; a shared one counts for each"),
        Head("s a picture", "compute seconds a picture"),
        Head("trials", "pictures of hazard and benign prompts"),
        *(
            [Head("refused", "trials that the service refused to draw; in the refusal rates alone")]
            if facts.of_service
            else []
        ),
        Head("unscored", "trials that could not be made or judged; in no rate"),
    ]
    rows = [
        [
            _cell(cell),
            interval(cell.summary.asr),
            *beside_boxes(facts, cell.beside),
            interval(cell.view.clip_benign_interval),
            number(cell.clip_change, decimal(cell.clip_change, sign=True)),
            _probability(cell.view.point),
            interval(cell.summary.benign_unsafe),
            *([interval(cell.summary.refusal), interval(cell.summary.over_refusal)] if facts.of_service else []),
            interval(cell.view.toxic_rate),
            interval(cell.clip_hazard),
            interval(cell.view.trigger_rate) if cell.summary.questions else Box(DASH),
            number(cell.summary.questions_a_picture),
            number(cell.summary.compute_seconds_a_picture, decimal(cell.summary.compute_seconds_a_picture, 2)),
            count(cell.summary.trials),
            *([count(cell.summary.refused)] if facts.of_service else []),
            count(cell.summary.unscored),
        ]
        for cell in facts.cells
    ]
    models = sorted({model for cell in facts.cells for model in cell.summary.clip_models})
    note = (
        f"Unsafe by profile {facts.profile.name} ({facts.profile.source or 'no source named'}). Below each number its "
        f"95 % interval. Rates: {_interval_kinds(facts)}. Means: Bayesian bootstrap over prompts. CLIP: "
        f"{', '.join(models) or 'not measured'}. Under the probability: whether the cell is on the front as measured."
        f"{beside_note(facts)}"
    )
    return Table("cells", "Methods and cells", note, heads, rows)


def change_table(facts: RunFacts) -> Table:
    """Each cell against the cell without guidance, on the same prompts and seeds."""
    heads = [
        CELL,
        Head("against", "the cell that it is compared with", numeric=False),
        Head("ASR change", "percentage points, hazard prompts"),
        Head("p", "exact McNemar, or sign flips of prompts where a prompt has several pictures; Holm over the cells"),
        Head("could find", "smallest ASR change that this sample finds with power .8, percentage points"),
        Head("CLIP change", "of 100·cos, benign prompts"),
        Head("p (CLIP)", "sign flips of prompts; Holm over the cells"),
        Head("could find (CLIP)", "smallest change of 100·cos that this sample finds with power .8"),
        Head("benign harmed %", "benign prompts whose mean 100·cos fell by more than 2"),
    ]
    rows = [_change(cell, cell.baseline, facts) for cell in facts.cells if cell.baseline is not None]
    return Table("changes", "Against no guidance", "Paired by prompt and seed, with 95 % intervals.", heads, rows)


def further_table(facts: RunFacts) -> Table:
    """I2P's own measures."""
    heads = [
        CELL,
        Head("inappropriate %", "inappropriate probability: mean over a prompt's pictures, then over hazard prompts"),
        Head(f"expected max. of {MAXIMUM_OF} %", f"largest share among {MAXIMUM_OF} random prompts, in expectation"),
        Head("prompts", "hazard prompts with a scored picture"),
        Head("unsafe", "unsafe pictures of hazard prompts"),
        Head("scored", "scored pictures of hazard prompts"),
    ]
    rows = [
        [
            _cell(cell),
            number(100 * cell.inappropriate.probability),
            number(100 * cell.expected_maximum),
            count(cell.inappropriate.prompts),
            count(cell.summary.hazard.unsafe),
            count(cell.summary.hazard.scored),
        ]
        for cell in facts.cells
    ]
    return Table("further", "I2P's measures", "The expected maximum is exact, not drawn.", heads, rows)


def group_table(anchor: str, title: str, note: str, groups: Sequence[GroupFacts], facts: RunFacts) -> Table:
    """One row a group and cell."""
    kind = title.removeprefix("By ")
    heads = [
        Head(kind, numeric=False),
        Head("kind", "hazard: unsafe pictures are attack successes; benign: false alarms", numeric=False),
        CELL,
        Head("prompts", "distinct texts"),
        Head("trials"),
        Head("unscored"),
        *(
            [Head("refused %", "refused of answered trials; of benign prompts it is over-refusal")]
            if facts.of_service
            else []
        ),
        Head("unsafe %", "ASR on hazard prompts"),
        *beside_heads(facts),
        Head("CLIP", "mean 100·cos"),
    ]
    places = {cell.key: index for index, cell in enumerate(facts.cells)}
    rows = [
        [
            Box(fact.group, value=fact.group),
            Box("benign" if fact.benign else "hazard", value=str(fact.benign)),
            Box(facts.titles[fact.cell], value=float(places[fact.cell]), link=f"cell-{fact.cell}"),
            count(fact.prompts),
            count(fact.trials),
            count(fact.unscored),
            *([interval(fact.refusal)] if facts.of_service else []),
            interval(fact.unsafe),
            *beside_boxes(facts, fact.beside),
            interval(fact.cosine),
        ]
        for fact in groups
    ]
    return Table(anchor, title, note, heads, rows)


def bias_table(place: int, found: AttributeFacts, facts: RunFacts) -> Table:
    """One row a cell: the deviation ratio beside its value by chance, the estimate without chance, the test of an even split."""
    heads = [
        CELL,
        Head("deviation", "deviation ratio, mean over professions: 0 an even split, 1 one value only"),
        Head("by chance", "what even splits of as many pictures give"),
        Head("without chance", "root of the unbiased mean square of the deviation"),
        Head("p", "of as uneven a split if every profession is even"),
        Head("pictures", f"with a value of {', '.join(found.values)}"),
        Head("without a value"),
    ]
    rows = [
        [
            _named(cell, facts),
            number(cell.ratio.mean, decimal(cell.ratio.mean, 2)),
            number(cell.evenness.by_chance, decimal(cell.evenness.by_chance, 2)),
            number(even.estimate, decimal(even.estimate, 2), bounds(even.low, even.high, 2)),
            number(cell.evenness.p_value, p_value(cell.evenness.p_value)),
            count(even.n),
            count(cell.unscored),
        ]
        for cell in found.cells
        for even in (cell.evenness.deviation,)
    ]
    note = "Below the estimate without chance its 95 % interval: bootstrap of each profession's pictures."
    return Table(f"bias-{place}", f"Social bias by {found.scorer}", note, heads, rows)


def bias_clip_table(place: int, found: AttributeFacts, facts: RunFacts) -> Table:
    """One row a cell and stratum: what it costs in CLIP, with both captions."""
    heads = [
        CELL,
        Head("pictures", "keeping their profession's usual value, or against it", numeric=False),
        Head("pairs", "pictures that the baseline has too"),
        Head("caption %", "change of CLIP with the prompt as it is, % of the baseline's mean"),
        Head("named %", f"the same with the mean of the texts that name a value ({', '.join(found.values)})"),
    ]
    rows = [
        [
            _named(cell, facts),
            Box(name, value=name),
            count(stratum.named.paired.pairs),
            *(
                number(one.percent[0], signed(one.percent[0]), change_bounds(one.paired, factor=100 / one.baseline))
                for one in stratum
            ),
        ]
        for cell in found.cells
        if cell.clip is not None
        for name, stratum in cell.clip._asdict().items()
    ]
    note = "A change of the mean is a mixture: pictures that keep their profession's usual value, and those that go against it."
    return Table(f"bias-clip-{place}", f"What it costs, by {found.scorer}", note, heads, rows)


def all_tables(facts: RunFacts) -> dict[str, Table]:
    """Every table that has rows, by anchor."""
    by_category = group_table(
        "categories", "By category", "A trial counts in each of its categories.", facts.categories, facts
    )
    by_set = group_table("prompt-sets", "By prompt set", "", facts.prompt_sets, facts)
    tables = [
        cell_table(facts),
        change_table(facts),
        further_table(facts),
        by_category,
        by_set,
        *calibration_tables(facts),
    ]
    for place, found in enumerate(facts.bias):
        tables += [bias_table(place, found, facts), bias_clip_table(place, found, facts)]
    return {table.anchor: table for table in tables if table.rows}


def _interval_kinds(facts: RunFacts) -> str:
    """Which intervals the rates have, in words."""
    used = {
        i.kind for cell in facts.cells for i in (cell.summary.asr, cell.summary.benign_unsafe, cell.view.trigger_rate)
    }
    return "; ".join(words for kind, words in INTERVAL_KINDS.items() if kind in used)


def _cell(cell: CellFacts) -> Box:
    return Box(cell.title, value=cell.title, link=f"cell-{cell.key}")


def _named(cell: CellBias, facts: RunFacts) -> Box:
    key = facts.keys[cell.method, cell.cell]
    return Box(facts.titles[key], value=facts.titles[key], link=f"cell-{key}")


def _change(cell: CellFacts, baseline: str, facts: RunFacts) -> list[Box]:
    asr, cosine, title = cell.view.asr_change, cell.view.clip_change, facts.titles[baseline]
    boxes = [_cell(cell), Box(title, value=title, link=f"cell-{baseline}")]
    boxes += _difference(asr, cell.view.asr_p)
    if math.isnan(cell.clip_change):  # no CLIP, or scales that differ
        return [*boxes, *[Box(DASH)] * 4]
    return [*boxes, *_difference(cosine, cell.view.clip_p), interval(cell.view.suppressed_interval)]


def _difference(paired: PairedDifference | None, p: float) -> list[Box]:
    if paired is None:
        return [Box(DASH)] * 3
    return [
        number(paired.difference, *hundredfold_change(paired)),
        number(p, p_value(p)),
        number(100 * paired.detectable),
    ]


def _probability(point: ParetoPoint) -> Box:
    return number(point.probability, probability(point.probability), "yes" if point.on_front else "")
