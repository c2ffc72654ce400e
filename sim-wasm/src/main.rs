//! The default simulator as a program: a shard on stdin, its completions on stdout, settings in the environment.

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use sim_wasm::{Discipline, Model, Patience, Refusal, filter};

fn main() -> ExitCode {
    let (code, reason) = match settings() {
        Err(reason) => (64, reason),
        Ok(model) => match filter(&mut io::stdin().lock(), &mut io::stdout().lock(), model) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(Refusal::Input(reason)) => (65, reason),
            Err(Refusal::Io(error)) => (1, error.to_string()),
        },
    };
    let _ = writeln!(io::stderr(), "{reason}");
    ExitCode::from(code)
}

/// The model that the environment describes, or the reason for which it is not supported.
fn settings() -> Result<Model, String> {
    let value = |key: &str, default: &str| env::var(key).unwrap_or_else(|_| default.to_owned());
    let number = |key: &str, default: &str| {
        let text = value(key, default);
        text.parse::<u64>().map_err(|_| format!("{key}={text} is not a number"))
    };
    let positive = |key: &str| match u32::try_from(number(key, "1")?) {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(format!("{key}={} is not a number from 1 to {}", value(key, "1"), u32::MAX)),
    };
    if number("SIM_CONTRACT", "1")? != 1 {
        return Err("SIM_CONTRACT is not 1, the only contract that this simulator supports".to_owned());
    }
    let word = value("DISCIPLINE", "fifo");
    let discipline = Discipline::named(&word).ok_or_else(|| {
        let all = Discipline::ALL.map(Discipline::name).join(", ");
        format!("DISCIPLINE={word} is not supported by this simulator; it supports {all}")
    })?;
    let patience = Patience {
        mean_ns: number("PATIENCE_NS", "0")?,
        exponential: match value("PATIENCE", "deterministic").as_str() {
            "exponential" => true,
            "deterministic" => false,
            other => return Err(format!("PATIENCE={other} is neither deterministic nor exponential")),
        },
    };
    if discipline == Discipline::Ps && !patience.is_endless() {
        return Err("PATIENCE is not defined under DISCIPLINE=ps, where every request is in service at once".to_owned());
    }
    let (capacity, delay, seed) = (number("CAPACITY", "0")?, number("DELAY", "0")?, number("SEED", "1")?);
    let (servers, worker) = (positive("SERVERS")?, positive("WORKER")?);
    Ok(Model { discipline, servers, capacity, delay, patience, seed, worker })
}
