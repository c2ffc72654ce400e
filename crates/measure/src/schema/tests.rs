//! Tests of [`super`]: reports are read back without loss, and the JSON Schemas in docs/ are those of the types.

use std::collections::BTreeMap;

use contract::Capabilities;
use failure::{Class, Limit};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use sim_wasm::Speed;

use super::*;
use crate::any_report::AnyReport;
use crate::classes::ClassRow;
use crate::comparison::{Combination, Comparison, ComparisonKind, Difference, Known, Varied};
use crate::interval::{FigureIntervals, Interval, Intervals, Method};
use crate::judged::{Judged, Unit, Verdict};
use crate::over_time::OverTime;
use crate::plan_report::{Answer, PlanKind, PlanReport, Tried};
use crate::provenance::*;
use crate::run_report::{Imbalance, RowError, RowResult, RunReport, WorkerRow};
use crate::theory::Theory;
use crate::worker_report::WorkerReport;
use crate::{Counts, Figures, Histogram, PerWorker, Percentile, Percentiles, Tally};

/// Numbers in reports are finite.
fn double() -> impl Strategy<Value = f64> {
    any::<u64>().prop_map(f64::from_bits).prop_filter("finite", |number| number.is_finite())
}

fn number() -> impl Strategy<Value = Option<f64>> {
    option::of(double())
}

fn trace() -> impl Strategy<Value = TraceUsed> {
    type Read = (Vec<(String, String, Option<String>)>, u64, i64, BTreeMap<String, String>, BTreeMap<String, u64>);
    let recorded = any::<Read>().prop_map(|(files, requests, offset_ns, reading, skipped_rows)| {
        let file = |(blake3, format, compression)| FileUsed { blake3, format, compression };
        let files = files.into_iter().map(file).collect();
        TraceUsed::Recorded(RecordedTrace { files, requests, offset_ns, reading, skipped_rows })
    });
    let classes = vec((any::<(String, u16)>(), clients()), 0..3).prop_map(|classes| {
        let class = |((name, priority), clients)| ClassUsed { name, priority, clients };
        TrafficUsed::Classes { classes: classes.into_iter().map(class).collect() }
    });
    let traffic = prop_oneof![clients().prop_map(TrafficUsed::Alike), classes];
    let generated = (any::<u64>(), traffic)
        .prop_map(|(samples, traffic)| TraceUsed::Generated { generated: GeneratorUsed { samples, traffic } });
    prop_oneof![recorded, generated]
}

fn clients() -> impl Strategy<Value = ClientsUsed> {
    let numbers = any::<(Option<u32>, Option<u64>, u64, u32)>();
    let texts = any::<(String, Option<String>, Option<String>, Option<String>)>();
    (numbers, double(), texts, number(), number()).prop_map(
        |((size, inter_arrival_ns, sas, concurrency), read_ratio, texts, mean, stdev)| {
            let (distribution, arrivals, popularity, sizes) = texts;
            ClientsUsed {
                size,
                inter_arrival_ns,
                read_ratio,
                sas,
                distribution,
                mean,
                stdev,
                concurrency,
                arrivals,
                popularity,
                sizes,
            }
        },
    )
}

fn per_worker<T: std::fmt::Debug + Clone>(
    value: impl Strategy<Value = T> + Clone,
) -> impl Strategy<Value = PerWorker<T>> {
    prop_oneof![value.clone().prop_map(PerWorker::All), vec(value, 0..5).prop_map(PerWorker::Each)]
}

fn speed() -> impl Strategy<Value = Speed> + Clone {
    (1..=Speed::MAX, 1..=Speed::MAX)
        .prop_filter_map("a speed", |(numerator, denominator)| Speed::new(numerator, denominator))
}

