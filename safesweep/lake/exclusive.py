"""Files that one alone of many processes can make: by an exclusive open in a folder, by a put on condition in a store."""

from pathlib import Path

from safesweep.files import gone_unless_whole, on_store
from safesweep.lake.stores import store_of


def create(path: Path, text: str) -> bool:
    """Makes a file, whose folder is made where it is missing; false: it is there already.

    ``text`` must be no other process's: a put whose answer was lost is sent again, and finds its own file there.
    """
    if on_store(path):
        store, name = store_of(path)
        try:
            store.pipe_file(name, text.encode(), mode="create")
        except FileExistsError:
            return read(path) == text
        return True
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = path.open("x", encoding="utf-8")
    except (FileExistsError, FileNotFoundError):  # the latter: a holder that goes has taken the empty folder along
        return False
    with gone_unless_whole(path), opened as file:
        file.write(text)
    return True


def read(path: Path) -> str | None:
    """What is in a file; None: it is not there."""
    try:
        if on_store(path):
            store, name = store_of(path)
            return bytes(store.cat_file(name)).decode()
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def remove(path: Path) -> None:
    """Takes a file away, if it is there."""
    if on_store(path):
        store, name = store_of(path)
        try:
            store.rm_file(name)
        except FileNotFoundError:
            return
    else:
        path.unlink(missing_ok=True)
