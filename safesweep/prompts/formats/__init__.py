"""Formats of prompt files, one file each; a new one is a new file and one line an ending here, or a plugin that adds to the registry."""

from collections.abc import Callable

from safesweep.prompts.formats.base import PromptTable
from safesweep.prompts.source import SourceFile
from safesweep.registry import Registry

FORMATS: Registry[Callable[[SourceFile], PromptTable]] = Registry(
    "prompt file's ending",
    {
        ".csv": "safesweep.prompts.formats.delimited:CommaTable",
        ".tsv": "safesweep.prompts.formats.delimited:TabTable",
        ".jsonl": "safesweep.prompts.formats.json_rows:JsonTable",
        ".ndjson": "safesweep.prompts.formats.json_rows:JsonTable",
        ".json": "safesweep.prompts.formats.json_rows:JsonTable",
        ".parquet": "safesweep.prompts.formats.parquet:ParquetTable",
        ".txt": "safesweep.prompts.formats.plain_text:open_text_table",
    },
)
"""Ending, in lower case -> what makes a table of a file at hand; it raises ``InputError`` for a file that is not what its ending says."""

__all__ = ["FORMATS", "PromptTable"]
