"""`make bench`: print the ratios against buildctl, keep them in results/latest.json and in README."""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import cases, readme
from benchmarks.harness import MEMORY, Row

RESULTS = Path(__file__).parent / "results" / "latest.json"


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(cases.ALL)}; default all")
    parser.add_argument("--pairs", type=int, help="pairs of runs for each case (default: the case's own)")
    parser.add_argument("--no-write", action="store_true", help="do not write the results file")
    parser.add_argument("--tools", type=Path, required=True, help="folder with buildkitd and buildctl")
    options = parser.parse_args()
    unknown = [name for name in options.cases if name not in cases.ALL]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}; there are {', '.join(cases.ALL)}")
    chosen: dict[str, Callable[[cases.Setting], list[Row]]] = {
        name: case for name, case in cases.ALL.items() if not options.cases or name in options.cases
    }
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bkr-bench-", dir=MEMORY) as folder:
        for name, case in chosen.items():
            print(f"{name} …", file=sys.stderr, flush=True)
            found = case(cases.Setting(options.tools, Path(folder), options.pairs))
            rows += found
            for line in table(found):
                print(line, flush=True)
    if not options.no_write and not options.cases:
        machine = {"cpus": os.cpu_count(), "kernel": platform.release(), "python": platform.python_version()}
        content = {"machine": machine, "rows": [row._asdict() for row in rows]}
        RESULTS.write_text(json.dumps(content, indent=2) + "\n")
        readme.update(RESULTS)
    return 0


def table(rows: list[Row]) -> list[str]:
    """The rows as aligned text, the ratio first: it is what counts."""
    return [
        f"  {row.ratio:6.2f}x  {row.name:<44} {row.ours:>10.4g} {row.unit:<3}"
        f" against {row.peer:.4g} {row.unit} of {row.peer_name} ({row.pairs} pairs)"
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main())
