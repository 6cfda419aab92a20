"""Timing calls fairly, in a throw-away database. README.md says how to write a benchmark."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

Call = Callable[[], Any]
Benchmark = Callable[[], Iterator[tuple[str, Call]]]

BENCHMARKS: dict[str, Benchmark] = {}
LEAST_RUNS, MOST_RUNS = 5, 500
SECONDS = 1.5  # spent on each call


@dataclass(frozen=True)
class Timing:
    name: str
    runs: int
    median: float  # seconds
    slow: float  # 95th percentile
    queries: int

    def __str__(self) -> str:
        return f"{self.name:48}{_milliseconds(self.median)}{_milliseconds(self.slow)}{self.queries:9}{self.runs:7}"


HEADINGS = f"{'':48}{'median':>12}{'95 %':>12}{'queries':>9}{'runs':>7}"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:9.2f} ms"


def bench(benchmark: Benchmark) -> Benchmark:
    """Make it known to `make bench`."""
    topic = benchmark.__module__.rpartition(".bench_")[2]
    BENCHMARKS[f"{topic}.{benchmark.__name__}"] = benchmark
    return benchmark


def timings(name: str) -> Iterator[Timing]:
    """Run one benchmark; what it wrote is taken back."""
    with transaction.atomic():
        for detail, call in BENCHMARKS[name]():
            yield timed(f"{name} ({detail})" if detail else name, call)
        transaction.set_rollback(True)


def timed(name: str, call: Call) -> Timing:
    call()  # warms caches and compiles templates: what a running site has done long ago
    with CaptureQueriesContext(connection) as queries:
        call()
    count = len(queries)  # now: the next request empties the log
    taken: list[float] = []
    gc.collect()
    gc.disable()
    try:
        began = time.perf_counter()
        while len(taken) < LEAST_RUNS or (len(taken) < MOST_RUNS and time.perf_counter() - began < SECONDS):
            start = time.perf_counter()
            call()
            taken.append(time.perf_counter() - start)
    finally:
        gc.enable()
    slow = statistics.quantiles(taken, n=20)[-1]
    return Timing(name, len(taken), statistics.median(taken), slow, count)
