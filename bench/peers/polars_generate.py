"""A trace as tracegen writes it: numpy draws, polars writes. Arguments: file, requests, clients.

Poisson clients together are Poisson again, so one stream of gaps and a client sampled for each request have the law of
tracegen's streams, one for each client, merged in order, which costs more: the short cut is the peer's."""

import sys

import numpy as np
import polars as pl

path, requests, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
INTER_ARRIVAL_NS, SAS, SIZE, READ_RATIO = 10_000_000, 1_000_000, 64, 0.7

draw = np.random.default_rng(1)
size = np.maximum(draw.poisson(SIZE, requests), 1)
trace = pl.DataFrame(
    {
        "id": np.arange(requests),
        "arrival_ns": np.cumsum(draw.exponential(INTER_ARRIVAL_NS / clients, requests)).astype(np.int64),
        "client": draw.integers(0, clients, requests, dtype=np.int32),
        "is_read": draw.random(requests) < READ_RATIO,
        "block": 1 + (draw.random(requests) * (SAS - size + 1)).astype(np.int64),
        "size": size,
    }
)
op = pl.when("is_read").then(pl.lit("r")).otherwise(pl.lit("w")).alias("op")
trace.select("id", "arrival_ns", "client", op, "block", "size").write_csv(path)
