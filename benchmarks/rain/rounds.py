"""Rounds of the rain: one run each, in one of several surroundings, until it is complete; then the verdict."""

import itertools
import json
import logging
import os
import re
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from benchmarks.rain.disk import Disk
from benchmarks.rain.endpoint import Endpoint
from benchmarks.rain.job import NO_PROGRESS_S, Job, on_serve, options, over_http
from benchmarks.rain.kinds import Rain, World
from benchmarks.rain.nodes import Nodes
from benchmarks.rain.surroundings import temporary
from benchmarks.rain.verdict import Row, compare, left_in_folder, left_in_lake, left_on_cluster, rows_of
from tests.s3_server import BUCKET, S3Server

MEAN_S = 6.0
"""Between two drops, on average."""
LEAST = 5
"""Drops of the shortest rain."""
DRY_AFTER_S = 240.0
"""A run that has been rained on for so long is let end."""
LONGEST_S = NO_PROGRESS_S + 600.0
"""A start that has run for so long hangs; so does a run that is not complete so long after the last drop."""
LOOK_S = 0.1
HANDED_BACK = re.compile(r"warning .* is told to go: .* are handed back, (\d+) steps will be made again")
"""What `actors.leaving` lets a run say."""


class Place(NamedTuple):
    """One kind of round."""

    vlm: str
    """``http`` or ``serve``."""
    lake: str
    """``disk`` or ``s3``."""


PLACES = (Place("http", "disk"), Place("serve", "disk"), Place("http", "s3"))


