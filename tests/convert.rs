//! `middleware convert` as a program: each format comes back from each other, and what is lost is reported.

use contract::{Request, RequestHeader};

use crate::support::{Folder, Run, shard};

/// The first lines of CSV as it is written.
const HEAD: &str = "# origin_ns=0\nid,arrival_ns,service_ns,client,class,op,block,size,reply_size\n";

/// CSV with these rows.
fn csv(rows: &str) -> String {
    format!("{HEAD}{rows}")
}

/// The second demand is missing. Ids and arrivals are whole in every format.
const ROWS: &str = "0,0,5000,1,0,r,7,1,0\n\
    1,2000,,0,0,w,18446744073709551615,4294967295,0\n\
    2,20000,0,4294967295,0,r,0,0,0\n";

/// With what the original's columns have no place for.
const RICH: &str = "3,1,5000,1,2,r,7,1,0\n9,2000,250,0,0,w,8,9,6\n";

fn convert(folder: &Folder, arguments: &str) -> Run {
    folder.run("middleware", &format!("convert {arguments}"))
}

fn requests(records: &[u8]) -> Vec<Request> {
    records.chunks_exact(Request::LEN).skip(1).map(Request::from_bytes).collect()
}

#[test]
fn csv_is_written_with_all_columns_and_without_sampled_demands() {
    let folder = Folder::with("t.csv", csv(ROWS));
    let ended = convert(&folder, "t.csv --out u.csv").succeeds();
    assert_eq!((ended.stdout().as_str(), folder.text("u.csv").as_str()), ("", csv(ROWS).as_str()));
    let ended = ended.says("note: u.csv: 3 requests of a trace of format csv\n");
    ended.says("note: u.csv: 1 of 3 demands are not in the trace: their cells are empty");
    // Standard output is the default; `-` names it too.
    for to in ["", "--out -", "--format csv"] {
        assert_eq!(convert(&folder, &format!("t.csv --quiet {to}")).succeeds().says_nothing().stdout(), csv(ROWS));
    }
    assert_eq!(convert(&folder, "-").stdin(csv(ROWS)).succeeds().stdout(), csv(ROWS));
    // Few columns, of other names, units and order; without an origin, times count from the first arrival.
    let folder = Folder::with("few.csv", "size,arrival_ms\n9,1.5\n8,2\n");
    let rows = "0,0,,0,0,r,0,9,0\n1,500000,,0,0,r,0,8,0\n";
    let ended = convert(&folder, "few.csv").succeeds().says("time 0 is 1500000 ns in the trace");
    assert_eq!(ended.stdout(), csv(rows));
    let rows = "0,1500000,,0,0,r,0,9,0\n1,2000000,,0,0,r,0,8,0\n";
    assert_eq!(convert(&folder, "few.csv --origin zero").succeeds().stdout(), csv(rows));
}

#[test]
fn a_converted_trace_gives_the_same_results() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 2000 --out t.csv").succeeds();
    let tally =
        |name: &str| folder.host(&format!("{name} --json --st 2ms --seed 3")).succeeds().json()["tally"].clone();
    let expected = tally("t.csv");
    convert(&folder, "t.csv --out u.csv").succeeds().says("2000 of 2000 demands are not in the trace");
    assert_eq!(tally("u.csv"), expected);
    let sampled = "2000 of 2000 demands sampled: exponential, mean 2 ms";
    convert(&folder, "u.csv --format records --out t.req --st 2ms --seed 3").succeeds().says(sampled);
    assert_eq!(tally("t.req"), expected);
}

#[test]
fn records_come_back_whole() {
    let folder = Folder::with("t.csv", csv(ROWS));
    let convert = |arguments: &str| convert(&folder, arguments).succeeds();
    convert("t.csv --format records --out t.req --service deterministic --st 7us");
    let records = folder.read("t.req");
    let header = RequestHeader::from_bytes(records.first_chunk().unwrap()).unwrap();
    assert_eq!((header.requests, requests(&records).len()), (3, 3));
    assert_eq!(requests(&records).iter().map(|request| request.service_ns).collect::<Vec<_>>(), [5000, 7000, 0]);
    // A pipe can't be written twice, so that its header has no number.
    let piped = convert("t.req --format records").stdout_bytes().to_vec();
    assert_eq!(RequestHeader::from_bytes(piped.first_chunk().unwrap()).unwrap().requests, RequestHeader::UNKNOWN);
    assert_eq!(requests(&piped), requests(&records));

    convert("t.req --out u.csv");
    assert_eq!(folder.text("u.csv"), csv(ROWS).replace("2000,,", "2000,7000,"));
    convert("u.csv --format records --out u.req");
    assert_eq!(folder.read("u.req"), records);
}