fn settings() -> impl Strategy<Value = SettingsUsed> {
    let texts = any::<(Option<String>, String, Option<String>, String, Option<String>)>();
    let stations = (per_worker(any::<u64>()), per_worker(any::<u32>()));
    let speeds = (option::of(per_worker(speed())), option::of(per_worker(speed())));
    let cost = any::<(Option<u64>, Option<u64>, Option<String>, Option<u64>)>();
    (texts, stations, speeds, any::<(u64, u64, Option<u64>, u32)>(), cost).prop_map(
        |(texts, (capacity, servers), (speeds, weights), (delay, seed, st_ns, workers), cost)| {
            let (balancer, discipline, service, sim_args, patience) = texts;
            let (st_per_reply_ns, st_per_size_ns, write_factor, warmup_ns) = cost;
            SettingsUsed {
                balancer,
                capacity,
                delay,
                discipline,
                patience,
                seed,
                servers,
                service,
                sim_args,
                speeds,
                st_ns,
                st_per_reply_ns,
                st_per_size_ns,
                warmup_ns,
                weights,
                workers,
                write_factor,
            }
        },
    )
}

fn provenance() -> impl Strategy<Value = Provenance> {
    (any::<(String, u32, u32, String, u64, u32)>(), trace(), settings()).prop_map(
        |((queuebox, contract, significant_digits, sha256, bits, replications), trace, settings)| Provenance {
            schema: SCHEMA,
            queuebox,
            contract,
            significant_digits,
            module: ModuleUsed { sha256, capabilities: Capabilities(bits) },
            trace,
            settings,
            replications,
        },
    )
}

fn counts() -> impl Strategy<Value = Counts> {
    any::<[u64; 8]>().prop_map(
        |[offered, completed, in_service, rejected, abandoned, waiting, not_yet_arrived, warm_up]| Counts {
            offered,
            completed,
            in_service,
            rejected,
            abandoned,
            waiting,
            not_yet_arrived,
            warm_up,
        },
    )
}

fn percentiles() -> impl Strategy<Value = Percentiles> {
    let percentile = (0u32..100, 0u32..1000)
        .prop_filter_map("above 0", |(whole, fraction)| Percentile::parse(&format!("{whole}.{fraction:03}")));
    (btree_map(percentile, any::<Option<u64>>(), 0..16), any::<Option<u64>>())
        .prop_map(|(chosen, max_ns)| Percentiles { chosen, max_ns })
}

fn figures() -> impl Strategy<Value = Figures> {
    let averages = (number(), number(), number(), number(), number(), number(), number(), number());
    (averages, any::<(u64, u128)>(), percentiles(), percentiles(), counts(), intervals()).prop_map(
        |(averages, (time_simulation_ended_ns, work_offered_ns), delay_in_queue, response_time, counts, intervals)| {
            Figures {
                average_delay_in_queue_ns: averages.0,
                average_number_in_queue: averages.1,
                average_number_in_system: averages.2,
                server_utilization: averages.3,
                time_simulation_ended_ns,
                delay_in_queue,
                response_time,
                counts,
                rejected_share: averages.4,
                abandoned_share: averages.5,
                average_response_time_ns: averages.6,
                waited_share: averages.7,
                work_offered_ns,
                intervals,
            }
        },
    )
}

fn interval() -> impl Strategy<Value = Interval> {
    let known = (double(), any::<(bool, u32)>()).prop_map(|(half_width, (batches, n))| Interval::Known {
        half_width,
        level: 0.95,
        method: if batches { Method::BatchMeans } else { Method::Replications },
        n,
    });
    prop_oneof![known, any::<String>().prop_map(|reason| Interval::Unknown { reason })]
}

fn intervals() -> impl Strategy<Value = Intervals> {
    let each = (vec(interval(), 8), percentiles(), interval()).prop_map(|(figures, percentiles, one)| {
        let mut figures = figures.into_iter();
        let mut next = || figures.next().unwrap_or(Interval::Unknown { reason: String::new() });
        let each = |one: &Interval| percentiles.chosen.keys().map(|&percentile| (percentile, one.clone())).collect();
        Intervals::Each(Box::new(FigureIntervals {
            average_delay_in_queue_ns: next(),
            average_number_in_queue: next(),
            average_number_in_system: next(),
            server_utilization: next(),
            average_response_time_ns: next(),
            waited_share: next(),
            delay_in_queue: each(&one),
            response_time: each(&one),
            rejected_share: next(),
            abandoned_share: next(),
        }))
    });
    prop_oneof![each, any::<String>().prop_map(|reason| Intervals::None { reason })]
}

