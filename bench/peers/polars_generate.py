"""A trace in the format of tracegen: numpy samples, polars writes. Arguments: file, requests, clients.

The superposition of Poisson clients is Poisson, so one stream of interarrival times and a random client for each request
have the same distribution as tracegen's merged streams of all clients, which cost more. The peer takes the short cut."""

import sys

import numpy as np
import polars as pl

path, requests, clients = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
INTER_ARRIVAL_NS, SAS, SIZE, READ_RATIO = 10_000_000, 1_000_000, 64, 0.7

random = np.random.default_rng(1)
size = np.maximum(random.poisson(SIZE, requests), 1)
trace = pl.DataFrame(
    {
        "id": np.arange(requests),
        "arrival_ns": np.cumsum(random.exponential(INTER_ARRIVAL_NS / clients, requests)).astype(np.int64),
        "client": random.integers(0, clients, requests, dtype=np.int32),
        "is_read": random.random(requests) < READ_RATIO,
        "block": 1 + (random.random(requests) * (SAS - size + 1)).astype(np.int64),
        "size": size,
    }
)
op = pl.when("is_read").then(pl.lit("r")).otherwise(pl.lit("w")).alias("op")
trace.select("id", "arrival_ns", "client", op, "block", "size").write_csv(path)