#[test]
fn five_columns_come_back_and_what_they_lose_is_reported() {
    let original = "0,1,r,7,1\n2,0,w,18446744073709551615,4294967295\n20,4294967295,r,0,0\n";
    let folder = Folder::with("t.csv", csv(ROWS)).and("rich.csv", csv(RICH));
    let ended = convert(&folder, "t.csv --format original --out t.txt").succeeds();
    assert_eq!(folder.text("t.txt"), original);
    ended.says("note: t.txt: lost, because the format has no place for them: demands\n");
    let ended = convert(&folder, "t.txt --format original").succeeds();
    assert_eq!(ended.stdout(), original);
    assert!(!ended.errors().contains("lost"), "{}", ended.errors());
    // Nothing but the demands is lost on the way through them.
    let without = convert(&folder, "t.txt").succeeds().stdout();
    assert_eq!(without, csv(ROWS).replace("0,0,5000,", "0,0,,").replace("20000,0,", "20000,,"));

    let ended = convert(&folder, "rich.csv --format original").succeeds();
    assert_eq!(ended.stdout(), "0,1,r,7,1\n2,0,w,8,9\n");
    ended.says(": ids, demands, classes, reply sizes, fractions of a microsecond of arrivals\n");
    let ended = convert(&folder, "rich.csv").succeeds();
    assert_eq!(ended.stdout(), csv(RICH));
    assert!(!ended.errors().contains("lost"), "{}", ended.errors());
}

#[test]
fn published_formats_and_reading_flags_are_converted() {
    let trace = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
        2023-11-16 18:17:04,8,5\n2023-11-16 18:17:03.5,9,4\n";
    let folder = Folder::with("llm.csv", trace);
    let ended = convert(&folder, "llm.csv --sort").succeeds();
    let rows = "0,0,,0,0,r,0,9,4\n1,500000000,,0,0,r,0,8,5\n";
    assert_eq!(ended.stdout(), csv(rows));
    ended.says("2 requests of a trace of format azure-llm").says("time 0 is 1700158623500000000 ns in the trace");
    convert(&folder, "llm.csv").exits(3).says("error: llm.csv:3: ").says("--sort");
}

#[test]
fn several_traces_are_merged_and_shaped() {
    let folder = Folder::with("a.csv", "arrival_ms,client,op\n0,1,r\n0,2,w\n2,3,r\n")
        .and("b.csv", "arrival_ms,client,op\n0,4,r\n1,5,w\n2,7,r\n2,2,r\n");
    // Client and arrival [µs] of each request.
    let rows = |arguments: &str| -> Vec<(u64, u64)> {
        let text = convert(&folder, &format!("{arguments} --format original")).succeeds().stdout();
        let cells = text.lines().map(|row| row.split(',').take(2).map(|cell| cell.parse().unwrap()).collect());
        cells.map(|cells: Vec<u64>| (cells[1], cells[0])).collect()
    };
    let merged = [(1, 0), (2, 0), (4, 0), (5, 1000), (3, 2000), (7, 2000), (2, 2000)];
    assert_eq!(rows("a.csv b.csv"), merged);
    assert_eq!(rows("a.csv b.csv --only write"), [(2, 0), (5, 1000)]);
    // docs/reproducibility.md has the clients that are kept.
    assert_eq!(rows("a.csv b.csv --sample 0.5:client"), [(4, 0), (5, 1000), (3, 2000), (7, 2000)]);
    let even = [(1, 0), (2, 333), (4, 666), (5, 1000), (3, 2000), (7, 2333), (2, 2666)];
    assert_eq!(rows("a.csv b.csv --spread even:1ms"), even);
    let spread = |seed| rows(&format!("a.csv b.csv --origin zero --spread random:1ms --seed {seed}"));
    // The vectors of docs/reproducibility.md, for a tick of 1 ms.
    assert_eq!(spread(1)[..3], [(1, 334), (2, 870), (4, 984)]);
    assert_eq!(spread(1), spread(1));
    assert_ne!(spread(1), spread(2));
    convert(&folder, "a.csv b.csv --out b.csv").exits(2).says("b.csv would overwrite b.csv");
    convert(&folder, "- -").stdin(csv(ROWS)).exits(2).says("standard input");
}

