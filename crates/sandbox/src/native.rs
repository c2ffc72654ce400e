//! Streams and ledger without the sandbox: with the default simulator, natively, for the comparison of speed; and with
//! given steps, for fuzzing.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use failure::Failure;
use sim_wasm::{Refusal, filter};

use crate::exit::REFUSED_INPUT;
use crate::ledger::Ledger;
use crate::shard::Shard;
use crate::streams::{Input, Output};
use crate::worker::{Job, close, ledger};
use measure::outcome::Outcome;

/// As [`crate::simulate`] with the default simulator, but natively, with the same shard, program and ledger.
pub fn simulate(job: &Job, shard: Box<dyn Shard>) -> Outcome {
    let ledger = RefCell::new(ledger(job, None));
    let mut stdin = Stdin { input: Input::new(shard), ledger: &ledger };
    let mut stdout = Stdout { output: Output::new(job.capabilities), ledger: &ledger };
    let ended = filter(&mut stdin, &mut stdout, job.queue()).map_err(|refusal| match refusal {
        Refusal::Input(reason) => Failure::Exit { code: REFUSED_INPUT, message: reason },
        Refusal::Io(error) => error.downcast().unwrap_or_else(|error| Failure::host(error.to_string())),
    });
    let (Stdin { input, .. }, Stdout { output, .. }) = (stdin, stdout);
    close(input, &output, ledger.into_inner(), ended)
}

/// One action of a simulator on its streams.
#[derive(Debug, Clone)]
pub enum Step {
    /// Reads this number of bytes of the shard.
    Read(usize),
    /// Writes these bytes of completions.
    Write(Vec<u8>),
}

/// As [`crate::simulate`] of a simulator that does `steps` and ends: tests rules without a module.
pub fn replay(job: &Job, shard: Box<dyn Shard>, steps: &[Step]) -> Outcome {
    let (mut input, mut output, mut ledger) = (Input::new(shard), Output::new(job.capabilities), ledger(job, None));
    let ended = steps.iter().try_for_each(|step| match step {
        Step::Read(length) => input.read(&mut vec![0; *length], &mut ledger).map(drop),
        Step::Write(bytes) => output.write(bytes, &mut ledger),
    });
    close(input, &output, ledger, ended)
}

struct Stdin<'a> {
    input: Input,
    ledger: &'a RefCell<Ledger>,
}

impl Read for Stdin<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer, &mut self.ledger.borrow_mut()).map_err(io::Error::other)
    }
}

struct Stdout<'a> {
    output: Output,
    ledger: &'a RefCell<Ledger>,
}

impl Write for Stdout<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes, &mut self.ledger.borrow_mut()).map_err(io::Error::other)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
