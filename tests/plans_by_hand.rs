//! `middleware plan` against verdicts that are counted by hand, from the completions of a run for each number of workers.

use serde_json::Value;

use crate::docker_support::Workers;
use crate::plans::line;
use crate::support::{Folder, THREE};

/// A request of a trace, and its end.
struct Row {
    class: u64,
    client: u64,
    /// Delay in queue and response time \[ns\], if it was completed.
    times: Option<(u64, u64)>,
    outcome: String,
}

/// Numbers without a pattern.
fn scrambled(row: u64) -> u64 {
    (row + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40
}

/// Arrivals in multiples of 4 µs, so that they can be halved twice, as many times as fast as they are.
fn trace(requests: u64, faster: u64) -> String {
    let mut arrival_us = 0;
    let of = |row: u64| {
        arrival_us += 4 * (scrambled(row) % 5);
        let service = 1 + scrambled(row + requests) % 24 + if row % 16 == 7 { 30 } else { 0 };
        format!("{},{service},{},{},{}\n", arrival_us / faster, row % 3, row % 4, row % 29)
    };
    format!("arrival_us,service_us,class,client,block\n{}", (0..requests).map(of).collect::<String>())
}

/// The requests as they end with this number of workers.
fn rows(folder: &Folder, system: &str, workers: u64) -> Vec<Row> {
    line(folder, &format!("run {system} --workers {workers} --completions c.csv")).succeeds();
    let text = folder.text("c.csv");
    let of = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let number = |cell: usize| cells[cell].parse::<u64>().unwrap();
        let outcome = cells[6].to_owned();
        let times = (outcome == "completed").then(|| (number(2) - number(1), number(3) - number(1)));
        Row { class: number(0) % 3, client: number(0) % 4, times, outcome }
    };
    text.lines().skip(1).map(of).collect()
}

/// The share of `rows` for which `is` holds.
fn share<'a>(rows: impl Iterator<Item = &'a Row>, is: impl Fn(&Row) -> bool) -> (u64, u64) {
    rows.fold((0, 0), |(number, all), row| (number + u64::from(is(row)), all + 1))
}

fn quotient((number, all): (u64, u64)) -> f64 {
    number as f64 / all as f64
}

