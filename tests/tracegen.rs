//! The program `tracegen`.

use contract::{Request, RequestHeader};

use crate::middleware::middleware;
use crate::support::Folder;

#[test]
fn a_seed_gives_the_same_bytes_each_time() {
    let folder = Folder::new();
    let make =
        |flags: &str| folder.run("tracegen", &format!("--samples 5000 {flags}")).succeeds().stdout_bytes().to_vec();
    assert_eq!(make("--seed 7"), make("--seed 7"));
    assert_ne!(make("--seed 7"), make("--seed 8"));
    folder.run("tracegen", "--samples 5000 --seed 7 --out trace.csv").succeeds();
    assert_eq!(folder.read("trace.csv"), make("--seed 7"));
    assert_eq!(make("--seed 7 --out -"), make("--seed 7"));
    assert_eq!(folder.names(), ["trace.csv"]);
}

#[test]
fn exactly_samples_rows_in_time_order_for_every_family() {
    let folder = Folder::new();
    for family in ["1", "2", "3", "uniform", "poisson", "normal", "deterministic"] {
        let flags = format!("--samples 1234 --concurrency 7 --distribution {family}");
        let text = folder.run("tracegen", &flags).succeeds().stdout();
        let rows = text.strip_prefix("# origin_ns=0\nid,arrival_ns,client,op,block,size\n").unwrap();
        let arrivals: Vec<u64> = rows.lines().map(|row| row.split(',').nth(1).unwrap().parse().unwrap()).collect();
        assert!(arrivals.len() == 1234 && arrivals.is_sorted(), "{family}");
    }
}

#[test]
fn csv_and_records_are_the_same_trace_with_the_same_demands() {
    let folder = Folder::new();
    let make = |format: &str| {
        let flags = "--samples 3000 --seed 3 --st 2ms --out trace";
        folder.run("tracegen", &format!("{flags}.{format} --format {format}")).succeeds();
        let report = folder.host(&format!("trace.{format} --seed 3 --st 2ms --json")).succeeds().json();
        report["tally"].clone()
    };
    assert_eq!(make("csv"), make("records"));
    let bytes = folder.read("trace.records");
    let header = RequestHeader::from_bytes(bytes.first_chunk().unwrap()).unwrap();
    assert_eq!((header.requests, bytes.len()), (3000, 48 * 3001));
    assert!(bytes.chunks(48).skip(1).map(Request::from_bytes).all(|request| request.service_ns > 0));
}

#[test]
fn the_original_s_format_is_written_and_read() {
    let folder = Folder::new();
    let flags = "--samples 2000 --distribution deterministic --inter-arrival 1ms --concurrency 1";
    folder.run("tracegen", &format!("{flags} --format original --out trace.original")).succeeds();
    folder.run("tracegen", &format!("{flags} --out trace.csv")).succeeds();
    let first = folder.text("trace.original").lines().next().unwrap().to_owned();
    let cells: Vec<&str> = first.split(',').collect();
    assert!(cells.len() == 5 && cells[1] == "0" && ["r", "w"].contains(&cells[2]), "{first}");
    let counts = |name: &str| {
        let report = folder.host(&format!("{name} --json")).succeeds().json();
        (report["trace"]["files"][0]["format"].as_str().unwrap().to_owned(), report["tally"]["service_sum_ns"].clone())
    };
    let (original, csv) = (counts("trace.original"), counts("trace.csv"));
    assert_eq!((original.0.as_str(), original.1), ("original", csv.1));
}

#[test]
fn the_original_s_settings_run_with_notes() {
    let settings = "SAMPLES=500\nSIZE=500\nINTER_ARRIVAL=1\nREAD_RATIO=80\nSAS=5493\nDISTRIBUTION=3\nMEAN=1\nSTDEV=1\n\
                    CONCURRENCY=1\nST=100\nDELAY=1000\nTESTNO=9\nBALANCER=RR\n";
    let folder = Folder::with(".env.general", settings);
    folder.run("tracegen", "--out trace.csv").succeeds().says("TESTNO is not a setting of Queuebox");
    assert_eq!(folder.text("trace.csv").lines().count(), 502);
    let ended = folder.host("trace.csv").succeeds().prints("Requests offered                           500\n");
    ended.notes("the trace offers 99.34 times what 1 worker(s) of 1 server(s)").notes("DELAY=1000 was not reached");
}

#[test]
fn other_arrivals_places_and_sizes_keep_the_rows() {
    let folder = Folder::with("rates.csv", "time_s,rate\n0,100\n5,20\n8,repeat\n");
    let plain = folder.run("tracegen", "--samples 2000").succeeds().stdout();
    for flags in [
        "--arrivals mmpp:10,50ms,200ms",
        "--arrivals onoff:50ms,200ms",
        "--arrivals selfsimilar:0.8,10ms,1h",
        "--arrivals daily:1.8,1s",
        "--arrivals rate:rates.csv",
        "--popularity zipf:0.9",
        "--popularity hotspot:80,20",
        "--popularity sequential:5",
        "--sizes table:8=70,64=20",
    ] {
        let text = folder.run("tracegen", &format!("--samples 2000 {flags}")).succeeds().stdout();
        let arrivals = text.lines().skip(2).map(|row| row.split(',').nth(1).unwrap().parse::<u64>().unwrap());
        assert!(text.lines().count() == 2002 && arrivals.is_sorted() && text != plain, "{flags}");
    }
    let constant = "--samples 2000 --arrivals constant --popularity uniform --sizes distribution --classes=";
    assert_eq!(folder.run("tracegen", constant).succeeds().stdout(), plain);
}

