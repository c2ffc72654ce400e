//! Formats of other tools.

use super::*;

/// The arrivals of a trace [ns], and the offset that was subtracted.
fn arrivals(read: &Outcome) -> (Vec<u64>, i64) {
    (read.requests.iter().map(|request| request.arrival_ns).collect(), read.summary.offset_ns)
}

#[test]
fn the_original_generators_five_columns() {
    let read = read("0,0,r,17,8\n1500,0,w,4294967296,1\n1500,3,R,0,0\n");
    assert_eq!(read.summary.files[0].format, "original");
    assert_eq!(arrivals(&read), (vec![0, 1_500_000, 1_500_000], 0));
    let second = Request {
        id: 1,
        arrival_ns: 1_500_000,
        service_ns: demands().sample(1),
        block: 1 << 32,
        size: 1,
        op: Request::WRITE,
        ..Request::default()
    };
    assert_eq!((read.requests[1], read.requests[2].client), (second, 3));
    assert_eq!(refused("0,0,r,17,8\n1,0,r,17\n"), "t.csv:2: the row has 4 columns, not 5 (read as original)");
    assert_eq!(refused_with("id,arrival_ns\n", &format("original")), "t.csv:1: the row has 2 columns, not 5");
    assert_eq!(
        refused("5,0,r,1,1\n4,0,r,1,1\n"),
        "t.csv:2: arrival_us goes back (4 after 5); --sort puts them in order"
    );
}

#[test]
fn azure_functions_arrive_their_duration_before_their_end() {
    let trace = "app,func,end_timestamp,duration\n\
                 a,foobar,0.07949090003967285,0.08\n\
                 b,g,57.15786004066467,57.154\n\
                 a,g,1.25,0\n";
    let read = read(trace);
    assert_eq!(read.summary.files[0].format, "azure-functions-2021");
    assert_eq!(arrivals(&read), (vec![0, 4_369_140, 1_250_509_100], -509_100));
    assert_eq!(read.requests.iter().map(|r| r.service_ns).collect::<Vec<_>>(), [80_000_000, 57_154_000_000, 0]);
    assert_eq!(read.summary.sampled, 0);
    // FNV-1a as published by its authors: "a" and "foobar".
    assert_eq!(read.requests[0].client, 0xaf63_dc4c ^ 0x8601_ec8c);
    assert_eq!(read.requests[0].block, 0x8594_4171_f739_67e8);
    assert_eq!(read.requests[1].block, read.requests[2].block);

    let refused = |row: &str| refused(format!("app,func,end_timestamp,duration\na,f,9,1\n{row}\n"));
    let time = "is not a number of seconds from 0, below 2^62 ns (read as azure-functions-2021)";
    assert_eq!(refused("a,f,9,"), format!("t.csv:3: duration \"\" {time}"));
    assert_eq!(refused("a,f,-9,1"), format!("t.csv:3: end_timestamp \"-9\" {time}"));
    assert_eq!(refused(",f,9,1"), "t.csv:3: app \"\" is not a name (read as azure-functions-2021)");
    assert_eq!(
        refused("a,f,9,2"),
        "t.csv:3: end_timestamp − duration goes back (7 after 8); --sort puts them in order"
    );
}