/// Two times 2,200,000 requests are more than a sort holds in memory.
#[test]
fn a_long_sort_uses_the_folder_of_temporary_files() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 2200000 --format records --out t.req").succeeds();
    let sorted = || convert(&folder, "t.req t.req --format records --out u.req");
    sorted().env("TMPDIR", "missing").exits(1).says("error: missing: the temporary file of the sort: No such file");
    assert_eq!(folder.names(), ["t.req"]);
    // Without --sort, so that a request out of order would be refused.
    sorted().succeeds().says("note: u.req: 4400000 requests");
    convert(&folder, "u.req --out /dev/null").succeeds().says("4400000 requests");
}

#[test]
fn a_setting_that_changes_nothing_is_a_warning() {
    let folder = Folder::with("t.csv", csv(ROWS)).and("rich.csv", csv(RICH));
    let unused = "warning: ST changes nothing: no demand was sampled";
    convert(&folder, "t.csv --st 3ms").succeeds().says(unused);
    convert(&folder, "rich.csv --st 3ms --format records --out r").succeeds().says(unused);
    let ended = convert(&folder, "t.csv --st 3ms --format records --out r").succeeds();
    assert!(!ended.errors().contains("warning"), "{}", ended.errors());
}

#[test]
fn an_error_leaves_no_file() {
    let odd = shard(&[Request { op: 5, ..Request::default() }]);
    let folder = Folder::with("t.csv", csv(ROWS)).and("bad.csv", "arrival_ms\n1\nx\n").and("odd.req", odd);
    let names = folder.names();
    for (arguments, code, words) in [
        ("bad.csv --out u", 3, "error: bad.csv:3: "),
        ("missing.csv --out u", 3, "error: missing.csv: No such file"),
        ("odd.req --out u", 3, "error: odd.req: request 0: op 5 can't be written as CSV"),
        ("odd.req --format original --out u", 3, "op 5 can't be written"),
        ("t.csv --out missing/u", 1, "missing/u: No such file"),
        ("t.csv --out /dev/full", 1, "/dev/full: No space left on device"),
        ("t.csv --format records --st x --out u", 2, "flag: ST=x must be a duration"),
        ("t.csv --out ./t.csv", 2, "./t.csv would overwrite t.csv"),
        ("missing.csv t.csv --out t.csv", 2, "t.csv would overwrite t.csv"),
    ] {
        convert(&folder, arguments).exits(code).says(words);
        assert_eq!(folder.names(), names, "{arguments}");
    }
    convert(&folder, "odd.req --format records --out r").succeeds();
    assert_eq!(folder.read("r"), folder.read("odd.req"));
    folder.shell("middleware convert - --out t.csv <t.csv").exits(2).says("t.csv would overwrite standard input");
    folder.shell("middleware convert t.csv >>t.csv").exits(2).says("standard output would overwrite t.csv");
    assert_eq!(folder.text("t.csv"), csv(ROWS));
    convert(&folder, "").exits_as_usage();
    convert(&folder, "t.csv --format xml").exits_as_usage();
    convert(&folder, "t.csv --balancer RR").exits_as_usage();
}

#[test]
fn a_trace_without_requests_is_a_header() {
    let folder = Folder::with("none.csv", "arrival_ms\n");
    assert_eq!(convert(&folder, "none.csv").succeeds().stdout(), HEAD);
    convert(&folder, "none.csv --format records --out none.req").succeeds().says("0 requests");
    assert_eq!(folder.read("none.req"), shard(&[]));
}

#[test]
fn a_closed_stdout_ends_quietly_with_141() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let folder = Folder::with("t.csv", csv(ROWS));
    convert(&folder, "t.csv").stdout(writer).exits(141).says_nothing();
}
