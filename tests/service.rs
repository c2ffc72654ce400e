//! SERVICE: each kind of demands through the programs.

use contract::Request;
use random::cost::Cost;
use random::demand::{Demands, ServiceDistribution};
use random::empirical::Empirical;
use serde_json::json;

use crate::middleware::{middleware, report};
use crate::support::Folder;

/// Requests 20 ms apart with sizes, replies and operations, without service times.
const TRACE: &str = "arrival_ms,op,size,reply_size\n0,r,0,0\n20,w,7,2\n40,r,64,300\n60,w,1,0\n80,r,5,1\n100,w,64,9\n";
const TIMES: &str = "service_ms,weight\n1,4\n2,3\n3.5,2\n40,1\n";
/// SHA-256 of [`TIMES`].
const DIGEST: &str = "a7e3ed683fb90ae947643e28b2ea9dda3fb4800c9443cd4072f085298fef7cd2";

fn requests() -> Vec<Request> {
    let request = |(row, id): (&str, u64)| {
        let cells: Vec<&str> = row.split(',').collect();
        let number = |cell: usize| cells[cell].parse().unwrap();
        let op = if cells[1] == "w" { Request::WRITE } else { Request::READ };
        Request { id, op, size: number(2), reply_size: number(3), ..Request::default() }
    };
    TRACE.lines().skip(1).zip(0..).map(request).collect()
}

fn folder() -> Folder {
    Folder::with("t.csv", TRACE).and("times.csv", TIMES)
}

/// Each SERVICE with ST=5ms, its flags, and what the library samples.
fn services() -> Vec<(String, ServiceDistribution)> {
    let with = |name: &str, distribution| (format!("--st 5ms --service {name}"), distribution);
    let times = Empirical::new(vec![1_000_000, 2_000_000, 3_500_000, 40_000_000], &[4, 3, 2, 1]).unwrap();
    let cost = Cost { per_size_ns: 2_000, per_reply_ns: 500, write_factor: 1_500_000_000 };
    vec![
        with("exponential", ServiceDistribution::Exponential),
        with("deterministic", ServiceDistribution::Deterministic),
        with("erlang:3", ServiceDistribution::erlang(3)),
        with("hyperexponential:2", ServiceDistribution::hyperexponential(2.0)),
        with("lognormal:1.5", ServiceDistribution::lognormal(1.5).unwrap()),
        with("gamma:0.5", ServiceDistribution::gamma(0.5).unwrap()),
        with("weibull:2", ServiceDistribution::weibull(2.0).unwrap()),
        with("pareto:1", ServiceDistribution::pareto(1.0).unwrap()),
        (
            "--service bounded-pareto:1.5,1ms,1s".to_owned(),
            ServiceDistribution::bounded_pareto(1.5, 1_000_000, 1_000_000_000),
        ),
        ("--service empirical:times.csv".to_owned(), ServiceDistribution::empirical(times, DIGEST)),
        with("cost --st-per-size 2us --st-per-reply 500ns --write-factor 1.50", ServiceDistribution::cost(cost)),
    ]
}

#[test]
fn each_program_has_the_demands_of_the_library() {
    let folder = folder();
    for (flags, distribution) in services() {
        let demands = Demands::new(5_000_000, distribution, 1);
        let expected: Vec<u64> = requests().iter().map(|request| demands.demand(request)).collect();

        let report = report(&folder, &format!("--workers 2 --trace t.csv --verify --completions c {flags}"));
        let completions = folder.completions("c");
        assert_eq!(completions.iter().map(|completion| completion.service_ns).collect::<Vec<_>>(), expected, "{flags}");
        let used = (&report["settings"]["SERVICE"], &report["settings"]["ST_NS"]);
        assert_eq!(used, (&json!(demands.distribution.name()), &json!(demands.mean_ns)), "{flags}");

        let host = folder.host(&format!("t.csv --json --verify {flags}")).succeeds().json();
        assert_eq!(host["tally"]["service_sum_ns"], json!(expected.iter().sum::<u64>().to_string()), "{flags}");
        assert_eq!(host["notes"], report["notes"]);
        let described = middleware(&folder, &format!("describe t.csv --json {flags}")).succeeds().json();
        assert_eq!(described["settings"]["SERVICE"], json!(demands.distribution.name()));
        assert_eq!((&described["demands_sampled"], &described["notes"]), (&json!(6), &report["notes"]), "{flags}");
        middleware(&folder, &format!("convert t.csv --format records --out t.req {flags}")).succeeds();
        let records = folder.read("t.req");
        let converted = records.chunks(48).skip(1).map(|record| Request::from_bytes(record).service_ns);
        assert_eq!(converted.collect::<Vec<_>>(), expected, "{flags}");
    }
}

#[test]
fn a_generated_trace_has_them_too() {
    let folder = folder();
    for (flags, distribution) in services() {
        let demands = Demands::new(5_000_000, distribution, 1);
        folder.run("tracegen", &format!("--samples 500 --format records --out g.req {flags}")).succeeds();
        let records: Vec<Request> = folder.read("g.req").chunks(48).skip(1).map(Request::from_bytes).collect();
        assert!(records.iter().all(|request| request.service_ns == demands.demand(request)), "{flags}");
        report(&folder, &format!("--workers 3 --samples 500 --completions c {flags}"));
        let completions = folder.completions("c").into_iter();
        let run: Vec<(u64, u64)> = completions.map(|completion| (completion.id, completion.service_ns)).collect();
        assert!(run == records.iter().map(|request| (request.id, request.service_ns)).collect::<Vec<_>>(), "{flags}");
    }
}

