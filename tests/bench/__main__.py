"""`python -m tests.bench [part of a name ...]`"""

import importlib
import os
import platform
import sys
from pathlib import Path

import django
from django.db import connection
from django.test.utils import setup_databases, setup_test_environment, teardown_databases

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from tests.bench import harness  # noqa: E402  (its benchmarks need Django ready)


def main(wanted: list[str]) -> int:
    for file in sorted(Path(__file__).parent.glob("bench_*.py")):
        importlib.import_module(f"tests.bench.{file.stem}")
    chosen = [name for name in harness.BENCHMARKS if not wanted or any(part in name for part in wanted)]
    if not chosen:
        print(f"No benchmark is called like {' or '.join(wanted)}. There are: {', '.join(harness.BENCHMARKS)}")
        return 1
    setup_test_environment(debug=False)
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        machine = f"{connection.vendor}, {os.cpu_count()} CPU"
        print(f"Python {platform.python_version()}, Django {django.__version__}, {machine}")
        print(harness.HEADINGS)
        for name in chosen:
            for timing in harness.timings(name):
                print(timing, flush=True)
    finally:
        teardown_databases(databases, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
