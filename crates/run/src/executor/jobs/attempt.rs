//! One attempt: one worker on one slot. Its outcome is accepted only with the nonce of this attempt.

use std::fmt::{self, Display, Formatter};

use failure::{Class, Failure, Limit};
use measure::Outcome;
use sandbox::Job;

use super::outcome::{OtherVersion, validate};
use super::{Ended, Slot, Stage, Work};
use crate::completions::{PART_RECORD, check_part};
use crate::job::{JobFile, VERSION, digest};

/// Exit codes of a host that can't read its job and leaves no outcome: those of a usage or a host error.
const NOT_READ: [i64; 2] = [1, 2];

/// The reason for which an attempt gave no valid outcome: a fault of the infrastructure, not of the worker.
#[derive(Debug)]
pub(super) struct Fault {
    error: anyhow::Error,
    /// The end of the job's standard error.
    stderr: String,
}

impl Fault {
    /// Whether another attempt would end the same way.
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

/// Runs worker `job.worker` on `slot`, and reports its stages to `reached`.
///
/// # Errors
/// If there is no valid outcome.
pub(super) async fn attempt(
    slot: &impl Slot,
    work: &Work<'_>,
    job: Job,
    reached: &dyn Fn(Stage),
) -> Result<Outcome, Fault> {
    match run(slot, work, job, reached).await {
        Ok(outcome) => Ok(outcome),
        Err(error) => Err(Fault { error, stderr: slot.stderr().await }),
    }
}

async fn run(slot: &impl Slot, work: &Work<'_>, job: Job, reached: &dyn Fn(Stage)) -> anyhow::Result<Outcome> {
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
    let (code, text) = match slot.run(work, &job, requests, reached).await? {
        Ended::Stopped(failure) => return Ok(Outcome::failed(requests, failure)),
        Ended::Exited { code, outcome } => (code, outcome),
    };
    let Some(text) = text else {
        if code == i64::from(Class::Limit.exit_code()) {
            // The limits at which a host ends before it has an outcome.
            let rule = "the worker exceeded its limit of compile time or of compile memory";
            let failure = Failure::limit(Limit::CompileTime, rule);
            return Ok(Outcome::failed(requests, failure));
        }
        anyhow::ensure!(!NOT_READ.contains(&code), OtherVersion::UNKNOWN);
        anyhow::bail!("the host ended with exit code {code} and without an outcome");
    };
    let outcome = validate(&text, &job, requests, code)?;
    if let (Some(parts), Some(shard), Ok(_)) = (work.completions, &shard, &outcome.result) {
        let part = parts.path(job.job.worker);
        let whole = slot.completions(&part, requests.saturating_mul(PART_RECORD as u64)).await?;
        anyhow::ensure!(whole, "the host left no completions");
        check_part(&part, shard)?;
    }
    Ok(outcome)
}

/// A value that no earlier attempt can have written.
fn nonce() -> Result<String, getrandom::Error> {
    Ok(format!("{:016x}{:016x}", getrandom::u64()?, getrandom::u64()?))
}