#[test]
fn classes_have_a_column_and_are_in_the_report() {
    let classes =
        "[[class]]\nname = \"web\"\nclients = 2\npriority = 4\n[[class]]\nname = \"batch\"\nsizes = \"table:8\"\n";
    let folder = Folder::with("classes.toml", classes);
    let text = folder.run("tracegen", "--samples 1000 --classes classes.toml --out trace.csv").succeeds();
    text.says_nothing();
    let text = folder.text("trace.csv");
    let rows = text.strip_prefix("# origin_ns=0\nid,arrival_ns,client,class,op,block,size\n").unwrap();
    for row in rows.lines() {
        let cells: Vec<&str> = row.split(',').collect();
        let is_web = ["0", "1"].contains(&cells[2]);
        assert!(cells[3] == if is_web { "4" } else { "0" } && (is_web || cells[6] == "8"), "{row}");
    }
    let json = middleware(&folder, "run --samples 1000 --classes classes.toml --json").succeeds().json();
    let generated = &json["trace"]["generated"];
    assert_eq!(generated["SAMPLES"], 1000);
    assert!(generated.get("SIZE").is_none());
    let [web, batch] = [0, 1].map(|class| &generated["CLASSES"][class]);
    assert_eq!((&web["NAME"], &web["PRIORITY"], &web["CONCURRENCY"]), (&"web".into(), &4.into(), &2.into()));
    assert_eq!(
        (&batch["NAME"], &batch["SIZES"], &batch["CONCURRENCY"]),
        (&"batch".into(), &"table:8".into(), &3.into())
    );
    // The recorded trace has the same requests.
    let recorded = middleware(&folder, "run --trace trace.csv --json").succeeds().json();
    assert_eq!(recorded["run"]["counts"], json["run"]["counts"]);
    assert_eq!(recorded["run"]["response_time"], json["run"]["response_time"]);
}

#[test]
fn a_file_of_the_settings_is_not_overwritten() {
    let folder = Folder::with("rates.csv", "time_s,rate\n0,100\n");
    std::fs::write(folder.path("classes.toml"), "[[class]]\nname = \"a\"\narrivals = \"rate:rates.csv\"\n").unwrap();
    for file in ["rates.csv", "classes.toml"] {
        let before = folder.text(file);
        folder
            .run("tracegen", &format!("--samples 5 --classes classes.toml --out {file}"))
            .exits(2)
            .says("would overwrite");
        let run = format!("run --samples 5 --workers 1 --classes classes.toml --report {file}");
        middleware(&folder, &run).exits(2).says("would overwrite");
        assert_eq!(folder.text(file), before);
    }
}

#[test]
fn an_error_leaves_no_file() {
    let folder = Folder::new();
    for (flags, error) in [
        ("--samples 0", "flag: SAMPLES=0 must be an integer from 1"),
        ("--read-ratio 0.8", "flag: READ_RATIO=0.8 must be 0 or from 1 to 100: per cent is meant"),
        ("--size 9 --sas 8", "flag: SIZE=9 is above SAS=8"),
        ("--inter-arrival 0", "flag: INTER_ARRIVAL=0 must be at least 1 ns"),
        ("--distribution 9", "flag: DISTRIBUTION=9 must be one of uniform"),
        ("--distribution 3 --mean 1 --stdev 2", "flag: STDEV=2 is above MEAN=1"),
        ("--arrivals mmpp:5", "flag: ARRIVALS=mmpp:5 is not mmpp:RATIO,HIGH,LOW: it has 1 values instead of 3"),
        ("--popularity zipf:x", "flag: POPULARITY=zipf:x is not zipf:S: S=x must be a number from 0 to 100"),
        ("--sizes table:8=a", "flag: SIZES=table:8=a is not table:SIZE=WEIGHT"),
        ("--classes missing.toml", "flag: CLASSES=missing.toml names a file that can't be read: No such file"),
    ] {
        folder.run("tracegen", &format!("{flags} --out trace.csv")).exits(2).says(error);
    }
    folder.run("tracegen", "--unknown").exits_as_usage();
    folder.run("tracegen", "--samples 5 --out /dev/full").exits(1).says("/dev/full: No space left on device");
    folder.run("tracegen", "--samples 5 --out missing/trace.csv").exits(1).says("missing/trace.csv: No such file");
    assert!(folder.names().is_empty());
}

#[test]
fn a_closed_stdout_ends_quietly_with_141() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    Folder::new().run("tracegen", "").stdout(writer).exits(141).says_nothing();
}

#[test]
fn help_and_version_are_printed() {
    let folder = Folder::new();
    folder
        .run("tracegen", "--help")
        .succeeds()
        .says_nothing()
        .prints("Usage: tracegen")
        .prints("--inter-arrival")
        .prints("open loop")
        .prints("mmpp:RATIO,HIGH,LOW")
        .prints("Exit codes:");
    let version = folder.run("tracegen", "--version").succeeds().stdout();
    assert_eq!(version, format!("tracegen {}\n", env!("CARGO_PKG_VERSION")));
}
