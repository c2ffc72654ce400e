"""Measures Queuebox against other tools and prints one table. `make bench` runs it; --help lists the options."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from measuring import machine, markdown
from points import POINTS, Bench

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "bench/requirements.txt"


def environment(folder):
    """The peers, in a Python environment that `make clean` removes."""
    made = folder / "venv/made-from"
    if not made.exists() or made.read_text() != PEERS.read_text():
        print("making a Python environment with the peers", file=sys.stderr)
        venv.create(folder / "venv", clear=True, with_pip=True)
        subprocess.run([folder / "venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", PEERS], check=True)
        made.write_text(PEERS.read_text())


def describe(bench):
    """The conditions of the measurement, in a line of text."""
    machine_ = machine()
    return (
        f"{machine_['processor']}, {machine_['cores']} cores, {machine_['memory_gib']} GiB, {machine_['kernel']}, {machine_['rustc']}, "
        f"Python {machine_['python']}, {', '.join(PEERS.read_text().split()[-4:])}; {bench.requests / 1e6:g} million requests unless "
        "stated otherwise."
    )


def keep(part, text, results):
    """Puts a table into BENCHMARKS.md, between the lines that mark its place, and the figures beside it."""
    path = ROOT / "BENCHMARKS.md"
    begin, end = f"<!-- {part} -->\n", f"<!-- end of {part} -->"
    before, rest = path.read_text().split(begin)
    path.write_text(before + begin + text + "\n" + end + rest.split(end)[1])
    (ROOT / f"bench/{part}.json").write_text(json.dumps(results, indent=1) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=POINTS, help="one point alone")
    parser.add_argument("--scale", type=float, default=1, help="factor of every length: 0.05 for a quick check")
    parser.add_argument("--full", action="store_true", help="also long runs: 100 and 200 million requests")
    parser.add_argument("--keep", action="store_true", help="put the table into BENCHMARKS.md and the figures beside run.py")
    arguments = parser.parse_args()
    if arguments.keep and (arguments.only or arguments.scale != 1):
        parser.error("--keep is for the whole table, not with --only or --scale")
    # The table is for two cores, however many there are.
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])

    folder = ROOT / "target/bench"
    folder.mkdir(parents=True, exist_ok=True)
    environment(folder)
    bench = Bench(ROOT, folder, arguments.scale, arguments.full)
    try:
        rows = [row for name, point in POINTS.items() if arguments.only in (None, name) for row in point(bench)]
    finally:
        shutil.rmtree(bench.written)
    text = f"{describe(bench)}\n\n{markdown(rows)}"
    results = {"machine": machine(), "requests": bench.requests, "rows": [row.to_json() for row in rows]}
    (folder / "results.json").write_text(json.dumps(results, indent=1) + "\n")
    print(text)
    if arguments.keep:
        keep("results", text, results)


if __name__ == "__main__":
    main()
