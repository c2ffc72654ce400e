"""The benchmarks, point by point. Each yields rows of the table."""

import json
import shutil
import tempfile
from pathlib import Path

from measuring import Mark, Row, in_turn, rates, run


class Bench:
    """Paths, and the amount of work."""

    def __init__(self, root, folder, scale, full):
        self.folder, self.scale, self.full = folder, scale, full
        self.bin, self.python, self.peers = root / "bin", folder / "venv/bin/python", root / "bench/peers"
        self.sandbox = root / "target/release/sandbox"
        self.requests = self.scaled(20)
        # Output goes to memory if possible: the speed of the disk is not measured, and Queuebox syncs its files while
        # peers don't.
        memory = Path("/dev/shm")
        self.written = Path(tempfile.mkdtemp(prefix="queuebox-bench-", dir=memory if memory.is_dir() else folder))

    def scaled(self, millions):
        return int(millions * 1e6 * self.scale)

    def program(self, name, *arguments):
        return [self.bin / name, *map(str, arguments)]

    def peer(self, name, *arguments):
        return [self.python, self.peers / name, *map(str, arguments)]

    def trace(self, requests, *settings, format="csv"):
        """A generated trace, kept for later runs."""
        name = "-".join(["trace", str(requests), *(text.lstrip("-") for text in map(str, settings))]) + "." + format
        path = self.folder / name
        if not path.exists():
            generate = ("--samples", requests, *settings, "--format", format, "--out", path)
            run(self.program("tracegen", *generate), self.folder)
        return path

    def simulate(self, trace, workers, *more):
        """A run of `workers`, each busy three quarters of the time, by round robin."""
        return self.program(
            "middleware", "run", "--executor", "local", "--module", self.bin / "sim.wasm", "--trace", trace, "--workers", workers,
            "--st", f"{2500 * workers}us", "--balancer", "RR", "--json", *more)  # fmt: skip

    def partition(self, trace, workers, balancer, format="records"):
        return self.program(
            "middleware", "partition", "--trace", trace, "--out", self.written / "shards", "--workers", workers,
            "--st", f"{2500 * workers}us", "--balancer", balancer, "--format", format)  # fmt: skip

    def clear(self):
        shutil.rmtree(self.written / "shards", ignore_errors=True)
        (self.written / "out").unlink(missing_ok=True)


def millions(requests):
    return f"{requests / 1e6:g} M requests"


def agree(what, ours, peer, requests):
    """A rough check: both sampled their own demands, so they agree as two samples do."""
    allowed = 60 / requests**0.5
    if abs(ours / peer - 1) > allowed:
        raise SystemExit(f"{what}: ours is {ours:.0f}, the peer's {peer:.0f}: further apart than {100 * allowed:.1f} %")


def whole_run(bench):
    """From CSV to report, against other ways to get the same result."""
    requests, slices = bench.requests, {"SimPy": 200_000, "Ciw": 50_000}
    trace = bench.trace(requests)
    query = lambda how: bench.peer("polars_queue.py", trace, 4, 1e7, how)
    commands = {"run": bench.simulate(trace, 4), "polars": query("over"), "polars, tuned": query("parts")}
    for name, length in slices.items():
        commands[name] = bench.peer(f"{name.lower()}_queue.py", bench.trace(length), 4, 1e7)
    taken = in_turn(commands, bench.folder)

    total = json.loads(taken["run"][0].output)["run"]
    mean = total["average_delay_in_queue_ns"]
    p99 = total["response_time"]["p99_ns"]
    for name in ["polars", "polars, tuned"]:
        theirs = list(map(float, taken[name][0].output.split()))
        agree(f"mean delay in queue, {name}", mean, theirs[0], requests)
        agree(f"p99 of the response time, {name}", p99, theirs[1], requests)
    for name, length in slices.items():
        same = json.loads(run(bench.simulate(bench.trace(length), 4), bench.folder).output)["run"]
        agree(f"mean delay in queue, {name}", same["average_delay_in_queue_ns"], float(taken[name][0].output), length)

    what = "run, CSV to report, RR over 4"
    ours = rates(taken["run"], requests)
    marks = {"polars": [Mark("ratio", least=5), Mark("ours", least=30)]}
    processor = [1e9 * one.processor / requests for one in taken["run"]]
    yield Row("run", f"{what}: CPU time", "ns/request", processor)
    for name in list(commands)[1:]:
        theirs = rates(taken[name], slices.get(name, requests))
        yield Row("run", what, "M requests/s", ours, name, theirs, marks.get(name, []))