fn over_time() -> impl Strategy<Value = OverTime> {
    let p99 = option::of(vec(any::<Option<u64>>(), 0..3));
    (any::<(u64, Vec<u64>)>(), vec(number(), 0..3), vec(double(), 0..3), p99).prop_map(
        |((width_ns, arrivals), mean_response_ns, numbers, p99_response_ns)| OverTime {
            width_ns,
            arrivals,
            mean_response_ns,
            number_in_system: numbers.clone(),
            utilization: p99_response_ns.as_ref().map(|_| numbers),
            p99_response_ns,
        },
    )
}

fn histogram() -> impl Strategy<Value = Histogram> {
    (vec(any::<u64>(), 0..9), 0..50).prop_map(|(values, doubled)| {
        let mut histogram = Histogram::default();
        values.into_iter().for_each(|value| histogram.record(value));
        for _ in 0..doubled {
            let same = histogram.clone();
            histogram.merge(&same);
        }
        histogram
    })
}

fn tally() -> impl Strategy<Value = Tally> {
    (counts(), any::<(u64, [u64; 2], [u128; 6])>(), histogram(), histogram()).prop_map(
        |(counts, (started, [from_ns, end_ns], sums), delay_in_queue, response_time)| Tally {
            counts,
            started,
            from_ns,
            end_ns,
            demand_sum_ns: sums[0],
            delay_sum_ns: sums[1],
            waiting_area_ns: sums[2],
            system_area_ns: sums[3],
            service_sum_ns: sums[4],
            response_sum_ns: sums[5],
            delay_in_queue,
            response_time,
        },
    )
}

fn row() -> impl Strategy<Value = WorkerRow> {
    let (class, limit) = (select(Class::ALL), option::of(select(Limit::ALL)));
    let failed = (any::<(u64, String)>(), class, limit).prop_map(|((offered, message), class, limit)| {
        RowResult::Failed { offered, error: RowError { class, limit, message } }
    });
    let measured = figures().prop_map(|figures| RowResult::Measured(Box::new(figures)));
    let station = (any::<(u32, Option<u32>, Option<u64>)>(), option::of(speed()));
    (station, prop_oneof![measured, failed], option::of(over_time())).prop_map(
        |(((worker, servers, capacity), speed), result, over_time)| WorkerRow {
            worker,
            servers,
            capacity,
            speed,
            over_time,
            result,
        },
    )
}

fn run_report() -> impl Strategy<Value = RunReport> {
    let imbalance = (number(), number()).prop_map(|(requests, work)| Imbalance { requests, work });
    let theory = (any::<(String, String)>(), double()).prop_map(|((model, source), mean_delay_ns)| Theory {
        model,
        mean_delay_ns,
        source,
    });
    let rows = vec(row(), 0..5);
    let run = (option::of(figures()), classes(), vec(judged(), 0..3), option::of(over_time()));
    (provenance(), any::<Vec<String>>(), option::of(imbalance), rows, run, option::of(theory)).prop_map(
        |(provenance, notes, imbalance, workers, (run, classes, objectives, over_time), theory)| RunReport {
            provenance,
            notes,
            imbalance,
            workers,
            run,
            classes,
            objectives,
            over_time,
            theory,
        },
    )
}

fn verdict() -> impl Strategy<Value = Verdict> {
    select(vec![Verdict::Holds, Verdict::Fails, Verdict::TooClose])
}

fn unit() -> impl Strategy<Value = Unit> {
    select(vec![Unit::Ns, Unit::Share, Unit::Number])
}

fn judged() -> impl Strategy<Value = Judged> {
    let numbers = (number(), number(), number(), number(), number());
    (any::<String>(), verdict(), unit(), numbers).prop_map(
        |(objective, verdict, unit, (estimate, half_width, missed, missed_half_width, allowed))| Judged {
            objective,
            verdict,
            unit,
            estimate,
            half_width,
            missed,
            missed_half_width,
            allowed,
        },
    )
}

