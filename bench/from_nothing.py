"""The time from a fresh clone to the first table, step by step. `make bench-build` runs it; it takes as long as a full
build. --keep puts the table into BENCHMARKS.md."""

import json
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import machine
from run import ROOT, keep

# Number of crates in the table; the others are summed up.
LARGEST = 12


def main():
    with tempfile.TemporaryDirectory(prefix="from-nothing-") as folder:
        clone = Path(folder) / "queuebox"
        steps = {
            "clone": ["git", "clone", "--quiet", ROOT, clone],
            "fetch crates": ["cargo", "fetch", "--locked"],
            "build the programs": ["cargo", "build", "--release", "--locked", "--timings", *"-p queuebox-tracegen -p queuebox-middleware -p queuebox-host -p queuebox".split()],
            "build the simulator": ["make", "--silent", "all"],
            "the first table: make run": ["make", "--silent", "run", "EXECUTOR=local"],
            "the second table": ["make", "--silent", "run", "EXECUTOR=local"],
        }
        rows = []
        for name, command in steps.items():
            started = time.perf_counter()
            done = subprocess.run(command, cwd=clone if clone.exists() else folder, capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"{name}: {done.stderr}")
            rows.append([name, time.perf_counter() - started])
            print(f"{rows[-1][1]:8.1f} s  {name}", file=sys.stderr)
        report = (clone / "target/cargo-timings/cargo-timing.html").read_text()
    rows.insert(-1, ["all to the first table", sum(seconds for _, seconds in rows[:-1])])
    units = json.loads(re.search(r"const UNIT_DATA = (\[.*?\]);\n", report, re.S)[1])

    crates = {}
    for unit in units:
        crates[unit["name"]] = crates.get(unit["name"], 0) + unit["duration"]
    largest = sorted(crates.items(), key=lambda crate: -crate[1])
    others = largest[LARGEST:]
    largest = [*largest[:LARGEST], [f"{len(others)} others", sum(seconds for _, seconds in others)]]

    machine_ = machine()
    table = lambda head, lines: "\n".join([f"| {head} | s |", "|---|---:|", *(f"| {name} | {seconds:.1f} |" for name, seconds in lines)])
    text = (
        f"{machine_['processor']}, {machine_['cores']} cores, {machine_['rustc']}.\n\n{table('step', rows)}\n\n"
        f"Compile time of each crate of the programs, two at a time:\n\n{table('crate', largest)}"
    )
    print(text)
    if "--keep" in sys.argv[1:]:
        keep("from-nothing", text, {"machine": machine_, "steps": dict(rows), "crates": dict(largest)})


if __name__ == "__main__":
    main()