#[test]
fn sorted_foreign_times_count_from_the_earliest() {
    let trace = "app,func,end_timestamp,duration\na,f,9,1\na,f,3,5\na,f,2,1\n";
    let read = read_with(trace, &sort()).unwrap();
    assert_eq!(arrivals(&read), (vec![0, 3_000_000_000, 10_000_000_000], -2_000_000_000));
    assert_eq!(read.requests.iter().map(|r| r.id).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn azure_llm_has_dates_and_tokens() {
    let trace = "TIMESTAMP,ContextTokens,GeneratedTokens\r\n\
                 2023-11-16 18:17:03.9799600,4808,10\r\n\
                 2023-11-16 18:17:04.0319600,3180,8\r\n\
                 2023-11-17 00:00:00,1,2";
    let read = read(trace);
    assert_eq!(read.summary.files[0].format, "azure-llm");
    assert_eq!(arrivals(&read), (vec![0, 52_000_000, 20_576_020_040_000], 1_700_158_623_979_960_000));
    let first = Request { size: 4_808, reply_size: 10, service_ns: demands().sample(0), ..Request::default() };
    assert_eq!(read.requests[0], first);
    // Columns in another order are recognised, and unknown ones are reported.
    let turned = super::read("x,GeneratedTokens,TIMESTAMP,ContextTokens\n,10,1970-01-01 00:00:00.5,4808\n");
    assert_eq!((turned.requests[0], turned.summary.offset_ns), (first, 500_000_000));
    assert_eq!(turned.remarks[1..], ["ignored columns: x"]);
    assert_eq!(
        refused_with("TIMESTAMP,ContextTokens\n", &format("azure-llm")),
        "t.csv:1: there is no column GeneratedTokens"
    );
}

#[test]
fn dates_follow_the_calendar() {
    let offset = |date: &str| read(format!("TIMESTAMP,ContextTokens,GeneratedTokens\n{date},1,1\n")).summary.offset_ns;
    assert_eq!(offset("1970-01-01 00:00:00"), 0);
    assert_eq!(offset("1969-12-31 23:59:59.9999999999"), -1);
    assert_eq!(offset("2000-02-29 12:34:56.789"), 951_827_696_789_000_000);
    assert_eq!(offset("2100-03-01 00:00:00"), 4_107_542_400_000_000_000);
    for date in [
        "2023-02-29 00:00:00",
        "1900-02-29 00:00:00",
        "2023-13-01 00:00:00",
        "2023-00-01 00:00:00",
        "2023-01-32 00:00:00",
        "2023-01-01 24:00:00",
        "2023-01-01 00:60:00",
        "2023-01-01 00:00:60",
        "2023-01-01 00:00:00.",
        "2023-01-01 00:00:0.5",
        "2023-01-01 00:00",
        "2023-1-01 00:00:00",
        "2023-01-01",
        "+023-01-01 00:00:00",
        "1700-01-01 00:00:00",
        "2300-01-01 00:00:00",
        "2023-01-01 00:00:é",
        "",
    ] {
        let trace = format!("TIMESTAMP,ContextTokens,GeneratedTokens\n{date},1,1\n");
        assert_eq!(
            refused(trace),
            format!(
                "t.csv:2: TIMESTAMP \"{date}\" is not a date and time such as 2023-11-16 18:17:03.97996, within 2^62 ns of 1970 (read as azure-llm)"
            )
        );
    }
}

#[test]
fn arrivals_too_far_apart_are_refused() {
    let trace = "TIMESTAMP,ContextTokens,GeneratedTokens\n1830-01-01 00:00:00,1,1\n2100-01-01 00:00:00,1,1\n";
    assert_eq!(refused(trace), "t.csv: the last arrival comes 2^62 ns or more after the origin");
}

#[test]
fn mqsim_is_separated_by_blanks() {
    let read = read("938513000 4 264719034 16 0\n938828000  3\t197570570 16 1\n");
    assert_eq!(read.summary.files[0].format, "mqsim");
    assert_eq!(arrivals(&read), (vec![0, 315_000], 938_513_000));
    let first = Request {
        client: 4,
        block: 264_719_034,
        size: 16,
        op: Request::WRITE,
        service_ns: demands().sample(0),
        ..Request::default()
    };
    assert_eq!((read.requests[0], read.requests[1].op), (first, Request::READ));
    assert_eq!(
        read.remarks,
        ["read as mqsim: arrival = arrival [ns], client = device, block = sector, size = sectors, op = type"]
    );
    assert_eq!(refused("1 1 1 1 1\n2 1 1 1\n"), "t.csv:2: the row has 4 columns, not 5 (read as mqsim)");
    assert_eq!(refused("1 1 1 1 1\n2 1 1 1 2\n"), "t.csv:2: type \"2\" is not one of 0, 1 (read as mqsim)");
}
