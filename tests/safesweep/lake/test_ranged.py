"""A store as readers of parquet see it."""

from safesweep.lake.folder import lake_folder
from safesweep.lake.ranged import RangedReads
from safesweep.lake.stores import store_of


def test_each_read_is_a_request_for_its_bytes_alone_and_a_file_is_looked_up_once(s3_lake, s3_server):
    path = lake_folder(s3_lake) / "run=[x]" / "part-0.parquet"
    store, name = store_of(path)
    content = bytes(range(256)) * 4096
    store.pipe_file(name, content)
    s3_server.asked.clear()
    reads = RangedReads(store, "s3")
    for spelled in (str(path), name):
        with reads.open(spelled, "rb") as file:
            file.seek(1000)
            assert file.read(10) == content[1000:1010] and file.size == len(content)
            file.seek(len(content) - 4)
            assert file.read() == content[-4:] and file.read(5) == b""
    assert [one.span for one in s3_server.asked if one.method == "GET"] == [10, 4] * 2
    assert [one.method for one in s3_server.asked].count("HEAD") == 1
    assert reads.glob(str(path)) == [name], "names of files are no patterns"
