"""How the files are called that a run writes into the lake."""

from ray.data.datasource import FilenameProvider


class PartNames(FilenameProvider):
    """``part-<write>-<task>.parquet``; a retried task writes over its own file, a later job never over another's."""

    def get_filename_for_task(self, write_uuid: str, task_index: int) -> str:
        return f"part-{write_uuid}-{task_index:06d}.parquet"
