//! One server, first in, first out, with a cold start: after 50 ms without work, the next request takes 20 ms longer.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

const OWN_DEMANDS: u64 = 16; // the capability to decide what service a request needs
const IDLE_NS: u64 = 50_000_000;
const COLD_NS: u64 = 20_000_000;

fn main() -> io::Result<()> {
    let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());

    // Both streams begin with a header. That of the requests has the length of every record at byte 12.
    let mut header = [0; 48];
    input.read_exact(&mut header)?;
    let mut request = vec![0; (number(&header, 8) >> 32) as usize];
    input.read_exact(&mut request[48..])?;
    output.write_all(b"QBOXCPL\n")?;
    write(&mut output, &[32 << 32 | 1, OWN_DEMANDS, 0])?; // record length and version, capabilities, 0

    let mut free = 0; // when the server has finished all work so far
    while !input.fill_buf()?.is_empty() {
        input.read_exact(&mut request)?;
        let (id, arrival, demand) = (number(&request, 0), number(&request, 8), number(&request, 16));
        let service = if arrival > free + IDLE_NS { demand + COLD_NS } else { demand };
        let start = arrival.max(free);
        free = start + service;
        write(&mut output, &[id, start, free, service])?;
    }
    output.flush()
}

fn number(record: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(record[at..at + 8].try_into().unwrap())
}

fn write(output: &mut impl Write, numbers: &[u64]) -> io::Result<()> {
    numbers.iter().try_for_each(|number| output.write_all(&number.to_le_bytes()))
}
