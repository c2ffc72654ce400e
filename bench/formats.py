"""Rows a second of each trace format, beside polars reading the same file or, where that can't, `wc -l`. `make bench-formats` runs it."""

import argparse
import os
import struct
import subprocess
import sys

from measuring import in_turn, rates
from run import ROOT, environment

# The rows of each format: its header, and row i.
CLOCK = "{:02}:{:02}:{:02}"


def clock(i):
    second = i // 1000
    return CLOCK.format(second // 3600 % 24, second // 60 % 60, second % 60)


FORMATS = {
    "csv": ("id,arrival_ns,client,op,block,size\n", lambda i: f"{i},{i * 1000},{i % 16},r,{i * 7919 % 1000000},8\n"),
    "csv, all columns": (
        "id,arrival_ns,service_ns,client,class,op,block,size,reply_size\n",
        lambda i: f"{i},{i * 1000},{i % 977},{i % 16},0,r,{i * 7919 % 1000000},8,0\n",
    ),
    "csv, quoted": ('"arrival_s","service_ms"\n', lambda i: f'"{i / 1000}","{i % 97 / 10}"\n'),
    "csv, names": ("ts;user;took\n", lambda i: f"{i / 1000};user{i % 97};{i % 97 / 10}\n"),
    "original": ("", lambda i: f"{i},0,r,{i * 7919 % 1000000},8\n"),
    "azure-functions-2021": (
        "app,func,end_timestamp,duration\n",
        lambda i: f"app{i % 97},func{i % 977},{i / 1000 + 1},{0.25}\n",
    ),
    "azure-llm": (
        "TIMESTAMP,ContextTokens,GeneratedTokens\n",
        lambda i: f"2023-11-16 {clock(i)}.{i % 1000:03}0000,{i % 4096},{i % 512}\n",
    ),
    "burstgpt": (
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n",
        lambda i: f"{i},ChatGPT,{i % 4096},{i % 512 + 1},{i % 4096 + i % 512 + 1},API log\n",
    ),
    "vidur": ("arrived_at,num_prefill_tokens,num_decode_tokens\n", lambda i: f"{i / 1000},{i % 4096},{i % 512}\n"),
    "splitwise": (
        "request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n",
        lambda i: f"{i},2,0,{i / 1000},1,{i % 4096},{i % 512}\n",
    ),
    "mooncake": (
        "",
        lambda i: f'{{"timestamp": {i}, "input_length": {i % 4096}, "output_length": {i % 512}, "hash_ids": [{i}, {i + 1}, {i + 2}]}}\n',
    ),
    "mqsim": ("", lambda i: f"{i * 1000} 0 {i * 7919 % 1000000} 8 1\n"),
    "spc": ("", lambda i: f"0,{i * 7919 % 1000000},8192,W,{i / 1000}\n"),
    "msr": ("", lambda i: f"{128166372003061629 + i * 100},hm,1,Read,{i * 4096},32768,413\n"),
    "systor17": (
        "Timestamp,Response,IOType,LUN,Offset,Size\n",
        lambda i: f"{1456135200 + i // 1000}.{i % 1000:03}018000,0.000806000,W,4,{i * 512},4096\n",
    ),
    "alibaba-block": ("", lambda i: f"{i % 97},W,{i * 4096},16384,{1577808144360767 + i}\n"),
    "cloudphysics": ("version,time,op,size,lbn\n", lambda i: f"1,{5633898 + i},2a,512,{i * 7919 % 1000000}\n"),
    "libcachesim-csv": ("# time, object, size, next_access_vtime\n", lambda i: f"{i // 100}, {i % 9973}, 512, -1\n"),
    "oracle-general": (
        b"",
        lambda i: struct.pack("<IQIq", i // 1000, i % 9973, 512, -1),
    ),
    "fio-iolog": (
        "fio version 3 iolog\n0 /dev/sdx add\n0 /dev/sdx open\n",
        lambda i: f"{i} /dev/sdx read {i * 4096 % 1073741824} 4096\n",
    ),
    "nginx": (
        "",
        lambda i: f'192.0.2.{i % 256} - - [05/Nov/2023:{clock(i)} +0000] "GET /a/{i % 997} HTTP/1.1" 200 512 "-" "curl/8.0" 0.000\n',
    ),
    "combined": (
        "",
        lambda i: f'192.0.2.{i % 256} - - [05/Nov/2023:{clock(i)} +0000] "GET /a/{i % 997} HTTP/1.1" 200 512 "-" "curl/8.0"\n',
    ),
    "haproxy": (
        "",
        lambda i: (
            f"192.0.2.{i % 256}:4711 [15/Mar/2024:{clock(i)}.{i % 1000:03}] http-in static/web1 0/0/1/30/31 200 900 - - ---- "
            f'1/1/1/1/0 0/0 "GET /a/{i % 997} HTTP/1.1"\n'
        ),
    ),
    "jmeter": (
        "timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
        "grpThreads,allThreads,URL,Latency,IdleTime,Connect\n",
        lambda i: f"{1710498600250 + i},354,log in,200,OK,Users 1-{i % 97},text,true,,2781,133,1,1,http://example.org/login,354,0,275\n",
    ),
    "vegeta": (
        "",
        lambda i: f"{1710498600250000007 + i * 1000},200,5120000,0,3,,YWJj,attack,{i},GET,http://example.org/a,\n",
    ),
    "k6": (
        "metric_name,timestamp,metric_value,check,error,expected_response,group,method,name,status,url,extra_tags,metadata\n",
        lambda i: f"http_reqs,{1710498600 + i // 1000},1.000000,,,true,,GET,a,200,https://example.org/a,,\n",
    ),
    "swf": ("; Version: 2.2\n", lambda i: f"{i + 1} {i} -1 {i % 977} 128 -1 -1 128 -1 -1 1 1 3 7 1 -1 -1 -1\n"),
}

# What polars divides by commas, with these arguments.
POLARS = "import polars, sys; print(polars.read_csv(sys.argv[1], infer_schema_length=1000, has_header={}, comment_prefix={!r}, separator={!r}, truncate_ragged_lines=True).height)"
NOT_DELIMITED = ["mooncake", "mqsim", "oracle-general", "fio-iolog", "nginx", "combined", "haproxy", "swf", "libcachesim-csv"]


def write(path, header, row, rows):
    if path.exists():
        return
    encode = (lambda text: text) if isinstance(header, bytes) else str.encode
    with open(path.with_suffix(".part"), "wb") as file:
        file.write(encode(header))
        for start in range(0, rows, 10_000):
            file.write(b"".join(encode(row(i)) for i in range(start, min(rows, start + 10_000))))
    path.with_suffix(".part").rename(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--only", choices=FORMATS)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    folder = ROOT / "target/bench"
    folder.mkdir(parents=True, exist_ok=True)
    environment(folder)
    print("| format | M rows/s | peer | M rows/s | ratio |\n|---|---|---|---|---|")
    for name, (header, row) in FORMATS.items():
        if arguments.only not in (None, name):
            continue
        path = folder / f"format-{name.replace(', ', '-').replace(' ', '-')}-{arguments.rows}"
        write(path, header, row, arguments.rows)
        measure(name, path, header, arguments.rows, folder)
        if name == "csv":
            packed = path.with_suffix(".gz")
            if not packed.exists():
                with open(packed.with_suffix(".part"), "wb") as file:
                    subprocess.run(["gzip", "-c", path], stdout=file, check=True)
                packed.with_suffix(".part").rename(packed)
            compare("csv, gzip", packed, "zcat | wc -l", ["sh", "-c", f"zcat {packed} | wc -l"], arguments.rows, folder)


def measure(name, path, header, rows, folder):
    if name in NOT_DELIMITED:
        compare(name, path, "wc -l", ["wc", "-l", path], rows, folder)
    else:
        code = POLARS.format(bool(header), None, ";" if ";" in header else ",")
        compare(name, path, "polars", [folder / "venv/bin/python", "-c", code, path], rows, folder)


def compare(name, path, peer, command, rows, folder):
    more = ["--columns", "arrival=ts:s, client=user, service=took:ms"] if name == "csv, names" else []
    ours = [ROOT / "bin/middleware", "convert", path, "--format", "records", "--out", "/dev/null", *more]
    taken = in_turn({"ours": list(map(str, ours)), "peer": list(map(str, command))}, folder, rounds=3)
    best = {who: max(rates(runs, rows)) for who, runs in taken.items()}
    print(f"| {name} | {best['ours']:.1f} | {peer} | {best['peer']:.1f} | {best['ours'] / best['peer']:.2f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
