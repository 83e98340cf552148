"""Buckets made on a Spark cluster: each task reads its part, assesses it and writes its bucket, by
the same code as on one machine.

The store and the parts must lie where every worker can read and write them. What goes from and to
Spark is one row a bucket, so no patient is ever split over its batches.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from rearm.cohort.store.work import BucketTask, Done, Job, make_buckets, prepare
from rearm.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import SparkSession

__all__ = ["buckets_on_spark"]

_ROW = "row"
_NO_SPARK = (
    "The engine spark needs pyspark and Java 17 (pip install 'rearm[spark]'; Debian: apt-get "
    "install openjdk-17-jre-headless)"
)


def buckets_on_spark(
    tasks: Iterable[Sequence[BucketTask]], job: Job, *, jobs: int
) -> Iterator[list[Done]]:
    """What became of each bucket, one a list; where Spark gives up, those it did not finish have a
    `failure`. Without a cluster in the configuration of Spark, `jobs` cores of this machine are
    used.

    Raises InputError with a sentence where Spark can't be started.
    """
    waiting = {task.number: task for batch in tasks for task in batch}
    if not waiting:
        return
    session = _session(jobs)
    try:
        yield from _made(session, waiting, job)
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("pyspark", "py4j"):
            raise
        why = f"not assessed, because Spark ended its process ({_reason(error)})"
        yield from ([Done(number=number, failure=why)] for number in sorted(waiting))
    finally:
        session.stop()


def _made(session: SparkSession, waiting: dict[int, BucketTask], job: Job) -> Iterator[list[Done]]:
    rows = [(pickle.dumps((job, task)),) for task in waiting.values()]
    given = session.createDataFrame(rows, f"{_ROW} binary").repartition(len(rows))
    for row in given.mapInArrow(_work, f"{_ROW} binary").collect():  # one by one runs one by one
        done: Done = pickle.loads(bytes(row[_ROW]))
        waiting.pop(done.number)
        yield [done]


def _work(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """On a worker: the buckets of its rows."""
    import pyarrow as pa

    for batch in batches:
        made = []
        for row in batch.column(0).to_pylist():
            job, task = pickle.loads(row)
            prepare(job)
            made += make_buckets([task])
        results = pa.array([pickle.dumps(done) for done in made], pa.binary())
        yield pa.RecordBatch.from_arrays([results], [_ROW])


def _session(jobs: int) -> SparkSession:
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise InputError(f"{_NO_SPARK}.") from None
    builder: Any = SparkSession.builder.appName("rearm")
    if "SPARK_MASTER" not in os.environ and "SPARK_REMOTE" not in os.environ:
        builder = builder.master(f"local[{jobs}]").config("spark.driver.bindAddress", "127.0.0.1")
    settings = {
        "spark.ui.enabled": "false",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.log.level": "OFF",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        session: SparkSession = builder.getOrCreate()
    except Exception as error:
        raise InputError(f"{_NO_SPARK}; it said: {_reason(error)}.") from None
    return session


def _reason(error: Exception) -> str:
    """The first line of what Spark says: the rest is a stack of Java."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0][:160] if lines else type(error).__name__