def sandbox(bench):
    """The host, a bare embedding and the native build over the same shard; the cost of limits."""
    requests = bench.requests
    shard = bench.trace(requests, "--st", "2500us", format="records")
    commands = {
        "host": bench.program("host", "--module", bench.bin / "sim.wasm", shard),
        "sandbox": [bench.sandbox, bench.bin / "sim.wasm", shard],
    }
    taken = in_turn(commands, bench.folder)
    inner = [json.loads(one.output) for one in taken["sandbox"]]
    rate = lambda way: [requests / one[way] / 1e6 for one in inner]
    unit = "M requests/s"
    whole = rates(taken["host"], requests)
    yield Row("sandbox", "host, whole program from a shard's file", unit, whole, "native, in memory", rate("native"),
              [Mark("ratio", least=0.9), Mark("ours", least=35)])  # fmt: skip
    yield Row("sandbox", "host's sandbox alone, in memory", unit, rate("host"), "native, in memory", rate("native"),
              [Mark("ratio", least=0.9), Mark("ours", least=35)])  # fmt: skip

    ns = lambda way: [1e9 * one[way] / requests for one in inner]
    yield Row("sandbox", "cost of limits: a bare embedding with them", "ns/request", ns("bare, with limits"), "without",
              ns("bare"), [Mark("ratio", most=1.1)])  # fmt: skip
    yield Row("sandbox", "limits, checks and measuring: the host's sandbox", "ns/request", ns("host"), "bare wasmtime", ns("bare"))


def generate(bench):
    """tracegen to CSV against numpy and polars."""
    requests, out = bench.requests, bench.written / "out"
    clients = [1, 16, 100, 1000]
    commands = {n: bench.program("tracegen", "--samples", requests, "--concurrency", n, "--out", out) for n in clients}
    commands["numpy and polars"] = bench.peer("polars_generate.py", out, requests, 16)
    taken = in_turn(commands, bench.folder, before=bench.clear)
    for n in clients:
        yield Row("tracegen", f"tracegen to CSV, {n} client{'s' * (n > 1)}", "M rows/s", rates(taken[n], requests),
                  "numpy and polars", rates(taken["numpy and polars"], requests), [Mark("ours", least=20)])  # fmt: skip


def split(bench):
    """middleware partition against GNU split, and policies with state over 1,000 workers."""
    requests, trace = bench.requests, bench.trace(bench.requests)
    commands = {"split": ["sh", "-c", f"mkdir {bench.written}/shards && exec split -n r/4 '{trace}' {bench.written}/shards/"]}
    for balancer in ["R", "RR", "TC", "HASH"]:
        for format in ["csv", "records"]:
            commands[balancer, format] = bench.partition(trace, 4, balancer, format)
    for balancer in ["LW", "JSQ"]:
        commands[balancer, 1000] = bench.partition(trace, 1000, balancer)
    taken = in_turn({name if isinstance(name, str) else " ".join(map(str, name)): c for name, c in commands.items()},
                    bench.folder, before=bench.clear)  # fmt: skip
    theirs = rates(taken.pop("split"), requests)
    for name, rounds in taken.items():
        if not rounds[0].output.startswith(f"{requests} requests in "):
            raise SystemExit(f"partition {name}: {rounds[0].output}")
    for balancer in ["R", "RR", "TC", "HASH"]:
        for format in ["csv", "records"]:
            ours = rates(taken[f"{balancer} {format}"], requests)
            yield Row("partition", f"partition to {format}, {balancer} over 4", "M requests/s", ours, "split -n r/4", theirs,
                      [Mark("ratio", least=2)])  # fmt: skip
    ns = lambda name: [1e9 * one.seconds / requests for one in taken[name]]
    for balancer in ["LW", "JSQ"]:
        yield Row("partition", f"partition to records, {balancer} over 1,000", "ns/request", ns(f"{balancer} 1000"), "RR over 4",
                  ns("RR records"), [Mark("ratio", most=3)])  # fmt: skip