#[test]
fn notes_count_the_demands_and_name_their_source() {
    let folder = folder();
    for (flags, note) in [
        ("--service erlang:3 --st 5ms", "6 of 6 demands sampled: erlang:3, mean 5 ms"),
        (
            "--service bounded-pareto:1.5,1ms,1s",
            "6 of 6 demands sampled: bounded-pareto:1.5,1000000ns,1000000000ns, mean 2.905224 ms",
        ),
        ("--service empirical:times.csv", "6 of 6 demands sampled: empirical:sha256:a7e3ed683fb90ae9, mean 5.7 ms"),
        (
            "--service cost --st 5ms --st-per-size 2us --write-factor 1.5",
            "6 of 6 demands computed: cost, 5 ms + 2 µs · size, writes × 1.5",
        ),
    ] {
        middleware(&folder, &format!("run --workers 1 --trace t.csv {flags}")).succeeds().notes(note);
        middleware(&folder, &format!("describe t.csv {flags}")).succeeds().notes(note);
        folder.host(&format!("t.csv {flags}")).succeeds().notes(note);
        middleware(&folder, &format!("partition --workers 1 --trace t.csv --out shards {flags}"))
            .succeeds()
            .says(&format!("note: {note}\n"));
        std::fs::remove_dir_all(folder.path("shards")).unwrap();
    }
    let cost = report(&folder, "--trace t.csv --workers 1 --service cost --st-per-reply 2us --write-factor 0.25");
    let cost = &cost["settings"];
    assert_eq!((&cost["ST_PER_SIZE_NS"], &cost["ST_PER_REPLY_NS"]), (&json!(0), &json!(2_000)));
    assert_eq!(cost["WRITE_FACTOR"], json!("0.25"));
    // With demands of its own, a trace has neither.
    let own = Folder::with("t.csv", "arrival_ms,service_ms\n0,1\n");
    let used = report(&own, "--trace t.csv --workers 1 --service cost --st-per-reply 2us");
    assert!(["SERVICE", "ST_PER_REPLY_NS", "WRITE_FACTOR"].iter().all(|key| used["settings"].get(key).is_none()));
}

#[test]
fn settings_without_effect_are_named() {
    let folder = folder();
    let st = "SERVICE=empirical has a mean of its own, so ST changes nothing";
    let cost = "SERVICE=empirical is not cost, so ST_PER_SIZE, WRITE_FACTOR change nothing";
    let flags = "--service empirical:times.csv --st 1ms --st-per-size 1ns --write-factor 2";
    for trace in ["--trace t.csv", "--samples 6"] {
        let run = format!("run --workers 1 {trace} {flags}");
        middleware(&folder, &run).succeeds().notes(st).notes(cost);
    }
    folder.host(&format!("t.csv {flags}")).succeeds().notes(st).notes(cost);
    let generate = format!("--samples 6 --format records --out g.req {flags}");
    folder.run("tracegen", &generate).succeeds().says(st).says(cost);
    middleware(&folder, &format!("convert t.csv --format records --out g.req {flags}")).succeeds().says(st).says(cost);
}

/// A mean of its own is that of the offered load, and the load of a cost is that of its requests.
#[test]
fn the_offered_load_is_that_of_the_demands() {
    let folder = folder();
    let overload = "the trace offers 1.71 times what 1 worker(s) of 1 server(s) can serve";
    let generated = "run --workers 1 --samples 2000 --inter-arrival 10ms --st 1ns";
    middleware(&folder, &format!("{generated} --service empirical:times.csv")).succeeds().prints(overload);
    // Sizes of 64 blocks: 100 µs each are 6.4 ms a request, from three clients.
    let cost = format!("{generated} --distribution deterministic --service cost --st-per-size 100us");
    middleware(&folder, &cost).succeeds().prints("the trace offers 1.92 times");
}

#[test]
fn the_table_of_service_times_is_an_input() {
    let folder = folder();
    let flags = "--service empirical:times.csv";
    for (program, line) in [
        ("middleware", "run --trace t.csv --workers 1 --report times.csv"),
        ("middleware", "run --samples 5 --workers 1 --report times.csv"),
        ("middleware", "convert t.csv --format records --out times.csv"),
        ("tracegen", "--samples 5 --format records --out times.csv"),
        ("host", "t.csv --report times.csv"),
    ] {
        let line = format!("{line} {flags}");
        let run = match program {
            "host" => folder.host(&line),
            "middleware" => middleware(&folder, &line),
            _ => folder.run(program, &line),
        };
        run.exits(2).says("would overwrite");
        assert_eq!(folder.text("times.csv"), TIMES);
    }
    folder
        .host("t.csv --service empirical:none.csv")
        .exits(2)
        .says("flag: SERVICE=empirical:none.csv names a file that can't be read: No such file or directory");
    std::fs::write(folder.path("times.csv"), "service_ms\n1\n2;\n").unwrap();
    folder.host(&format!("t.csv {flags}")).exits(2).says("times.csv:3: service_ms=2; must be a decimal number");
}

#[test]
fn the_simulator_s_environment_has_the_text_and_the_mean() {
    let folder = folder().and_guest("environment");
    for (flags, variables) in [
        ("--service erlang:3 --st 5ms", "ST_NS=5000000 SERVICE=erlang:3 "),
        ("--service empirical:times.csv", &*format!("ST_NS=5700000 SERVICE=empirical:sha256:{DIGEST} ")),
        ("--service cost --st 5ms --st-per-size 1us", "ST_NS=5000000 SERVICE=cost "),
    ] {
        folder.host_with("environment", &format!("t.csv {flags}")).exits(5).says(variables);
    }
}
