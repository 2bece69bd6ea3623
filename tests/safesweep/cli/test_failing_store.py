"""A store that fails while a command works is one line."""

import pytest

from safesweep.cli.failing_store import one_line_for_stores
from safesweep.cli.settings import CommandSettings
from safesweep.errors import InputError, NotJudgedError
from safesweep.lake.folder import LakeFolder, lake_folder
from safesweep.lake.stores import store_of


class Options(CommandSettings):
    """Of a command."""

    lake: LakeFolder


def test_the_place_and_the_cause_are_named(s3_lake):
    options = Options(lake=s3_lake)
    store, _ = store_of(lake_folder(s3_lake))
    with (
        pytest.raises(InputError, match=rf"lake: {s3_lake}: the store failed: .*bucket") as told,
        one_line_for_stores(options),
    ):
        store.pipe_file("nowhere-at-all/x", b"")
    assert "\n" not in str(told.value) and told.value.exit_code == 2


def test_all_else_is_as_it_was(s3_lake, tmp_path):
    for error in (NotJudgedError("x"), KeyError("x"), FileNotFoundError("no such run")):
        for lake in (s3_lake, str(tmp_path)):
            with pytest.raises(type(error)) as same, one_line_for_stores(Options(lake=lake)):
                raise error
            assert same.value is error