class Weather:
    """The cluster and all around it; ``sums`` and ``kinds`` count what came of the rounds."""

    def __init__(self, folder: Path, out: Path, seed: int, *, short: bool, small_disk: bool) -> None:
        self._folder, self._out, self._seed = folder, out, seed
        self._prompts, self._steps = (3, 8) if short else (8, 12)
        self._places = [place for place in PLACES if not short or place.vlm == "http"]
        self._small_disk, self._short = small_disk, short
        self._rain = Rain(seed)
        self._rounds = itertools.count(1)
        self._wanted: dict[str, Sequence[Row]] = {}
        self._known: set[str] = set()
        self._began = time.monotonic()
        self.sums: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()

    def __enter__(self) -> Self:
        import boto3
        import ray

        self._store = S3Server()
        os.environ["AWS_ENDPOINT_URL"] = self._store.url
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        self._endpoint = Endpoint()
        self._disk = Disk(self._folder / "disk") if self._small_disk else None
        self._nodes = Nodes(self._folder / "ray", steady=0 if self._short else 1)
        ray.init(self._nodes.address, log_to_driver=False, logging_level=logging.ERROR)
        self._say("seed", str(self._seed))
        return self

    def __exit__(self, *error: object) -> None:
        import ray

        ray.shutdown()
        left = self._nodes.close()
        self._left([f"process {one.pid} of the cluster" for one in left])
        self._endpoint.close()
        self._store.close()
        if self._disk is not None:
            self._disk.close()

    @property
    def scarce(self) -> bool:
        """Whether it is still to rain, however long it has: a busy machine may take minutes to start what can be struck."""
        return sum(self.kinds.values()) < LEAST

    def undisturbed(self) -> None:
        """Makes the runs that the others are compared with, one for each VLM."""
        for vlm in dict.fromkeys(place.vlm for place in self._places):
            job = self._job(Place(vlm, "disk"), f"undisturbed-{vlm}")
            job.start()
            while job.code() is None:
                time.sleep(0.2)
            if job.code() != 0:
                raise RuntimeError(f"the undisturbed run failed ({job.log}):\n{job.log.read_text()[-3000:]}")
            self._wanted[vlm] = rows_of(self._lake("disk"), f"undisturbed-{vlm}")
            self._say("undisturbed", f"{vlm}: {len(self._wanted[vlm])} trials in {job.seconds():.0f} s")
        # of libraries that keep a file of one name there
        self._known = set(left_in_folder(temporary(self._folder)))

    def round(self, end: float) -> None:
        """One run in the rain, which stops at ``end`` of the monotonic clock, and its verdict."""
        number = next(self._rounds)
        place = self._places[(number + self._seed) % len(self._places)]
        run_id = f"round-{number}"
        job = self._job(place, run_id)
        self._store.fail_every = 10 if place.lake == "s3" else 0
        world = World(
            self._nodes,
            job,
            endpoint=self._endpoint if place.vlm == "http" else None,
            store=self._store if place.lake == "s3" else None,
            disk=self._disk if place.lake == "disk" else None,
        )
        self._say("round", f"{number}: VLM {place.vlm}, lake {place.lake}")
        try:
            self._until_complete(world, min(end, time.monotonic() + DRY_AFTER_S))
        finally:
            job.end()
            world.catch_up(everything=True)
        self._store.fail_every = 0
        self.sums["stayed"] += world.stayed
        self._judge(place, run_id, job)

    def _until_complete(self, world: World, dry: float) -> None:
        job, chance = world.job, self._rain.chance
        job.start()
        next_drop = time.monotonic() + chance.expovariate(1 / MEAN_S)
        while time.monotonic() < dry + LONGEST_S:
            time.sleep(LOOK_S)
            world.catch_up()
            if not world.later and (dead := self._nodes.mend()):
                self._say("mended", f"{dead} nodes that had died of themselves")
            code = job.code()
            if code == 0:
                return
            if code is not None:
                self._say("ended", f"start {job.starts} with {code} after {job.seconds():.0f} s")
                if job.stuck():
                    self._hang(job)
                job.start()
            elif job.seconds() > LONGEST_S:
                self._hang(job)
                job.end()
            if next_drop <= time.monotonic() and (time.monotonic() < dry or self.scarce):
                struck = self._rain.drop(world)
                if struck is not None:
                    self.kinds[struck[0]] += 1
                    self._say(*struck)
                next_drop = time.monotonic() + chance.expovariate(1 / MEAN_S)
        self._hang(job)

    def _hang(self, job: Job) -> None:
        self.sums["hangs"] += 1
        self._say("hang", f"start {job.starts}: {job.log}")

    def _judge(self, place: Place, run_id: str, job: Job) -> None:
        lake = self._lake(place.lake)
        found = compare(rows_of(lake, run_id), self._wanted[place.vlm])
        files = [name for name in left_in_folder(temporary(self._folder)) if name not in self._known]
        left = [*left_on_cluster(self._nodes), *left_in_lake(lake, run_id), *files]
        self._left(left)
        self.sums.update(runs=1, starts=job.starts, steps_handed_back=_steps_handed_back(job), **vars(found))
        self._say("verdict", f"{run_id}: {found}, {job.starts} starts, left {left}")
        if self._disk is not None and place.lake == "disk":
            shutil.rmtree(Path(lake) / "trials" / f"run={run_id}")

    def _left(self, left: Sequence[str]) -> None:
        self.sums["left_behind"] += len(left)
        for one in left:
            self._say("left", one)

    def _job(self, place: Place, run_id: str) -> Job:
        vlm = over_http(self._endpoint.url) if place.vlm == "http" else on_serve()
        lake = self._lake(place.lake)
        return Job(self._out / run_id, self._nodes.address, options(lake, run_id, self._prompts, self._steps, vlm))

    def _lake(self, where: str) -> str:
        return str(self._folder / "disk" / "lake") if where == "disk" else f"s3://{BUCKET}/lake"

    def _say(self, what: str, more: str) -> None:
        line: dict[str, Any] = {"at": round(time.monotonic() - self._began, 1), "what": what, "more": more}
        with (self._out / "rain.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")
        print(f"{line['at']:8.1f}  {what}  {more}", flush=True)


def _steps_handed_back(job: Job) -> int:
    """Steps that diffusion actors had taken in vain when their nodes were told to go, as the starts' logs say."""
    logs = (path.read_text(errors="replace") for path in job.folder.glob("start-*.log"))
    return sum(int(steps) for log in logs for steps in HANDED_BACK.findall(log))
