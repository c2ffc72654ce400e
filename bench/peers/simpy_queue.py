"""Round robin over workers as a SimPy program. Arguments: trace, workers, mean service time in ns. Prints the mean delay in
queue in ns."""

import csv
import random
import sys

import simpy

path, workers, st_ns = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
sampler = random.Random(1)
environment = simpy.Environment()
servers = [simpy.Resource(environment) for _ in range(workers)]
delays = []


def serve(server):
    arrival = environment.now
    with server.request() as turn:
        yield turn
        delays.append(environment.now - arrival)
        yield environment.timeout(sampler.expovariate(1 / st_ns))


def arrive(rows):
    for row in rows:
        yield environment.timeout(int(row["arrival_ns"]) - environment.now)
        environment.process(serve(servers[int(row["id"]) % workers]))


with open(path, newline="") as trace:
    environment.process(arrive(csv.DictReader(row for row in trace if not row.startswith("#"))))
    environment.run()
print(sum(delays) / len(delays))
