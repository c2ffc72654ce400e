//! One attempt: one worker on one slot. Its outcome counts only with the nonce of this attempt.

use std::fmt::{self, Display, Formatter};

use failure::{Class, Failure, Limit};
use measure::Outcome;
use sandbox::Job;

use super::outcome::{OtherVersion, believe};
use super::{Ended, Slot, Work};
use crate::completions::{PART_RECORD, check_part};
use crate::job::{JobFile, VERSION, digest};

/// Exit codes of a host that can't read its job, and leaves no outcome: those of a usage or a host error.
const NOT_READ: [i64; 2] = [1, 2];

/// Why an attempt gave no outcome that counts: a fault of the infrastructure, which tells nothing about the worker.
#[derive(Debug)]
pub(super) struct Fault {
    error: anyhow::Error,
    /// The end of what the job wrote to its standard error.
    stderr: String,
}

impl Fault {
    /// Another attempt would end the same way.
    pub(super) fn is_final(&self) -> bool {
        self.error.is::<OtherVersion>()
    }
}

impl Display for Fault {
    fn fmt(&self, to: &mut Formatter<'_>) -> fmt::Result {
        write!(to, "{:#}", self.error)?;
        if self.stderr.is_empty() { Ok(()) } else { write!(to, "; its stderr ends with: {}", self.stderr) }
    }
}

/// Runs worker `job.worker` on `slot`.
///
/// # Errors
/// If there is no outcome that counts.
pub(super) async fn attempt(slot: &impl Slot, work: &Work<'_>, job: Job) -> Result<Outcome, Fault> {
    match run(slot, work, job).await {
        Ok(outcome) => Ok(outcome),
        Err(error) => Err(Fault { error, stderr: slot.stderr().await }),
    }
}

async fn run(slot: &impl Slot, work: &Work<'_>, job: Job) -> anyhow::Result<Outcome> {
    let shard = work.shard(job.worker);
    let requests = work.requests(job.worker)?;
    let job = JobFile {
        version: VERSION.to_owned(),
        nonce: nonce()?,
        module: work.module.sha256().to_owned(),
        shard: shard.as_deref().map(digest).transpose()?,
        completions: work.completions.is_some(),
        job,
    };
    let (code, text) = match slot.run(work, &job, requests).await? {
        Ended::Stopped(failure) => return Ok(Outcome::failed(requests, failure)),
        Ended::Exited { code, outcome } => (code, outcome),
    };
    let Some(text) = text else {
        if code == i64::from(Class::Limit.exit_code()) {
            // The limits that end a host before it has an outcome.
            let rule = "the worker ended before its simulator began, for that or for memory to compile";
            let failure = Failure::limit(Limit::CompileTime, rule);
            return Ok(Outcome::failed(requests, failure));
        }
        anyhow::ensure!(!NOT_READ.contains(&code), OtherVersion::UNKNOWN);
        anyhow::bail!("the host ended with exit code {code} and without an outcome");
    };
    let outcome = believe(&text, &job, requests, code)?;
    if let (Some(parts), Some(shard), Ok(_)) = (work.completions, &shard, &outcome.result) {
        let part = parts.path(job.job.worker);
        let whole = slot.completions(&part, requests.saturating_mul(PART_RECORD as u64)).await?;
        anyhow::ensure!(whole, "the host left no completions");
        check_part(&part, shard)?;
    }
    Ok(outcome)
}

/// What no earlier attempt can have written.
fn nonce() -> Result<String, getrandom::Error> {
    Ok(format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?))
}