fn tried() -> impl Strategy<Value = Tried> {
    let measured = (vec(judged(), 0..2), option::of(figures().prop_map(Box::new)));
    (any::<(u32, Option<String>, u32)>(), double(), verdict(), number(), measured).prop_map(
        |((workers, reason, replications), load, verdict, cost, (objectives, figures))| Tried {
            workers,
            load,
            verdict,
            reason,
            replications,
            cost,
            objectives,
            figures,
        },
    )
}

fn answer() -> impl Strategy<Value = Answer> {
    let counts = any::<(Option<u32>, Vec<u32>, Vec<u32>, Option<String>)>();
    let loads = (double(), number(), number(), number(), number());
    (counts, loads, vec(tried(), 0..3)).prop_map(|(counts, loads, tried)| {
        let (workers, too_close, fails_above, none_because) = counts;
        let (load, offered, cost, holds_to_load, broken_at_load) = loads;
        Answer {
            load,
            offered,
            workers,
            cost,
            too_close,
            fails_above,
            none_because,
            holds_to_load,
            broken_at_load,
            tried,
        }
    })
}

fn plan_report() -> impl Strategy<Value = PlanReport> {
    let texts = any::<(Vec<String>, Vec<String>, bool, bool)>();
    (provenance(), texts, double(), number(), vec(answer(), 0..3)).prop_map(
        |(provenance, (notes, objectives, until_load, interrupted), confidence, cost_per_worker, answers)| PlanReport {
            provenance,
            kind: PlanKind::Plan,
            notes,
            objectives,
            confidence,
            cost_per_worker,
            until_load,
            interrupted,
            answers,
        },
    )
}

fn combination() -> impl Strategy<Value = Combination> {
    let known = select(vec![Known::Real, Known::Negligible, Known::Open]);
    let difference = (any::<u32>(), double(), number(), known).prop_map(|(to, value, half_width, known)| Difference {
        to,
        value,
        half_width,
        known,
    });
    let error = (select(Class::ALL), option::of(select(Limit::ALL)), any::<String>())
        .prop_map(|(class, limit, message)| RowError { class, limit, message });
    let measured = (option::of(provenance().prop_map(Box::new)), option::of(figures().prop_map(Box::new)));
    let values = (number(), number(), option::of(difference), option::of(error));
    (any::<(BTreeMap<String, String>, u32, u32, bool)>(), measured, values).prop_map(
        |((values, group, replications, is_best), (provenance, figures), (value, half_width, difference, error))| {
            Combination {
                values,
                group,
                provenance,
                replications,
                value,
                half_width,
                difference,
                is_best,
                figures,
                error,
            }
        },
    )
}

fn comparison() -> impl Strategy<Value = Comparison> {
    type Texts = (String, Vec<String>, String, Vec<(String, Vec<String>)>, bool);
    (any::<Texts>(), unit(), double(), double(), vec(combination(), 0..3)).prop_map(
        |((queuebox, notes, metric, vary, interrupted), unit, confidence, least_difference, combinations)| Comparison {
            schema: SCHEMA,
            kind: ComparisonKind::Comparison,
            queuebox,
            notes,
            metric,
            unit,
            vary: vary.into_iter().map(|(setting, values)| Varied { setting, values }).collect(),
            confidence,
            least_difference,
            interrupted,
            combinations,
        },
    )
}

fn classes() -> impl Strategy<Value = Vec<ClassRow>> {
    vec((any::<u16>(), figures()).prop_map(|(class, figures)| ClassRow { class, figures }), 0..3)
}

fn worker_report() -> impl Strategy<Value = WorkerReport> {
    let figures = (figures(), classes(), option::of(over_time()));
    (provenance(), any::<(Vec<String>, u32, bool)>(), tally(), figures).prop_map(
        |(provenance, (notes, worker, delay_reached), tally, (figures, classes, over_time))| WorkerReport {
            provenance,
            notes,
            worker,
            delay_reached,
            tally,
            figures,
            classes,
            over_time,
        },
    )
}

