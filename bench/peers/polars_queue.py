"""Round robin over workers, exponential demands, first in, first out: the same result as a query over the trace.
Arguments: trace, workers, mean service time in ns, `over` or `parts`. Prints the mean delay in queue and the p99 of the
response time, in ns.

Request i starts at max over j <= i of (arrival of j - work before j) + work before i: running sums and a running maximum.
`over` is the plain query; `parts` is optimised for polars: without a window function, with a
filter for each worker, all of them in parallel."""

import sys

import numpy as np
import polars as pl

path, workers, st_ns, how = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]

trace = pl.read_csv(path, columns=["id", "arrival_ns"], comment_prefix="#")
trace = trace.with_columns(service=np.random.default_rng(1).exponential(st_ns, trace.height).astype(np.int64))
worker = pl.col("id") % workers
work = pl.col("service").cum_sum()
response = (pl.col("arrival_ns") - (work - pl.col("service"))).cum_max() + work - pl.col("arrival_ns")

if how == "over":
    served = trace.lazy().with_columns(response=response.over(worker))
else:
    parts = [trace.lazy().filter(worker == k).select("service", response=response) for k in range(workers)]
    served = pl.concat(parts)
mean, p99 = served.select((pl.col("response") - pl.col("service")).mean(), pl.col("response").quantile(0.99).alias("p99")).collect().row(0)
print(mean, p99)
