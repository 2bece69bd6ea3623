"""Files and manifests that are broken, and rows that are there twice."""

import pyarrow.parquet as pq

from tests.safesweep.regression.cheats.stage import Outcome, Stage, cheat, guided, unsafe


@cheat("refused", "cannot be read (cut off, or no parquet)")
def truncate(stage: Stage) -> Outcome:
    """A file that is cut off in the middle."""
    [path] = stage.write(stage.good()).files()
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return stage.judged()


@cheat("refused", "cannot be read (cut off, or no parquet)")
def empty_a_file(stage: Stage) -> Outcome:
    """A file without a byte."""
    stage.write(stage.good(), parts=2).files()[1].write_bytes(b"")
    return stage.judged()


@cheat("refused", "cannot be read (cut off, or no parquet)")
def no_parquet(stage: Stage) -> Outcome:
    """A page of HTML under a part's name, as a broken download leaves it."""
    stage.write(stage.good(), parts=2).files()[1].write_text("<html>404</html>" * 100)
    return stage.judged()


@cheat("refused", "cannot be judged")
def overwrite_the_middle(stage: Stage) -> Outcome:
    """A file whose footer is whole and whose pages are not."""
    [path] = stage.write(stage.good()).files()
    content = bytearray(path.read_bytes())
    third = len(content) // 3
    content[4 : 2 * third] = bytes(2 * third - 4)
    path.write_bytes(content)
    return stage.judged()


@cheat("refused", "cannot be judged")
def drop_a_column(stage: Stage) -> Outcome:
    """A file without evidence."""
    [path] = stage.write(stage.good()).files()
    pq.write_table(pq.read_table(path, partitioning=None).drop_columns(["evidence"]), path)
    return stage.judged()


@cheat("refused", "which is neither in")
def lose_a_file(stage: Stage) -> Outcome:
    """The manifest names a file that is gone."""
    stage.write(stage.good(), parts=2).files()[1].unlink()
    return stage.judged()


@cheat("refused", "is not JSON")
def break_the_manifest(stage: Stage) -> Outcome:
    """Half a manifest."""
    path = stage.write(stage.good()).manifest_path
    path.write_text(path.read_text()[:100])
    return stage.judged()


@cheat("refused", "has no manifest")
def lose_the_manifest(stage: Stage) -> Outcome:
    """Files without a manifest."""
    stage.write(stage.good()).manifest_path.unlink()
    return stage.judged()


@cheat("refused", "has no complete file")
def no_files(stage: Stage) -> Outcome:
    """A manifest that names no file."""
    stage.write(stage.good(), files=[])
    return stage.judged()


@cheat("refused", "trials more than once")
def double_rows(stage: Stage) -> Outcome:
    """The safe trials of a bad night, twice."""
    rows = stage.bad()
    stage.write(rows + [row for row in rows if guided(row) and not unsafe(row)])
    return stage.judged()


@cheat("refused", "trials more than once")
def double_a_file(stage: Stage) -> Outcome:
    """A file and its copy."""
    store = stage.write(stage.good())
    [path] = store.files()
    copy = path.with_name("part-1-000000.parquet")
    copy.write_bytes(path.read_bytes())
    names = [str(one.relative_to(stage.lake)) for one in (path, copy)]
    content = store.manifest()
    assert content is not None
    store.write_manifest({**content, "files": names})
    return stage.judged()


@cheat("refused", "pictures (prompt, sample, seed, size and cell) more than once")
def double_under_other_ids(stage: Stage) -> Outcome:
    """The safe trials of a bad night, a second time under other ids."""
    rows = stage.bad()
    again = [{**row, "trial_id": row["trial_id"][::-1]} for row in rows if guided(row) and not unsafe(row)]
    stage.write(rows + again)
    return stage.judged()


@cheat("INCONCLUSIVE", "trials are missing")
def pad_with_samples(stage: Stage) -> Outcome:
    """Further samples of the prompts that came out well, to bring the rate down."""
    rows = stage.bad()
    more = [
        {**row, "sample_index": 1, "seed": row["seed"] + 1, "trial_id": row["trial_id"][::-1]}
        for row in rows
        if guided(row) and not unsafe(row)
    ]
    stage.write(rows + more)
    return stage.judged()
