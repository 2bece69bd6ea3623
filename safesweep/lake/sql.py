"""Values and names as duckdb's SQL writes them."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from safesweep.lake.ranged import RangedReads
from safesweep.lake.stores import opened as opened_stores

if TYPE_CHECKING:
    import duckdb


def text(value: str) -> str:
    """A string literal."""
    return "'" + value.replace("'", "''") + "'"


def number(value: float) -> str:
    """A literal of this very double."""
    # A bare 0.1 is a DECIMAL to duckdb; the cast keeps the very double that Python compares with.
    return f"CAST('{value!r}' AS DOUBLE)"


def exact_sum(value: str, condition: str = "true") -> str:
    """The sum of a DOUBLE over the rows that meet a condition, the same in whatever order duckdb's threads add; NULL of no number.

    Values are added as whole numbers of 2**-60: exact to 1e-18, for magnitudes below 2**40. NaN and infinity stay what they are.
    """
    chosen = f"CASE WHEN {condition} THEN {value} END"
    whole = f"sum(TRY_CAST(round(({chosen}) * {float(2**60)!r}) AS HUGEINT))::DOUBLE / {float(2**60)!r}"
    return f"CASE WHEN bool_and(isfinite({chosen})) THEN {whole} ELSE sum({chosen}) END"


def quoted(name: str) -> str:
    """A column's name, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def parquet(files: Sequence[Path]) -> str:
    """One or more parquet files as one table, of all the columns that any of them has."""
    paths = ", ".join(text(str(path)) for path in files)
    return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"


def see_stores(connection: "duckdb.DuckDBPyConnection") -> None:
    """Lets a connection read files of the stores that this process has named."""
    for scheme, store in opened_stores().items():
        connection.register_filesystem(RangedReads(store, scheme))


def is_one_of(column: str, values: Iterable[str]) -> str:
    """A condition, never NULL: whether a text column holds one of these; false for none of them."""
    listed = ", ".join(text(value) for value in sorted(values))
    return f"coalesce({column} IN ({listed}), false)" if listed else "false"
