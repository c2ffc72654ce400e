//! `fuzz --cases 100000`: makes cases of each target from a seed, runs them on all cores, and reports how they ended.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use fuzz::driver::{self, Plan};
use fuzz::{TARGETS, Target};

/// Fuzz Queuebox: hostile modules, broken traces of every family, forged completions, and the CSV reader against the csv crate.
#[derive(Parser)]
#[command(name = "fuzz")]
struct Cli {
    /// Targets: module, delimited, lines, json, binary, packed, completions, csv [default: all]
    #[arg(value_parser = target)]
    targets: Vec<Target>,
    /// Cases of each target.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    cases: u64,
    /// Seed of all cases.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Number of the first case.
    #[arg(long, value_name = "N", default_value_t = 0)]
    first: u64,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for failed cases.
    #[arg(long, value_name = "DIR", default_value = "target/fuzz-failed")]
    failed: PathBuf,
    /// Run this case file alone.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["cases", "corpus"])]
    case: Option<PathBuf>,
    /// Write the cases to DIR, as a corpus for libFuzzer, instead of running them.
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
}

fn target(name: &str) -> Result<Target, String> {
    TARGETS.iter().find(|target| target.name == name).copied().ok_or_else(|| {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        format!("it is not one of {}", names.join(", "))
    })
}

fn main() -> std::io::Result<ExitCode> {
    let mut cli = Cli::parse();
    if cli.targets.is_empty() {
        cli.targets = TARGETS.to_vec();
    }
    let threads = match cli.threads {
        Some(threads) => threads.max(1),
        None => std::thread::available_parallelism()?.get(),
    };
    let plan = Plan { seed: cli.seed, first: cli.first, cases: cli.cases, threads, folder: cli.failed };
    let mut code = ExitCode::SUCCESS;
    for target in &cli.targets {
        let held = match (&cli.case, &cli.corpus) {
            (Some(path), _) => one(target, &std::fs::read(path)?),
            (None, Some(folder)) => corpus(target, &plan, folder).map(|()| true)?,
            (None, None) => many(target, &plan)?,
        };
        if !held {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

fn one(target: &Target, case: &[u8]) -> bool {
    let ended = driver::hold(target, case);
    match &ended {
        Ok(end) => println!("{}: {end}", target.name),
        Err(wrong) => println!("{}: FAILED: {wrong}", target.name),
    }
    ended.is_ok()
}

fn corpus(target: &Target, plan: &Plan, folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    (plan.first..plan.first + plan.cases).try_for_each(|number| {
        driver::write(target, plan.seed, number, &folder.join(format!("{}-{}-{number}", target.name, plan.seed)))
    })
}

fn many(target: &Target, plan: &Plan) -> std::io::Result<bool> {
    let result = driver::run(target, plan)?;
    let mut ends: Vec<_> = result.ends.iter().collect();
    ends.sort_by_key(|&(_, count)| std::cmp::Reverse(*count));
    let ends: Vec<_> = ends.into_iter().map(|(end, count)| format!("{end} {count}")).collect();
    println!(
        "{}: {} cases in {:.1} s, {} failed; ended: {}; the longest took {:.0} ms, the process held {} MiB",
        target.name,
        result.cases,
        result.time.as_secs_f64(),
        result.failed.len(),
        ends.join(", "),
        result.longest.as_secs_f64() * 1e3,
        driver::peak_kib().unwrap_or(0) / 1024
    );
    for (path, wrong) in &result.failed {
        println!(
            "  FAILED: {wrong}\n    again: cargo run --release -p queuebox-fuzz -- {} --case {}",
            target.name,
            path.display()
        );
    }
    Ok(result.failed.is_empty())
}
