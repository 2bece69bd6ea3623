"""Prompt files of every format as one table of columns: bytes in, cells out, no meaning attached."""

import csv
import io
import json
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import fsspec
import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from safesweep.errors import InputError
from safesweep.prompts.columns import ALIASES, LINE_COLUMN, normalised


class Table(NamedTuple):
    """A file's columns. Cells of CSV and text files are strings; others any JSON or Arrow value, None if absent."""

    names: tuple[str, ...]
    rows: int
    column: Callable[[int], Sequence[object]]
    """Cells of the n-th column; read on demand, so that a Parquet file's pictures are never decoded."""


class PromptFile(NamedTuple):
    """A prompt file as it was found."""

    name: str
    """File name without its folder."""
    stem: str
    sha256: str
    table: Table


def open_prompt_file(path: str | Path) -> PromptFile:
    """Reads ``path``, a local file or a URL that fsspec or pyarrow can open, by the format that its ending names.

    Raises:
        InputError: the file is missing or unreadable, or its ending is unknown or not what its content is.
    """
    url = str(path)
    # what follows a question mark belongs to the server: an S3 endpoint, a download token
    name = PurePosixPath(url.partition("?")[0].rstrip("/")).name if "://" in url else Path(url).name
    suffix = PurePosixPath(name).suffix.lower()
    if suffix not in _READERS:
        raise InputError(f"{url}: cannot tell the format from the ending {suffix!r}; allowed are {', '.join(_READERS)}")
    content = _read_url(url) if "://" in url else _read_local(Path(url))
    return PromptFile(name, PurePosixPath(name).stem, sha256(content).hexdigest(), _READERS[suffix](url, content))


def _read_local(path: Path) -> bytes:
    try:
        return path.expanduser().read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; give the path of one prompt file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None


def _read_url(url: str) -> bytes:
    try:
        with fsspec.open(url, "rb") as stream:
            content: bytes = stream.read()
            return content
    except ImportError as missing:
        return _read_with_pyarrow(url, missing)
    except FileNotFoundError:
        raise InputError(f"{url}: no such file") from None
    except Exception as error:  # every remote file system raises its own kinds; the user needs the reason, not the type
        raise InputError(f"{url}: cannot be read: {type(error).__name__}: {error}") from error


def _read_with_pyarrow(url: str, missing: ImportError) -> bytes:
    try:
        filesystem, path = pyarrow.fs.FileSystem.from_uri(url)
        with filesystem.open_input_stream(path) as stream:
            content: bytes = stream.read()
            return content
    except FileNotFoundError:
        raise InputError(f"{url}: no such file") from None
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = f"{missing}; pyarrow: {error}"
        raise InputError(f"{url}: no installed file system can read it ({reason})") from error


def _decode(url: str, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{url}: is UTF-16 text (byte order mark at byte 0); save it as UTF-8")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # utf-8-sig counts from behind the byte order mark
        byte = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        raise InputError(f"{url}: is not UTF-8: byte {byte} is 0x{content[byte]:02x}; save the file as UTF-8") from None


def _lines(text: str) -> list[str]:
    """Lines ended by LF, CRLF or a bare CR; str.splitlines would also cut at U+2028 and its like inside a prompt."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _delimited(url: str, content: bytes, first_choice: str) -> Table:
    text = _decode(url, content)
    header_line = next((line for line in _lines(text) if line.strip()), "")
    delimiter = _delimiter(header_line, first_choice)
    # newline="" hands every kind of line end to the csv module, which keeps those inside quotes as they are
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    limit = csv.field_size_limit(max(len(text), 131_072))
    try:
        records = [record for record in reader if record]
    except csv.Error as error:
        where = f"near line {reader.line_num}"
        raise InputError(f"{url}: {where}: {error}; quotes inside a quoted field are doubled and closed") from None
    finally:
        csv.field_size_limit(limit)
    if not records:
        raise InputError(f"{url}: is empty; a header line and at least one row are needed")
    header, body = records[0], records[1:]
    width = len(header)
    for row, record in enumerate(body):
        if len(record) != width and (len(record) < width or any(cell.strip() for cell in record[width:])):
            found = f"row {row} (counted from 0) has {len(record)} fields where the header has {width}"
            raise InputError(f"{url}: {found}; put quotes around a text that holds {delimiter!r} or a line end")
    return Table(tuple(header), len(body), lambda index: [record[index] for record in body])


def _delimiter(header_line: str, first_choice: str) -> str:
    """The first choice unless only another delimiter makes the header hold a text column (spreadsheets write ``;``)."""
    for delimiter in (first_choice, ",", ";", "\t"):
        if any(normalised(cell.strip('" ')) in ALIASES["text"] for cell in header_line.split(delimiter)):
            return delimiter
    return first_choice


def _plain_text(url: str, content: bytes) -> Table:
    lines = _lines(_decode(url, content))
    while lines and not lines[-1].strip():
        lines.pop()
    known = {alias for aliases in ALIASES.values() for alias in aliases}
    for delimiter in (",", "\t"):
        names = [normalised(cell.strip('" ')) for cell in (lines[0] if lines else "").split(delimiter)]
        if set(names) <= known and set(names) & set(ALIASES["text"]):
            if len(names) > 1:
                fix = "give it the ending .csv or .tsv"
                raise InputError(f"{url}: is a table, its first line names the columns {', '.join(names)}; {fix}")
            return _one_column(lines[0].strip(), lines[1:])
    return _one_column(LINE_COLUMN, lines)


def _one_column(name: str, cells: Sequence[str]) -> Table:
    return Table((name,), len(cells), lambda _: cells)


def _json_lines(url: str, content: bytes) -> Table:
    text = _decode(url, content)
    if text.lstrip().startswith("["):
        documents = _parse_json(url, text, "")
        assert isinstance(documents, list)
    else:
        numbered = [(number, line) for number, line in enumerate(_lines(text), start=1) if line.strip()]
        documents = [_parse_json(url, line, f"line {number}: ") for number, line in numbered]
    records: list[dict[str, object]] = []
    for row, document in enumerate(documents):
        if not isinstance(document, dict):
            found = f"row {row} (counted from 0) is a {type(document).__name__}"
            raise InputError(f'{url}: {found}; every row must be an object such as {{"prompt": "a red circle"}}')
        records.append(document)
    names = tuple(dict.fromkeys(name for record in records for name in record))
    return Table(names, len(records), lambda index: [record.get(names[index]) for record in records])


def _parse_json(url: str, text: str, where: str) -> object:
    try:
        document: object = json.loads(text)
    except ValueError as error:
        raise InputError(f"{url}: {where}is not JSON: {error}") from None
    return document


def _parquet(url: str, content: bytes) -> Table:
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{url}: is not a readable Parquet file: {error}") from None
    names = tuple(file.schema_arrow.names)

    def column(index: int) -> Sequence[object]:
        try:
            cells: list[object] = file.read(columns=[names[index]]).column(0).to_pylist()
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{url}: column {names[index]!r} cannot be read: {error}") from None
        return cells

    return Table(names, file.metadata.num_rows, column)


_READERS: dict[str, Callable[[str, bytes], Table]] = {
    ".csv": lambda url, content: _delimited(url, content, ","),
    ".tsv": lambda url, content: _delimited(url, content, "\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".json": _json_lines,
    ".parquet": _parquet,
    ".txt": _plain_text,
}
