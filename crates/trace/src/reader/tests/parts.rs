//! Parts of a trace, other speeds, coarse clocks, rows that are skipped, and several files.

use super::*;

fn flags(change: impl FnOnce(&mut ReadFlags)) -> ReadFlags {
    let mut flags = ReadFlags::default();
    change(&mut flags);
    flags
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn arrivals(read: &Outcome) -> Vec<u64> {
    read.requests.iter().map(|request| request.arrival_ns).collect()
}

const TEN: &str = "arrival_s,op\n100,r\n101,w\n102,r\n103,w\n104,r\n105,w\n106,r\n107,w\n108,r\n109,w\n";
const S: u64 = 1_000_000_000;

#[test]
fn a_part_is_the_same_as_its_rows_alone() {
    let part = read_with(TEN, &flags(|f| (f.from, f.until) = (text("3s"), text("6s")))).unwrap();
    assert_eq!((arrivals(&part), part.summary.offset_ns), (vec![0, S, 2 * S], 103 * S as i64));
    // Ids are those of the whole trace, so that demands are.
    assert_eq!(part.requests.iter().map(|r| r.id).collect::<Vec<_>>(), [3, 4, 5]);
    assert_eq!((part.summary.requests, part.summary.sampled), (3, 3));
    let declared = format!("# origin_ns=0\n{TEN}");
    let part = read_with(&declared, &flags(|f| (f.from, f.origin) = (text("107s"), text("zero")))).unwrap();
    assert_eq!(arrivals(&part), [107 * S, 108 * S, 109 * S]);
    let dates = "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:00:00,1,1\n2023-11-16 19:00:00,2,1\n";
    let part = read_with(dates, &flags(|f| f.from = text("2023-11-16T18:30:00Z"))).unwrap();
    assert_eq!((part.requests.len(), part.requests[0].size), (1, 2));
    let mut none = open(TEN.as_bytes(), &flags(|f| f.from = text("1h")), BLOCK_SIZE, false).unwrap();
    none.read(|_, _| Ok::<_, Failure>(())).unwrap();
    assert_eq!(
        none.expect_requests(),
        Err(breaks(None, "none of the trace's requests is used: --from and --until count from its origin"))
    );
}

#[test]
fn arrivals_are_divided_by_the_speed() {
    let read = |speed: &str| read_with(TEN, &flags(|f| f.speed = text(speed)));
    assert_eq!(arrivals(&read("2").unwrap())[..3], [0, S / 2, S]);
    assert_eq!(arrivals(&read("0.1").unwrap())[..2], [0, 10 * S]);
    assert_eq!(arrivals(&read("3").unwrap())[1], 333_333_333);
    for wrong in ["0", "-1", "x", ""] {
        assert_eq!(read(wrong).unwrap_err().class(), Class::Usage, "{wrong}");
    }
    assert_eq!(
        read("0.000000001").unwrap_err().to_string(),
        "t.csv: the last arrival comes 2^62 ns or more after the origin"
    );
}

#[test]
fn reads_or_writes_are_used_alone() {
    let reads = read_with(TEN, &flags(|f| f.only = Some(crate::shape::keep::Only::Write))).unwrap();
    assert_eq!(reads.requests.iter().map(|r| r.id).collect::<Vec<_>>(), [1, 3, 5, 7, 9]);
    let without = read_with("arrival_s\n1\n", &flags(|f| f.only = Some(crate::shape::keep::Only::Read)));
    assert_eq!(without.unwrap_err(), Failure::usage("--only needs a trace that distinguishes reads and writes"));
    let by_block = read_with(TEN, &flags(|f| f.sample = text("0.5:block")));
    assert_eq!(by_block.unwrap_err().class(), Class::Usage);
    let mut trace = "arrival_ns,client\n".to_owned();
    (0..1000).for_each(|row| trace.push_str(&format!("{row},{}\n", row % 100)));
    let sampled = read_with(trace, &flags(|f| f.sample = text("0.2:client"))).unwrap().requests.len();
    assert!(sampled % 10 == 0 && (50..400).contains(&sampled), "{sampled}");
}

#[test]
fn order_is_reported_at_the_row_whatever_is_left_out() {
    let trace = "arrival_s,op\n1,r\n\n2,w\n1,r\n0,r\n";
    let reads = flags(|f| f.only = Some(crate::shape::keep::Only::Read));
    assert_eq!(refused_with(trace, &reads), "t.csv:5: arrival_s goes back (1 after 2); --sort puts them in order");
}

#[test]
fn a_coarse_clock_is_reported_and_its_ticks_are_spread() {
    let trace = "arrival_s\n5\n5\n5\n5\n6\n6\n6\n8\n";
    let coarse = "all arrivals are multiples of 1 s, and 5 of 7 interarrival times are 0: these bursts come from rounding; \
                  --spread even or random places the requests of a tick within it";
    assert_eq!(read(trace).remarks, [coarse]);
    assert!(read("arrival_ms\n5\n5\n5\n5\n6\n6\n6\n8\n").remarks[0].contains("multiples of 1 ms"));
    assert_eq!(read("arrival_us\n5\n5\n5\n5\n6\n6\n6\n8\n").remarks, [""; 0]);
    assert_eq!(read("arrival_s\n5\n6\n7\n8\n8\n").remarks, [""; 0]);
    let even = read_with(trace, &flags(|f| f.spread = text("even"))).unwrap();
    let third = S + S / 3;
    assert_eq!(arrivals(&even), [0, S / 4, S / 2, 3 * S / 4, S, third, S + 2 * S / 3, 3 * S]);
    let random = read_with(trace, &flags(|f| f.spread = text("random:1s"))).unwrap();
    assert!(random.requests.is_sorted_by_key(|r| r.arrival_ns) && random.requests.len() == 8);
    let off = read_with("arrival_ms\n0\n1000\n1500\n", &flags(|f| f.spread = text("even:1s"))).unwrap_err().to_string();
    assert!(off.starts_with("t.csv:4: arrival_ms 1500 is not a multiple of 1000000000 ns"), "{off}");
}

#[test]
fn wrong_rows_are_reported_together_or_skipped_and_counted() {
    let mut trace = "arrival_ns,size\n".to_owned();
    for row in 0..2000 {
        trace.push_str(&if row % 50 == 7 { format!("{row},x\n") } else { format!("{row},1\n") });
    }
    let refused = refused(&trace);
    let lines: Vec<&str> = refused.lines().collect();
    assert_eq!(lines[0], "t.csv:9: size \"x\" is not an integer below 2^32");
    assert_eq!(lines[1], "  line 59: \"x\"");
    assert_eq!(lines[10], "  and 10 more of the first 1000 rows");
    assert_eq!(lines[11..], ["  --skip-bad-rows skips such rows and counts them in the report"]);
    let skipped = read_with(&trace, &flags(|f| f.skip_bad_rows = true)).unwrap();
    assert_eq!((skipped.requests.len(), skipped.requests[7].id), (1960, 8));
    assert_eq!(skipped.summary.skipped, [("size is not an integer below 2^32".to_owned(), 40)].into());
    assert_eq!(skipped.remarks, ["40 rows were skipped (40: size is not an integer below 2^32)"]);
    // A wrong row of a pipe is reported when it is read.
    assert_eq!(read_piped(&trace, &ReadFlags::default()).unwrap_err().to_string(), lines[0]);
}

#[test]
fn several_files_are_merged_by_arrival() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let paths = [
        path("a.csv", "arrival_s,service_s\n0,0.6\n1,0.6\n"),
        path("b.csv", "arrival_s,service_s,client\n0.5,0.7,9\n1,0.7,9\n1.5,,9\n"),
    ];
    let read =
        |paths: &[std::path::PathBuf], flags: &ReadFlags| outcome(TraceReader::open(paths, flags, demands())?, 2);
    let merged = read(&paths, &ReadFlags::default()).unwrap();
    let expected =
        [(0, 0, 600_000_000, 0), (1, 500_000_000, 700_000_000, 9), (2, S, 600_000_000, 0), (3, S, 700_000_000, 9)];
    let seen: Vec<_> = merged.requests.iter().map(|r| (r.id, r.arrival_ns, r.service_ns, r.client)).collect();
    assert_eq!(seen[..4], expected);
    assert_eq!(merged.requests[4].service_ns, demands().sample(4));
    assert_eq!((merged.summary.files.len(), merged.summary.sampled), (2, 1));
    let back = [paths[0].clone(), path("c.csv", "arrival_s\n5\n4\n")];
    let refused = read(&back, &ReadFlags::default()).unwrap_err().to_string();
    assert!(refused.ends_with("c.csv:3: arrival_s goes back (4 after 5); --sort puts them in order"), "{refused}");
    assert_eq!(arrivals(&read(&back, &sort()).unwrap()), [0, S, 4 * S, 5 * S]);
    let bad = [path("d.csv", "arrival_s\n"), path("e.csv", "arrival_s\nx\n")];
    let skip = flags(|f| f.skip_bad_rows = true);
    let mut none = TraceReader::open(&bad, &skip, demands()).unwrap();
    none.read(|_, _| Ok::<_, Failure>(())).unwrap();
    let refused = none.expect_requests().unwrap_err().to_string();
    let rule = "e.csv: the trace has no requests: 1 rows were skipped (1: arrival_s is not a number of seconds";
    assert!(refused.contains(rule), "{refused}");
    let twice = TraceReader::open(&[Path::new("-"), Path::new("-")], &ReadFlags::default(), demands()).err();
    assert_eq!(twice, Some(Failure::usage("- is standard input, which can be read once")));
}