/// The report is read back as it was written, and is then written as the same text.
fn is_read_back<R: Report + Serialize + PartialEq + std::fmt::Debug>(report: &R) {
    let text = serde_json::to_string_pretty(report).unwrap();
    assert!(text.starts_with("{\n  \"schema\": 1,\n"), "{text}");
    let read = R::read(text.as_bytes()).unwrap();
    assert_eq!(&read, report);
    assert_eq!(serde_json::to_string_pretty(&read).unwrap(), text);
}

proptest! {
    // The default would look for files, which these tests can't open.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_run_s_report_is_read_back_without_loss(report in run_report()) {
        is_read_back(&report);
    }

    #[test]
    fn a_worker_s_report_is_read_back_without_loss(report in worker_report()) {
        is_read_back(&report);
    }

    #[test]
    fn a_plan_s_report_is_read_back_without_loss(report in plan_report()) {
        is_read_back(&report);
        let text = serde_json::to_vec(&report).unwrap();
        assert_eq!(AnyReport::read(&text).unwrap(), AnyReport::Plan(Box::new(report)));
    }

    #[test]
    fn a_comparison_is_read_back_without_loss(report in comparison()) {
        is_read_back(&report);
        let text = serde_json::to_vec(&report).unwrap();
        assert_eq!(AnyReport::read(&text).unwrap(), AnyReport::Comparison(Box::new(report)));
    }
}

#[test]
fn another_schema_is_named_in_the_error() {
    let refusal = |text: &str| RunReport::read(text.as_bytes()).unwrap_err().to_string();
    // Whatever its other fields are.
    assert_eq!(
        refusal(r#"{ "schema": 2, "queuebox": "0.9.0", "workers": "another form" }"#),
        "it has schema 2; this version reads schema 1: read it with the Queuebox that wrote it (0.9.0), or repeat the run"
    );
    assert_eq!(
        refusal(r#"{ "queuebox": "0.1.0", "contract": 1, "workers": [] }"#),
        "it has no schema, so an earlier version wrote it; this version reads schema 1: repeat the run"
    );
    assert!(refusal(r#"{ "schema": 1, "workers": [] }"#).starts_with("it is not a report of Queuebox: missing field"));
    assert!(refusal("[]").starts_with("it is not a report of Queuebox: "));
    assert!(refusal("").starts_with("it is not a report of Queuebox: EOF"));
}

/// The schema of a failure's class.
pub(crate) fn class(_: &mut SchemaGenerator) -> Schema {
    one_of(Class::ALL)
}

/// The schema of a limit.
pub(crate) fn limit(_: &mut SchemaGenerator) -> Schema {
    one_of(Limit::ALL)
}

fn one_of(names: &[impl Serialize]) -> Schema {
    json_schema!({ "type": "string", "enum": names })
}

/// If set, the tests write the schemas instead of comparing them: `make schema`.
const WRITE: &str = "QUEUEBOX_WRITE_SCHEMA";

fn is_in_docs<R: JsonSchema>(name: &str, committed: &str) {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let schema = serde_json::to_string_pretty(&generator.into_root_schema_for::<R>()).unwrap() + "\n";
    // Comments escape these for rustdoc.
    let schema = schema.replace(r"\\[", "[").replace(r"\\]", "]");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(format!("{}/../../docs/{name}", env!("CARGO_MANIFEST_DIR")), schema).unwrap();
    } else {
        assert!(schema == committed, "docs/{name} is stale: `make schema` writes it");
    }
}

#[test]
fn the_schema_of_a_run_s_report_is_in_docs() {
    is_in_docs::<RunReport>("report.schema.json", include_str!("../../../../docs/report.schema.json"));
}

#[test]
fn the_schema_of_a_worker_s_report_is_in_docs() {
    is_in_docs::<WorkerReport>("worker-report.schema.json", include_str!("../../../../docs/worker-report.schema.json"));
}

#[test]
fn the_schema_of_a_plan_is_in_docs() {
    is_in_docs::<PlanReport>("plan.schema.json", include_str!("../../../../docs/plan.schema.json"));
}

#[test]
fn the_schema_of_a_comparison_is_in_docs() {
    is_in_docs::<Comparison>("comparison.schema.json", include_str!("../../../../docs/comparison.schema.json"));
}
