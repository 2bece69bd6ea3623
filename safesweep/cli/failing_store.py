"""A store that fails while a command works: one line that names the place and the cause."""

from collections.abc import Iterator
from contextlib import contextmanager

from safesweep.cli.settings import CommandSettings
from safesweep.errors import InputError
from safesweep.files import on_store


@contextmanager
def one_line_for_stores(settings: CommandSettings) -> Iterator[None]:
    """Raises ``InputError`` in place of what a store's failure has raised, where ``settings`` name a place in a store."""
    values = [value for _, value in settings if value is not None]
    places = [str(value) for value in values if hasattr(value, "fs") and on_store(value)]
    if not places:
        yield
        return
    from safesweep.lake.stores import store_failure

    try:
        yield
    except InputError:
        raise
    except Exception as error:
        cause = store_failure(error)
        if cause is None:
            raise
        raise InputError(f"lake: {' and '.join(places)}: the store failed: {cause}") from error
