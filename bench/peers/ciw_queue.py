"""Round robin over workers as a Ciw model. Arguments: trace, workers, mean service time in ns. Prints the mean delay in queue
in ns."""

import csv
import sys

import ciw

path, workers, st_ns = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
last, interarrivals = [0] * workers, [[] for _ in range(workers)]
with open(path, newline="") as trace:
    for row in csv.DictReader(row for row in trace if not row.startswith("#")):
        worker, arrival = int(row["id"]) % workers, int(row["arrival_ns"])
        interarrivals[worker].append(arrival - last[worker])
        last[worker] = arrival

ciw.seed(1)
network = ciw.create_network(
    arrival_distributions=[ciw.dists.Sequential(of_worker + [float("inf")]) for of_worker in interarrivals],
    service_distributions=[ciw.dists.Exponential(rate=1 / st_ns)] * workers,
    number_of_servers=[1] * workers,
    routing=[[0.0] * workers for _ in range(workers)],
)
simulation = ciw.Simulation(network)
simulation.simulate_until_max_time(2 * max(last) + 1000 * st_ns)
delays = [record.waiting_time for record in simulation.get_all_records()]
assert len(delays) == sum(map(len, interarrivals)), len(delays)
print(sum(delays) / len(delays))
