//! SERVERS servers, first in, first out. It checks its environment and the header of its input.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io::{self, Read, Write};

fn main() -> io::Result<()> {
    let setting = |key: &str| std::env::var(key).unwrap_or_default();
    if setting("SIM_CONTRACT") != "1" || setting("DISCIPLINE") != "fifo" {
        fail(64, "only contract 1 and DISCIPLINE=fifo are supported");
    }
    let servers: usize = setting("SERVERS").parse().unwrap_or_else(|_| fail(64, "SERVERS is not a number"));

    // Record 0 of the completions: magic, version 1, record length 32, the bits SERVERS (1) and DISCIPLINE (2), zeros.
    let mut out = Vec::from(b"QBOXCPL\n");
    [1u64 | 32 << 32, 1 | 2, 0].iter().for_each(|field| out.extend(field.to_le_bytes()));

    // Record 0 of the requests contains the length of every record.
    let mut input = io::stdin().lock();
    let mut header = [0; 48];
    if read(&mut input, &mut header)? < 48 || !header.starts_with(b"QBOXREQ\n") || header[8..12] != [1, 0, 0, 0] {
        fail(65, "the input is not a shard of contract 1");
    }
    let len = (field(&header, 8) >> 32) as usize;
    if !(48..=4096).contains(&len) || len % 8 != 0 {
        fail(65, "the shard's record length is not a multiple of 8 from 48 to 4096");
    }
    read(&mut input, &mut vec![0; len - 48])?;

    let mut free = BinaryHeap::new(); // when each server that has served is free again, the earliest on top
    let mut chunk = vec![0; 65536 / len * len];
    loop {
        let filled = read(&mut input, &mut chunk)?;
        if filled % len != 0 {
            fail(65, "the shard is truncated");
        }
        for request in chunk[..filled].chunks_exact(len) {
            let (id, arrival, demand) = (field(request, 0), field(request, 8), field(request, 16));
            let idle = if free.len() < servers { 0 } else { free.pop().map_or(0, |Reverse(idle)| idle) };
            let start = arrival.max(idle);
            free.push(Reverse(start + demand));
            [id, start, start + demand, demand].iter().for_each(|field| out.extend(field.to_le_bytes()));
        }
        io::stdout().write_all(&out)?;
        out.clear();
        if filled < chunk.len() {
            return io::stdout().flush();
        }
    }
}

/// Reads until `buffer` is full or the input ends.
fn read(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..])? {
            0 => break,
            more => filled += more,
        }
    }
    Ok(filled)
}

fn field(record: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(record[at..at + 8].try_into().expect("eight bytes"))
}

fn fail(code: i32, reason: &str) -> ! {
    eprintln!("{reason}");
    std::process::exit(code)
}
