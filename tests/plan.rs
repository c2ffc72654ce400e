//! Plans of many scenarios over one reading of a trace: each ends as it does alone, whatever happens to the others.

use std::fs;
use std::time::Duration;

use cli::program;
use cli::reporter::Recording;
use cli::settings::of_flags;
use generator::Generation;
use measure::Percentile;
use measure::run_report::RunReport;
use policy::PolicySpec;
use random::demand::{Demands, ServiceDistribution};
use run::executor::{Executor as _, Local};
use run::load::Load;
use run::plan::Plan;
use run::scenario::{Scenario, Worker};
use run::source::Source;
use sandbox::limits::Limits;
use sandbox::{Job, Model, Module};
use trace::reader::ReadFlags;

use crate::support::{Folder, guest_text, sim_wasm};

const WORKERS: u32 = 3;

fn scenario(executor: &Local, module: &[u8], policy: &str, delay: u64) -> Scenario {
    let model = Model {
        st_ns: 5_000_000,
        service: "exponential".to_owned(),
        servers: 1,
        discipline: "fifo".to_owned(),
        capacity: 0,
        delay,
        patience: sim_wasm::Patience::ENDLESS,
        seed: 1,
    };
    let limits = Limits { cpu_time: Duration::from_secs(1), ..Limits::default() };
    let job = |worker| Job { worker, workers: WORKERS, ..Job::alone(model.clone(), limits.clone()) };
    let workers = (1..=WORKERS).map(|worker| Worker::new(job(worker))).collect();
    let policy = PolicySpec::named(policy);
    let mut scenario = Scenario { module: Module::new(module), workers, policy, load: Load::ONE };
    scenario.set_capabilities(executor.preflight(&scenario).unwrap());
    scenario
}

fn source(folder: &Folder) -> Source {
    let flags = ReadFlags::default();
    Source::recorded(&[folder.path("t.csv")], &flags, Demands::new(5_000_000, ServiceDistribution::Exponential, 1))
        .unwrap()
}

fn reports(folder: &Folder, executor: &Local, scenarios: Vec<Scenario>) -> Vec<Result<RunReport, String>> {
    let mut plan = Plan::new(source(folder), scenarios);
    let executions = plan.execute(executor, Vec::new(), &Recording::default()).unwrap();
    let report = |(scenario, execution): (&Scenario, anyhow::Result<_>)| {
        let execution = execution.map_err(|error| format!("{error:#}"))?;
        Ok(run::report::report(scenario, &[execution], plan.source(), &Percentile::DEFAULT))
    };
    plan.scenarios().iter().zip(executions).map(report).collect()
}

fn text(report: &Result<RunReport, String>) -> String {
    report.as_ref().map_or_else(Clone::clone, |report| serde_json::to_string(report).unwrap())
}

/// Nine scenarios: seven policies, a worker that computes without end, a worker that traps.
fn nine(executor: &Local) -> Vec<Scenario> {
    let sim = fs::read(sim_wasm()).unwrap();
    let guest = |failure: &str| wat::parse_str(guest_text("second_fails").replace(";; FAILURE", failure)).unwrap();
    let mut scenarios: Vec<Scenario> = ["R", "RR", "TC", "JSQ", "LW", "HASH", "SITA"]
        .iter()
        .map(|policy| scenario(executor, &sim, policy, 0))
        .collect();
    scenarios.insert(2, scenario(executor, &guest("(loop $for_ever (br $for_ever))"), "RR", 1));
    scenarios.insert(5, scenario(executor, &guest("(unreachable)"), "RR", 1));
    scenarios
}

#[test]
fn each_of_nine_scenarios_ends_as_it_does_alone() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 60000 --out t.csv").succeeds();
    let executor = Local::new(program::end);
    let together = reports(&folder, &executor, nine(&executor));
    assert_eq!(together.len(), 9);
    for (number, scenario) in nine(&executor).into_iter().enumerate() {
        let alone = reports(&folder, &executor, vec![scenario]);
        assert_eq!(text(&together[number]), text(&alone[0]), "scenario {number}");
    }
    let classes = |number: usize| text(&together[number]);
    assert!(classes(2).contains("\"class\":\"limit\"") && classes(5).contains("\"class\":\"trap\""));
}

