"""A store that fails, or a disk that is full, while a command works: one line that names the place and the cause."""

from collections.abc import Iterator
from contextlib import contextmanager

from safesweep.cli.settings import CommandSettings
from safesweep.errors import InputError
from safesweep.files import on_store


@contextmanager
def one_line_for_stores(settings: CommandSettings) -> Iterator[None]:
    """Raises ``InputError`` in place of what a full disk has raised, or a store's failure, where ``settings`` name a place in a store."""
    values = [value for _, value in settings if value is not None]
    places = [str(value) for value in values if hasattr(value, "fs") and on_store(value)]
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        from safesweep.lake.full_disk import full_disk
        from safesweep.lake.stores import store_failure

        if full := full_disk(error):
            where = getattr(settings, "lake", None) or "this machine"
            raise InputError(f"lake: {where}: {full}; make room, and start the same again") from error
        cause = store_failure(error) if places else None
        if cause is None:
            raise
        raise InputError(f"lake: {' and '.join(places)}: the store failed: {cause}") from error
