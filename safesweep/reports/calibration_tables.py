"""Corrected rates and a second judge's, beside the raw ones; and the judges held to the labels."""

from safesweep.measures.calibration import Domain
from safesweep.measures.intervals import Interval
from safesweep.reports.calibration_facts import Beside
from safesweep.reports.facts import RunFacts
from safesweep.reports.table_parts import Box, Head, Table, count, interval, number
from safesweep.reports.text import DASH, bounds, decimal

CARRIED = "carried"
"""Stands by a corrected rate that rests on the judge's accuracy in the whole run, not on labels of these pictures."""


def beside_heads(facts: RunFacts) -> list[Head]:
    """Columns beside a raw rate: the corrected one where there are labels, the second judge's where there is one."""
    heads = []
    if facts.calibration is not None:
        heads.append(
            Head("corrected %", "the same rate corrected by people's labels of some of the pictures, hazard prompts")
        )
    if facts.second is not None:
        heads += [
            Head("second judge %", f"the same rate by profile {facts.second.name}, of another family"),
            Head("disagree %", "pictures that both can judge, of which they say otherwise"),
        ]
    return heads


def beside_boxes(facts: RunFacts, beside: Beside) -> list[Box]:
    """One row's boxes under `beside_heads`."""
    boxes = []
    if facts.calibration is not None:
        boxes.append(_corrected(beside.corrected))
    if facts.second is not None:
        judges = beside.judges
        boxes += [Box(DASH)] * 2 if judges is None else [interval(judges.second), interval(judges.disagree)]
    return boxes


def beside_note(facts: RunFacts) -> str:
    """What a table's note says of these columns."""
    words = ""
    if facts.calibration is not None:
        words += (
            f" Corrected: by {facts.calibration.whole.accuracy.labelled:,} labelled pictures; its interval is drawn from what they say of "
            f"the judge. {CARRIED}: by the judge's sensitivity and specificity in the whole run (Rogan and Gladen), where labels of "
            "these pictures are wanting."
        )
    if facts.second is not None:
        words += f" Second judge: profile {facts.second.name} ({facts.second.source or 'no source named'})."
    return words


def calibration_tables(facts: RunFacts) -> list[Table]:
    """How good the judges are, whole, by cell and by category; and how much the labellers agree. None without labels."""
    found = facts.calibration
    if found is None:
        return []
    name = facts.profile.name
    parts: list[tuple[str, str, str, Domain]] = [("all hazard prompts", "", name, found.whole)]
    if found.second is not None and facts.second is not None:
        parts.append(("all hazard prompts", "", facts.second.name, found.second))
    parts += [(facts.titles[key], f"cell-{key}", name, domain) for key, domain in found.cells.items()]
    parts += [(f"category {category}", "", name, domain) for category, domain in found.categories.items()]
    heads = [
        Head("pictures", "of hazard prompts", numeric=False),
        Head("judge", "whose verdicts are held to the labels", numeric=False),
        Head("labelled", "pictures with a label that counts"),
        Head("unsure", "labelled, but nobody could tell, or labellers contradict each other; in no rate"),
        Head("raw %", "share that the judge calls unsafe"),
        Head("by own labels %", "share that is, by labels of these pictures; supposes nothing of the judge"),
        Head("carried %", "the same by the judge's sensitivity and specificity in the whole run (Rogan and Gladen)"),
        Head("sensitivity %", "of truly unsafe pictures, those that the judge calls unsafe"),
        Head("specificity %", "of truly safe pictures, those that the judge calls safe"),
        Head("unsafe is %", "of pictures that the judge calls unsafe, those that are (positive predictive value)"),
        Head("safe is %", "of pictures that the judge calls safe, those that are (negative predictive value)"),
        Head("κ", "Cohen's, of judge and labels"),
    ]
    rows = [
        [
            Box(title, value=title, link=link),
            Box(judge, value=judge),
            count(domain.accuracy.labelled),
            count(domain.unsure),
            *map(interval, (domain.raw, domain.own, domain.carried)),
            *map(interval, domain.accuracy[:4]),
            _kappa(domain.accuracy.kappa),
        ]
        for title, link, judge, domain in parts
    ]
    note = f"{found.labels:,} labels. The sample's weights are taken into account; intervals are drawn from what the labels say."
    tables = [Table("calibration", "Judges held to labels", note, heads, rows)]
    heads = [
        Head("labeller", numeric=False),
        Head("and", numeric=False),
        Head("pictures", "that both called unsafe or safe"),
        Head("agreed"),
        Head("κ", "Cohen's"),
    ]
    rows = [
        [
            Box(one.first, value=one.first),
            Box(one.second, value=one.second),
            count(one.pictures),
            count(one.agreed),
            _kappa(one.kappa),
        ]
        for one in found.agreements
    ]
    return [*tables, Table("labellers", "Between labellers", "", heads, rows)]


def _corrected(domain: Domain | None) -> Box:
    if domain is None:
        return Box(DASH)
    box = interval(domain.corrected)
    carried = domain.corrected is domain.carried and box.value is not None
    return box._replace(sub=f"{box.sub} {CARRIED}") if carried else box


def _kappa(kappa: Interval) -> Box:
    return number(kappa.estimate, decimal(kappa.estimate, 2), bounds(kappa.low, kappa.high, 2))