/// An objective, its figure, and whether it holds.
type Expected = (&'static str, f64, bool);

fn expected(rows: &[Row]) -> Vec<Expected> {
    let misses = |limit_us: u64| move |row: &Row| row.times.is_none_or(|(_, response)| response >= limit_us * 1000);
    let all = share(rows.iter(), misses(30));
    let of_class = share(rows.iter().filter(|row| row.class == 1), misses(25));
    let of_client = share(rows.iter().filter(|row| row.client == 2), misses(45));
    let late = share(rows.iter(), |row| row.times.is_none_or(|(delay, _)| delay >= 9000));
    let joint = share(rows.iter(), |row| row.times.is_none_or(|(delay, response)| response >= 28_000 || delay >= 6000));
    let longest = share(rows.iter(), misses(60));
    let times = || rows.iter().filter_map(|row| row.times);
    let mean_response = times().map(|(_, response)| response).sum::<u64>() as f64 / times().count() as f64;
    let of_two = || rows.iter().filter(|row| row.class == 2).filter_map(|row| row.times);
    let mean_delay = of_two().map(|(delay, _)| delay).sum::<u64>() as f64 / of_two().count() as f64;
    let rejected = share(rows.iter(), |row| row.outcome == "rejected");
    let abandoned = share(rows.iter().filter(|row| row.client == 1), |row| row.outcome == "abandoned");
    vec![
        ("p90 response < 30us", quotient(all), all.0 * 10 < all.1),
        ("p75 response class=1 < 25us", quotient(of_class), of_class.0 * 4 < of_class.1),
        ("p99.5 response client=2 < 45us", quotient(of_client), of_client.0 * 200 < of_client.1),
        ("p80 delay < 9us", quotient(late), late.0 * 5 < late.1),
        ("87.5% (response < 28us and delay < 6us)", quotient(joint), joint.0 * 8 < joint.1),
        ("max response < 60us", quotient(longest), longest.0 == 0),
        ("mean response < 20us", mean_response, mean_response < 20_000.0),
        ("delay class=2 < 3us", mean_delay, mean_delay < 3000.0),
        ("rejected < 5%", quotient(rejected), quotient(rejected) < 0.05),
        ("abandoned client=1 < 4%", quotient(abandoned), quotient(abandoned) < 0.04),
    ]
}

/// All objectives of [`expected`] as flags.
fn objectives() -> String {
    expected(&[]).iter().map(|(text, ..)| format!(" --slo '{text}'")).collect()
}

/// The candidates of the answer number `place` at `load`, without the load.
fn tried(report: &Value, place: usize, load: f64) -> Vec<Value> {
    let all = report["answers"][place]["tried"].as_array().unwrap().iter();
    let mut own: Vec<Value> = all.filter(|tried| tried["load"] == load).cloned().collect();
    own.iter_mut().for_each(|tried| tried["load"] = Value::Null);
    own
}

#[test]
fn counts_and_verdicts_are_those_of_the_completions() {
    let folder = Folder::with("t.csv", trace(300, 1));
    let mut seen = std::collections::BTreeSet::new();
    for system in ["", "--balancer HASH", "--capacity 2", "--patience 9us", "--servers 2 --discipline lifo"] {
        let system = format!("--trace t.csv {system}");
        let ended = line(&folder, &format!("plan --json {system} {}", objectives())).end();
        let report = ended.json();
        let found = tried(&report, 0, 1.0);
        assert!(found.len() >= 4, "{system}");
        // A run takes its time, and under HASH there are 28 numbers.
        for tried in found.iter().take(4) {
            let workers = tried["workers"].as_u64().unwrap();
            let rows = rows(&folder, &system, workers);
            assert_eq!(rows.len(), 300);
            let expected = expected(&rows);
            for ((objective, figure, holds), judged) in expected.iter().zip(tried["objectives"].as_array().unwrap()) {
                let what = format!("{system}, {workers} workers, {objective}: {judged}");
                assert_eq!(judged["objective"], *objective);
                let measured = if judged["missed"].is_null() { &judged["estimate"] } else { &judged["missed"] };
                assert_eq!(measured.as_f64(), Some(*figure), "{what}");
                assert_eq!(judged["verdict"], if *holds { "holds" } else { "fails" }, "{what}");
                seen.insert((objective.to_owned(), *holds));
            }
            let all = expected.iter().all(|(.., holds)| *holds);
            assert_eq!(tried["verdict"], if all { "holds" } else { "fails" }, "{system}, {workers} workers");
        }
        let least = found.iter().find(|tried| tried["verdict"] == "holds").and_then(|tried| tried["workers"].as_u64());
        assert_eq!(report["answers"][0]["workers"].as_u64(), least, "{system}");
        assert_eq!(ended.code(), Some(if least.is_some() { 0 } else { 99 }), "{system}");
    }
    assert_eq!(
        seen.len(),
        2 * expected(&[]).len(),
        "each objective holds at some number of workers and fails at another"
    );
}

#[test]
fn a_load_is_a_trace_with_faster_arrivals() {
    let folder = Folder::with("t.csv", trace(300, 1)).and("half.csv", trace(300, 2)).and("quarter.csv", trace(300, 4));
    let report = |arguments: &str| line(&folder, &format!("plan --json {arguments} {}", objectives())).end().json();
    let loads = report("--trace t.csv --load 1,2,4");
    for (place, (load, name)) in [(1.0, "t.csv"), (2.0, "half.csv"), (4.0, "quarter.csv")].into_iter().enumerate() {
        let alone = report(&format!("--trace {name}"));
        let (expected, found) = (&alone["answers"][0], &loads["answers"][place]);
        assert_eq!(found["load"], load);
        assert_eq!((&found["workers"], &found["offered"]), (&expected["workers"], &expected["offered"]), "{name}");
        assert_eq!(tried(&loads, place, load), tried(&alone, 0, 1.0), "{name}");
    }
}

#[test]
fn the_load_that_breaks_an_objective_is_bracketed() {
    let folder = Folder::with("t.csv", trace(300, 1));
    let arguments = "plan --trace t.csv --slo 'p90 response < 30us' --json";
    let headroom = line(&folder, arguments).succeeds().json()["answers"][0].clone();
    let workers = headroom["workers"].as_u64().unwrap();
    let report = line(&folder, &format!("{arguments} --until-load --workers {workers}")).succeeds().json();
    let [holds, broken] = ["holds_to_load", "broken_at_load"].map(|name| report["answers"][0][name].as_f64().unwrap());
    assert!(holds < broken && broken / holds < 1.02, "{holds}, {broken}");
    let verdict = |load: f64| {
        let report = line(&folder, &format!("{arguments} --load {load}")).succeeds().json();
        tried(&report, 0, load).iter().find(|tried| tried["workers"] == workers).unwrap()["verdict"].clone()
    };
    assert_eq!((verdict(holds), verdict(broken)), ("holds".into(), "fails".into()));
    // It is the headroom of the same number of workers.
    assert_eq!(headroom["holds_to_load"].as_f64(), Some(holds));
    let text = line(&folder, &format!("{} --until-load --workers {workers}", arguments.replace(" --json", "")));
    let text = text.succeeds().stdout();
    let shown = text.strip_prefix(&format!("{workers} workers hold p90 response < 30us up to "));
    let shown: f64 = shown.unwrap_or_else(|| panic!("{text}")).split_once(' ').unwrap().0.parse().unwrap();
    assert!((holds - 0.001..=holds).contains(&shown), "rounded down: {holds}, {text}");
    line(&folder, "plan --trace t.csv --slo 'p90 response < 2us' --until-load --workers 3").exits(99);
}

#[test]
fn docker_plans_are_those_of_threads() {
    let Some(workers) = Workers::up(3) else { return };
    // 20 containers are started, two of them at a time: one to four workers, then two at each of five loads.
    let folder = Folder::with("t.csv", THREE);
    let arguments = "plan --trace t.csv --slo 'p99 response < 6us' --slo 'rejected < 5%' --report";
    let run = line(&folder, &format!("{arguments} docker.json"));
    run.env("EXECUTOR", "docker").env("COMPOSE_PROJECT_NAME", &workers.project).succeeds();
    line(&folder, &format!("{arguments} local.json")).succeeds();
    assert_eq!(folder.text("docker.json"), folder.text("local.json"));
    workers.come_to_rest();
}