def memory(bench):
    """Peak memory of a run for different lengths."""
    short, long, longest = bench.scaled(1), bench.requests, bench.scaled(200)
    commands = {n: bench.simulate(bench.trace(n), 4) for n in [short, long]}
    commands["polars"] = bench.peer("polars_queue.py", bench.trace(long), 4, 1e7, "over")
    taken = in_turn(commands, bench.folder, rounds=3)
    peaks = {name: [one.peak for one in rounds] for name, rounds in taken.items()}
    what = "peak memory of a run of {}"
    yield Row("memory", what.format(millions(short)), "MiB", peaks[short], marks=[Mark("ours", most=256)])
    yield Row("memory", what.format(millions(long)), "MiB", peaks[long], "polars", peaks["polars"])
    longer = [(millions(long), peaks[long])]
    if bench.full:
        generate = bench.program("tracegen", "--samples", longest)
        piped = run(bench.simulate("-", 4), bench.folder, producer=generate)
        name = f"{millions(longest)} by a pipe from tracegen"
        longer.append((name, [piped.peak]))
        yield Row("memory", f"run of {name}", "M requests/s", rates([piped], longest))
    for name, ours in longer:
        yield Row("memory", what.format(name), "MiB", ours, millions(short), peaks[short],
                  [Mark("ours", most=256), Mark("ratio", most=1.1)])  # fmt: skip


def scale(bench):
    """Numbers of workers and lengths with the local executor."""
    requests, trace = bench.requests, bench.trace(bench.requests)
    counts = [1, 10, 100, 1000]
    commands = {f"{n} workers": bench.simulate(trace, n) for n in counts}
    one = bench.trace(1)
    commands |= {f"one request, {n} workers": bench.simulate(one, n) for n in [1, 1000]}
    taken = in_turn(commands, bench.folder)
    ns = lambda n: [1e9 * one.seconds / requests for one in taken[f"{n} workers"]]
    for n in counts[1:]:
        marks = [Mark("ratio", most=1.2)] if n <= 100 else []
        yield Row("scale", f"run, RR over {n} workers", "ns/request", ns(n), "1 worker", ns(1), marks)
    empty = taken["one request, 1000 workers"]
    start = [many.seconds - few.seconds for many, few in zip(empty, taken["one request, 1 workers"])]
    yield Row("scale", "an empty shard's worker", "ms", [seconds / 999 * 1e3 for seconds in start], marks=[Mark("ours", most=5)])
    yield Row("scale", "start and end of 1,000 workers, one request", "s", [one.seconds for one in empty],
              marks=[Mark("ours", most=1)])  # fmt: skip

    lengths = [bench.scaled(n) for n in [1, 10, *([100] if bench.full else [])]]
    taken = in_turn({n: bench.simulate(bench.trace(n), 4) for n in [1, *lengths]}, bench.folder)
    # A run's start, mostly compiling the module, does not depend on the length.
    rate = lambda n: [n / (whole.seconds - start.seconds) / 1e6 for whole, start in zip(taken[n], taken[1])]
    yield Row("scale", "start and end of a run of one request", "s", [one.seconds for one in taken[1]])
    for n in lengths:
        peer = (millions(lengths[1]), rate(lengths[1]), [Mark("ratio", least=0.9)]) if n != lengths[1] else (None, None, [])
        yield Row("scale", f"run of {millions(n)}, RR over 4, less its start", "M requests/s", rate(n), *peer)
    if bench.full:
        bench.trace(lengths[-1]).unlink()


POINTS = {
    "run": whole_run,
    "sandbox": sandbox,
    "tracegen": generate,
    "partition": split,
    "memory": memory,
    "scale": scale,
}
