//! The default simulator as a program: a shard on stdin, its completions on stdout, settings in the environment.

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use sim_wasm::{Model, Refusal, filter};

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
    if number("SIM_CONTRACT", "1")? != 1 {
        return Err("SIM_CONTRACT is not 1, the only contract that this simulator supports".to_owned());
    }
    let discipline = value("DISCIPLINE", "fifo");
    if discipline != "fifo" {
        return Err(format!("DISCIPLINE={discipline} is not supported by this simulator; it supports fifo"));
    }
    let servers = number("SERVERS", "1")?;
    let (capacity, delay) = (number("CAPACITY", "0")?, number("DELAY", "0")?);
    match u32::try_from(servers) {
        Ok(servers) if servers > 0 => Ok(Model { servers, capacity, delay }),
        _ => Err(format!("SERVERS={servers} is not a number from 1 to {}", u32::MAX)),
    }
}