#[test]
fn a_scenario_that_can_not_start_fails_alone() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 3000 --out t.csv").succeeds();
    let executor = Local::new(program::end);
    let sim = fs::read(sim_wasm()).unwrap();
    let good = || scenario(&executor, &sim, "RR", 0);
    let broken = || Scenario { module: Module::new(b"no module"), ..good() };
    let alone = text(&reports(&folder, &executor, vec![good()])[0]);
    let all: Vec<String> = reports(&folder, &executor, vec![good(), broken(), good()]).iter().map(text).collect();
    assert!(all[0] == alone && all[2] == alone && all[1].contains("it is not a WebAssembly module"), "{}", all[1]);
    assert!(reports(&folder, &executor, vec![broken()])[0].is_err());
}

#[test]
fn a_wave_contains_what_fits_and_the_trace_is_read_again_for_the_rest() {
    let folder = Folder::new();
    folder.run("tracegen", "--samples 3000 --out t.csv").succeeds();
    let executor = Local::new(program::end);
    let sim = fs::read(sim_wasm()).unwrap();
    let large = || {
        let mut scenario = scenario(&executor, &sim, "RR", 0);
        // Three workers of 2 GiB: one scenario fits the 8 GiB of a run, two do not.
        scenario.workers.iter_mut().for_each(|worker| worker.job.limits.memory = 2 << 30);
        scenario
    };
    let all = reports(&folder, &executor, vec![large(), large(), large()]);
    let texts: Vec<String> = all.iter().map(text).collect();
    assert!(texts[0].contains("\"completed\":1000") && texts.iter().all(|text| *text == texts[0]));
}

#[test]
fn a_pipe_is_copied_for_a_second_wave_and_a_failure_ends_only_its_scenario() {
    let folder = Folder::new();
    let made = std::process::Command::new("mkfifo").arg(folder.path("t.csv")).status().unwrap();
    assert!(made.success());
    let path = folder.path("t.csv");
    let rows: String = (0..100_000).map(|row| format!("{}\n", row * 7)).collect();
    let writer = std::thread::spawn(move || fs::write(path, format!("arrival_us\n{rows}")).unwrap());
    let executor = Local::new(program::end);
    let sim = fs::read(sim_wasm()).unwrap();
    let trap = wat::parse_str(guest_text("second_fails").replace(";; FAILURE", "(unreachable)")).unwrap();
    let large = |module: &[u8], delay| {
        let mut scenario = scenario(&executor, module, "RR", delay);
        scenario.workers.iter_mut().for_each(|worker| worker.job.limits.memory = 2 << 30);
        scenario
    };
    let all = reports(&folder, &executor, vec![large(&sim, 0), large(&trap, 1), large(&sim, 0)]);
    writer.join().unwrap();
    let texts: Vec<String> = all.iter().map(text).collect();
    assert!(texts[0].contains("\"requests\":100000") && texts[0] == texts[2], "{}", &texts[0][..500]);
    assert!(texts[1].contains("\"class\":\"trap\""));
}

#[test]
fn a_trace_that_is_cut_short_ends_the_plan() {
    let folder = Folder::with("t.csv", "arrival_ns\n1\n2\nbroken\n");
    let executor = Local::new(program::end);
    let scenarios = nine(&executor);
    let error = Plan::new(source(&folder), scenarios).execute(&executor, Vec::new(), &Recording::default());
    assert!(format!("{:#}", error.map(drop).unwrap_err()).contains("t.csv:4"));
}

#[test]
fn many_scenarios_do_not_hold_the_trace() {
    // 3 M requests are 144 MB; with a copy for each scenario that lags behind, a gigabyte.
    let child = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new(child);
    let output = child.args(["--exact", "plan::eight_over_a_long_trace", "--ignored", "--nocapture"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let peak = text.split("peak ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse::<u64>().unwrap();
    assert!(peak < 400, "{peak} MiB");
}

#[test]
#[ignore = "the child of many_scenarios_do_not_hold_the_trace"]
fn eight_over_a_long_trace() {
    let executor = Local::new(program::end);
    let mut generation = generation();
    generation.samples = 3_000_000;
    let source = Source::generated(generation, Demands::new(5_000_000, ServiceDistribution::Exponential, 1));
    let scenarios = nine(&executor);
    let mut plan = Plan::new(source, scenarios);
    let executions = plan.execute(&executor, Vec::new(), &Recording::default()).unwrap();
    assert!(executions.iter().all(Result::is_ok));
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap().trim();
    let kib: u64 = peak.trim_end_matches(" kB").parse().unwrap();
    println!("peak {} MiB", kib >> 10);
}

fn generation() -> Generation {
    let none: [&str; 0] = [];
    Generation::from_settings(&of_flags(none).unwrap(), &of_flags(none).unwrap()).unwrap()
}
