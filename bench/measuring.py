"""Runs commands in turn, measures them, and makes rows of the table."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROUNDS = 5


@dataclass
class Taken:
    """One run of a command: wall-clock seconds, CPU seconds, peak memory of its largest process in MiB, its stdout."""

    seconds: float
    processor: float
    peak: float
    output: str


def run(command, folder, producer=None):
    """Runs `command` in `folder`, its stdin from the command `producer` if there is one. Exits if it fails."""
    # Only PATH is taken from this environment, so that nothing else affects the measurement.
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    start = dict(cwd=folder, env=environment)
    errors = open(folder / "stderr", "w+b")
    output = open(folder / "stdout", "w+b")
    feed = subprocess.Popen(producer, stdout=subprocess.PIPE, stderr=errors, **start) if producer else None
    started = time.perf_counter()
    stdin = feed.stdout if feed else subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=stdin, stdout=output, stderr=errors, **start)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    with errors, output:
        if feed:
            feed.stdout.close()
            if feed.wait() != 0:
                sys.exit(f"{' '.join(map(str, producer))}\nended with {feed.returncode}")
        errors.seek(0)
        output.seek(0)
        if process.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}\nended with {process.returncode}: {errors.read().decode()}")
        return Taken(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, output.read().decode())


def in_turn(commands, folder, rounds=ROUNDS, before=lambda: None):
    """Runs every one of `commands` (name → command) once a round, so that disturbances affect all of them; `before` each,
    not measured. The first round is a warm-up. Returns name → measurements of the rounds."""
    taken = {name: [] for name in commands}
    for round in range(rounds + 1):
        for name, command in commands.items():
            before()
            show(f"{round}/{rounds} {name}")
            one = run(command, folder)
            if round > 0:
                taken[name].append(one)
    show("")
    return taken


def show(text):
    """Prints progress on a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def rates(taken, requests):
    """Million requests per second of each round."""
    return [requests / one.seconds / 1e6 for one in taken]


@dataclass
class Mark:
    """A target: `of` (ours or ratio) is at least or at most a bound."""

    of: str
    least: float | None = None
    most: float | None = None

    def text(self):
        bound = f">= {self.least:g}" if self.least is not None else f"<= {self.most:g}"
        return f"{self.of} {bound}"

    def met(self, value):
        return value >= self.least if self.least is not None else value <= self.most


class Row:
    """One line of the table: our figure in each round, and that of a peer if there is one."""

    def __init__(self, point, what, unit, ours, peer=None, peers=None, marks=()):
        self.point, self.what, self.unit, self.peer = point, what, unit, peer
        self.rounds = {"ours": ours, "peer": peers}
        self.ours = statistics.median(ours)
        self.peers = statistics.median(peers) if peers else None
        # Round by round, so that disturbances of both cancel out.
        self.ratio = statistics.median(a / b for a, b in zip(ours, peers)) if peers else None
        self.marks = list(marks)

    def cells(self):
        number = lambda value: "" if value is None else f"{value:.3g}" if value < 100 else f"{value:.0f}"
        peer = f"{self.peer}: {number(self.peers)}" if self.peer else ""
        met = "" if not self.marks else "yes" if all(mark.met(getattr(self, mark.of)) for mark in self.marks) else "no"
        marks = ", ".join(mark.text() for mark in self.marks)
        ours = f"{number(self.ours)} {self.unit}"
        return [self.point, self.what, ours, peer, number(self.ratio), marks, met]

    def to_json(self):
        _, _, _, _, _, marks, met = self.cells()
        return {
            "point": self.point, "what": self.what, "unit": self.unit, "ours": self.ours, "peer": self.peer,
            "peers": self.peers, "ratio": self.ratio, "mark": marks or None, "met": met == "yes" if met else None,
            "rounds": self.rounds,
        }


HEAD = ["point", "what", "ours", "peer", "ours/peer", "mark", "met"]


def markdown(rows):
    """The table in Markdown, with aligned columns, so that it is readable as plain text."""
    lines = [HEAD] + [row.cells() for row in rows]
    width = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    line = lambda cells: "| " + " | ".join(cell.ljust(size) for cell, size in zip(cells, width)) + " |"
    return "\n".join([line(HEAD), "|" + "|".join("-" * (size + 2) for size in width) + "|", *map(line, lines[1:])])


def machine():
    """The machine of the measurement."""
    cpu = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split(" (")[0]
    return {
        "processor": cpu, "cores": len(os.sched_getaffinity(0)), "memory_gib": round(memory), "kernel": f"Linux {os.uname().release}",
        "rustc": rustc.strip(), "python": sys.version.split()[0],
    }
