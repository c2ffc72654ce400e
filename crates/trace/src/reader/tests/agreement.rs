//! Random CSVs, and random edits of them, compared with the `csv` crate and a few plain rules.

use proptest::prelude::*;

use super::*;

const TIMES: [(&str, usize); 4] = [("s", 9), ("ms", 6), ("us", 3), ("ns", 0)];

/// What a native CSV is, by another method.
#[derive(Debug)]
enum Expected {
    Read(Vec<Request>),
    Refused,
    /// It depends on a rule that this method does not have: of quotes around line breaks.
    Unknown,
}

fn oracle(text: &str) -> Expected {
    let mut lines =
        text.split_inclusive('\n').map(|line| line.strip_suffix("\r\n").or(line.strip_suffix('\n')).unwrap_or(line));
    let names = cells(lines.next().unwrap_or_default());
    let mut requests: Vec<Request> = Vec::new();
    let mut identities = Vec::new();
    for (row, line) in (0..).zip(lines) {
        if line.matches('"').count() % 2 == 1 {
            return Expected::Unknown;
        }
        // Line breaks are \n and \r\n alone.
        if line.contains('\r') {
            return Expected::Refused;
        }
        if line.trim().is_empty() {
            continue;
        }
        // The first row decides whether clients and blocks have names.
        if identities.is_empty() {
            let is_identity = |name: &str| matches!(name, "client" | "block");
            identities =
                names.iter().zip(cells(line)).filter(|(name, _)| is_identity(name)).map(|(_, cell)| cell).collect();
            if identities.iter().any(|cell| integer::<u64>(cell).is_none()) {
                return Expected::Unknown;
            }
        }
        let Some(request) = request(&names, &cells(line), row) else { return Expected::Refused };
        if requests.last().is_some_and(|last| last.arrival_ns > request.arrival_ns || last.id >= request.id) {
            return Expected::Refused;
        }
        requests.push(request);
    }
    let Some(first) = requests.first() else { return Expected::Refused };
    let first_ns = first.arrival_ns;
    requests.iter_mut().for_each(|request| request.arrival_ns -= first_ns);
    Expected::Read(requests)
}

fn cells(line: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
    let record = reader.records().next().unwrap().unwrap();
    record.iter().map(|cell| cell.trim_matches([' ', '\t']).to_owned()).collect()
}

fn request(names: &[String], cells: &[String], row: u64) -> Option<Request> {
    if cells.len() != names.len() {
        return None;
    }
    let (mut request, mut service_ns) = (Request { id: row, ..Request::default() }, None);
    for (name, cell) in names.iter().zip(cells) {
        match name.as_str() {
            "id" => request.id = integer(cell)?,
            "client" => request.client = integer(cell)?,
            "class" => request.class = integer(cell)?,
            "op" => {
                request.op = ["rR", "wW"].iter().position(|op| cell.len() == 1 && op.contains(cell.as_str()))? as u8
            }
            "block" => request.block = integer(cell)?,
            "size" => request.size = integer(cell)?,
            "reply_size" => request.reply_size = integer(cell)?,
            "note" => {}
            _ => match name.split_once('_')? {
                ("arrival", unit) => request.arrival_ns = time(cell, unit)?,
                (_, _) if cell.is_empty() => {}
                (_, unit) => service_ns = Some(time(cell, unit)?),
            },
        }
    }
    request.service_ns = service_ns.unwrap_or_else(|| demands().sample(request.id));
    Some(request)
}

/// `text` times ten to the power of `places`: the digits before the decimal point, and whether there are others but 0
/// behind it; None if it is not a number from 0.
fn number(text: &str, places: i32) -> Option<(String, bool)> {
    let unsigned = text.strip_prefix('+').or(text.strip_prefix('-')).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent: i32 = exponent.parse::<i16>().ok()?.into();
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let is_zero = digits.bytes().all(|digit| digit == b'0');
    if digits.is_empty() || !digits.bytes().all(|digit| digit.is_ascii_digit()) || text.starts_with('-') && !is_zero {
        return None;
    }
    if is_zero {
        return Some(("0".to_owned(), false));
    }
    let point = whole.len() as i32 + exponent + places;
    if point > 60 && digits.trim_start_matches('0').len() as i32 + point - whole.len() as i32 > 40 {
        return None;
    }
    let before: String =
        (0..point.max(0)).map(|place| digits.as_bytes().get(place as usize).map_or('0', |&b| b.into())).collect();
    let after = digits.bytes().skip(point.max(0) as usize);
    let rest = after.take(if point < 0 { usize::MAX } else { 60 }).any(|digit| digit != b'0');
    Some((format!("0{before}"), rest))
}

fn integer<T: TryFrom<u128>>(text: &str) -> Option<T> {
    let (digits, has_rest) = number(text, 0)?;
    T::try_from(digits.parse().ok()?).ok().filter(|_| !has_rest)
}

/// Moves the decimal point by writing the digits out.
fn time(text: &str, unit: &str) -> Option<u64> {
    let places = TIMES.iter().find(|(name, _)| *name == unit)?.1;
    let (digits, has_rest) = number(text, places as i32)?;
    digits.parse().ok().filter(|&ns: &u64| ns < 1 << 62 && !(has_rest && places == 0))
}

