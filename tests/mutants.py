"""The share of mutants that the tests killed, by module, as a Markdown table.

    .venv/bin/mutmut results --all true | .venv/bin/python -m tests.mutants

A mutant that was not run counts nowhere; one that no test reaches counts as alive.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable

from safesweep.reports.markdown_table import table_lines

LINE = re.compile(r"\s*(?P<module>[\w.]+)\.(?:x_|xǁ)\S*: (?P<status>[\w ]+)")
"""Of ``mutmut results``: the mutant's name, which begins with its module's, and what became of it."""
KILLED = ("killed", "timeout", "caught by type check", "segfault")
ALIVE = ("survived", "no tests", "suspicious")


def by_module(lines: Iterable[str]) -> dict[str, Counter[str]]:
    """Module -> status -> mutants."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for line in lines:
        if match := LINE.fullmatch(line.rstrip()):
            found[match["module"]][match["status"]] += 1
    return dict(found)


def table(lines: Iterable[str]) -> str:
    """One row a module of which anything was run, and one for all."""
    counted = {name: count for name, count in sorted(by_module(lines).items()) if _run(count)}
    rows = [_row(f"`{name.removeprefix('safesweep.')}`", count) for name, count in counted.items()]
    rows.append(_row("all", sum(counted.values(), Counter[str]())))
    heads = ("module", "killed", "of", "survived", "no tests", "share killed")
    return "\n".join(table_lines(heads, rows, [False, *[True] * 5]))


def _run(count: Counter[str]) -> int:
    return sum(count[status] for status in KILLED + ALIVE)


def _row(name: str, count: Counter[str]) -> tuple[str, ...]:
    killed, run = sum(count[status] for status in KILLED), _run(count)
    share = f"{killed / run:.0%}" if run else "–"
    return name, str(killed), str(run), str(count["survived"] + count["suspicious"]), str(count["no tests"]), share


if __name__ == "__main__":
    print(table(sys.stdin))