/// The columns that tracegen writes, or others in a random order, with an arrival among them.
fn columns() -> impl Strategy<Value = Vec<String>> {
    let tracegen = "id,arrival_ns,client,op,block,size".split(',').map(str::to_owned).collect();
    prop_oneof![Just(tracegen), any_columns()]
}

fn any_columns() -> impl Strategy<Value = Vec<String>> {
    let unit = || prop::sample::select(TIMES.to_vec()).prop_map(|(unit, _)| unit);
    let others = vec!["id", "client", "class", "op", "block", "size", "reply_size", "note"];
    (unit(), prop::option::of(unit()), prop::sample::subsequence(others, 0..=8)).prop_flat_map(
        |(arrival, service, others)| {
            let mut columns: Vec<String> = others.into_iter().map(str::to_owned).collect();
            columns.push(format!("arrival_{arrival}"));
            columns.extend(service.map(|unit| format!("service_{unit}")));
            Just(columns).prop_shuffle()
        },
    )
}

fn csv(columns: &[String], seeds: &[[u64; 10]], line_break: &str) -> String {
    let mut text = columns.join(",");
    let (mut id, mut arrival) = (0u64, 0u64);
    for seed in seeds {
        text.push_str(line_break);
        id += 1 + seed[9] % 3;
        arrival += seed[8] >> (20 + seed[9] % 40);
        for (place, column) in columns.iter().enumerate() {
            let (value, comma) = (seed[place % 8], if place > 0 { "," } else { "" });
            let short = value >> (value % 64);
            let cell = match column.as_str() {
                "id" => id.to_string(),
                "class" => (value as u16).to_string(),
                "op" => ["r", "w", "R", "W"][(value % 4) as usize].to_owned(),
                "block" => short.to_string(),
                "note" => ["", "a b", "-1", "é"][(value % 4) as usize].to_owned(),
                "client" | "size" | "reply_size" => (short as u32).to_string(),
                arrives if arrives.starts_with("arrival") => decimal(arrival, arrives, value),
                _ if value % 3 == 0 => String::new(),
                serves => decimal(short >> 2, serves, value),
            };
            text.push_str(comma);
            text.push_str(&cell);
        }
    }
    text
}

/// `ns` in the unit of `column`, with added zeros and digits that do not change the value.
fn decimal(ns: u64, column: &str, noise: u64) -> String {
    let places = TIMES.iter().find(|(unit, _)| column.ends_with(&format!("_{unit}"))).unwrap().1;
    let text = format!("{ns:0>width$}", width = places + 1);
    let (whole, fraction) = text.split_at(text.len() - places);
    match noise % 3 {
        _ if places == 0 => whole.to_owned(),
        0 if fraction.bytes().all(|b| b == b'0') => whole.to_owned(),
        1 if !fraction.is_empty() => format!("{whole}.{fraction}"),
        _ => format!("00{whole}.{fraction}{noise}"),
    }
}

fn agree(text: &str) -> Result<(), TestCaseError> {
    let expected = oracle(text);
    let read = |block_size| read_in_blocks(text.as_bytes(), &ReadFlags::default(), block_size);
    let outcome = read(BLOCK_SIZE);
    prop_assert_eq!(&read(1 + text.len() / 3), &outcome);
    match (expected, outcome) {
        (Expected::Unknown, _) => {}
        (Expected::Read(requests), outcome) => prop_assert_eq!(outcome.map(|read| read.requests), Ok(requests)),
        // An empty trace is read, and refused by programs that need requests.
        (Expected::Refused, Ok(read)) => prop_assert!(read.requests.is_empty(), "{:?} is accepted", read),
        (Expected::Refused, outcome) => prop_assert!(matches!(outcome, Err(Failure::Trace { .. })), "{:?}", outcome),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_valid_csv_is_read_as_the_csv_crate_reads_it(
        columns in columns(),
        seeds in prop::collection::vec(any::<[u64; 10]>(), 1..12),
        line_break in prop::sample::select(vec!["\n", "\r\n"]),
        last in any::<bool>(),
    ) {
        let mut text = csv(&columns, &seeds, line_break);
        if last {
            text.push_str(line_break);
        }
        prop_assert!(matches!(oracle(&text), Expected::Read(_)), "{}", text);
        agree(&text)?;
    }

    #[test]
    fn after_random_edits_both_accept_or_reject_the_same(
        columns in columns(),
        seeds in prop::collection::vec(any::<[u64; 10]>(), 1..6),
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0..3, prop::sample::select(b"0019,..rwxe-+ \"\"\r\n".to_vec())), 1..4),
    ) {
        let mut text = csv(&columns, &seeds, "\n").into_bytes();
        let header = columns.join(",").len() + 1;
        for (place, kind, byte) in edits {
            let at = header + place.index(text.len() - header);
            match kind {
                0 => text.insert(at, byte),
                1 => text[at] = byte,
                _ if text.len() > header + 1 => { text.remove(at); }
                _ => {}
            }
        }
        // A character of two bytes may have lost one of them.
        agree(&String::from_utf8_lossy(&text))?;
    }
}
