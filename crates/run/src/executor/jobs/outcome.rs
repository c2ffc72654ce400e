//! Validates outcomes. A job runs a module from an unknown author, so its outcome is untrusted data. It is accepted
//! only for the attempt, the module and the shard of the job, and only if it is possible.

use crate::job::{JobFile, OutcomeFile, VERSION, Versioned};
use anyhow::{anyhow, bail, ensure};
use failure::{Failure, printable};
use measure::Outcome;
use sandbox::limits;

/// The worker's image contains a host with another version of jobs, so every attempt on it must fail.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the worker image has another version ({}; this program has {VERSION}): make workers rebuilds it", .0.as_deref().unwrap_or("one without a number"))]
pub(super) struct OtherVersion(Option<String>);

impl OtherVersion {
    /// A host from before there were versions, which can't read the job and leaves no outcome.
    pub(super) const UNKNOWN: Self = Self(None);
}

/// Most bytes of stderr in an outcome: both parts that are kept, with each byte replaced by three, and what is between them.
const STDERR: usize = 6 * limits::ERROR_TEXT_KEPT + 64;

/// The outcome in the file `text` of `job`, which had `requests` requests and ended with exit code `code`.
///
/// # Errors
/// [`OtherVersion`]; or the reason for which it is rejected.
pub(super) fn validate(text: &[u8], job: &JobFile, requests: u64, code: i64) -> anyhow::Result<Outcome> {
    let unreadable = |error| anyhow!("the outcome can't be read: {error}");
    let Versioned { version } = serde_json::from_slice(text).map_err(unreadable)?;
    if version.as_ref() != Some(&job.version) {
        return Err(OtherVersion(version.map(|version| printable(version.as_bytes(), 60))).into());
    }
    let file: OutcomeFile = serde_json::from_slice(text).map_err(unreadable)?;
    ensure!(file.nonce == job.nonce, "the outcome belongs to another attempt");
    ensure!(file.module == job.module && file.shard == job.shard, "the outcome belongs to another module or shard");
    let Outcome { offered, result, stderr } = &file.outcome;
    if let Err(Failure::Host { message }) = result {
        bail!("{message}");
    }
    ensure!(stderr.len() <= STDERR, "the outcome has more of the simulator's stderr than a host keeps");
    ensure!(*offered == requests, "the worker counted {offered} of its {requests} requests");
    let expected = match result {
        Ok(measured) => {
            if let Err(rule) = measured.check(requests, job.job.window_limit(), job.job.warmup_ns, &job.job.criteria) {
                bail!("the outcome can't be true: {rule}");
            }
            let expected = job.job.capabilities;
            ensure!(
                expected.is_none_or(|expected| expected == measured.capabilities),
                "the module has other capabilities than on an empty shard"
            );
            0
        }
        Err(failure @ (Failure::Host { .. } | Failure::Trace { .. } | Failure::Executor { .. })) => {
            bail!("a worker can't fail with class {}: {failure}", failure.class())
        }
        Err(failure) => failure.exit_code().into(),
    };
    ensure!(expected == code, "the host ended with exit code {code}, but its outcome implies {expected}");
    Ok(file.outcome)
}

#[cfg(test)]
mod tests {
    use super::*;
    use contract::Capabilities;
    use measure::{Counted, Course, End, Kind, Measured, Measurement, Windows};
    use sandbox::limits::Limits;
    use sandbox::{Job, Model};

    fn job() -> JobFile {
        let alone = Job::alone(Model::of_defaults(1), Limits::default());
        JobFile {
            version: VERSION.to_owned(),
            nonce: "n".to_owned(),
            module: "m".to_owned(),
            shard: Some("s".to_owned()),
            completions: false,
            job: Job { worker: 2, workers: 3, capabilities: Some(Capabilities(7)), ..alone },
        }
    }

    fn outcome() -> OutcomeFile {
        let mut measured = Measurement::new(3, 0);
        measured.all.tally.counts.offered = 1;
        measured.end(Kind::default(), 0, End::Completed { start: 0, finish: 10, service: 10 });
        measured.close(10);
        let (Course { tally, windows }, classes, counted) = measured.finish();
        let capabilities = Capabilities(7);
        let result = Ok(Measured { tally, windows, classes, counted, delay_reached: false, capabilities });
        let JobFile { version, nonce, module, shard, .. } = job();
        OutcomeFile { version, nonce, module, shard, outcome: Outcome { offered: 1, result, stderr: String::new() } }
    }

    fn validated(forge: impl FnOnce(&mut OutcomeFile), code: i64) -> Result<Outcome, String> {
        let mut file = outcome();
        forge(&mut file);
        let text = serde_json::to_vec(&file).unwrap();
        validate(&text, &job(), 1, code).map_err(|error| error.to_string())
    }

    #[test]
    fn an_outcome_of_the_job_is_accepted() {
        assert_eq!(validated(|_| {}, 0).unwrap().offered, 1);
        let trap = |file: &mut OutcomeFile| file.outcome.result = Err(Failure::trap("it trapped"));
        assert!(validated(trap, 5).unwrap().result.is_err());
    }

    #[test]
    fn an_outcome_of_another_job_or_an_impossible_one_is_rejected() {
        let no = |forge: fn(&mut OutcomeFile), code, reason: &str| {
            let error = validated(forge, code).unwrap_err();
            assert!(error.contains(reason), "{error}");
        };
        fn measured(file: &mut OutcomeFile) -> &mut Measured {
            file.outcome.result.as_mut().unwrap()
        }
        no(|file| file.nonce = "older".to_owned(), 0, "another attempt");
        no(|file| file.module = "other".to_owned(), 0, "another module or shard");
        no(|file| file.shard = None, 0, "another module or shard");
        no(|file| file.outcome.stderr = "x".repeat(1 << 20), 0, "more of the simulator's stderr");
        no(|file| file.outcome.offered = 2, 0, "counted 2 of its 1");
        no(|file| measured(file).tally.counts.completed = 2, 0, "can't be true");
        no(|file| measured(file).tally.delay_sum_ns = u128::MAX, 0, "can't be true");
        no(|file| measured(file).windows = Windows::new(1024), 0, "can't be true: its windows contradict");
        no(|file| measured(file).tally.from_ns = 5, 0, "can't be true: it has another warm-up");
        no(|file| measured(file).counted = vec![Counted::default()], 0, "can't be true: it was not measured for");
        no(|file| measured(file).windows = Windows::new(0), 0, "can't be true: it has other windows");
        no(|file| measured(file).capabilities = Capabilities(1), 0, "other capabilities");
        no(|_| {}, 1, "exit code 1");
        no(|file| file.outcome.result = Err(Failure::trap("it trapped")), 0, "exit code 0");
        no(|file| file.outcome.result = Err(Failure::executor("gone")), 8, "can't fail with class executor");
        no(|file| file.outcome.result = Err(Failure::host("full")), 1, "full");
        assert!(validate(b"{", &job(), 1, 0).unwrap_err().to_string().contains("can't be read"));
    }

    #[test]
    fn another_version_is_named_whatever_the_outcome_contains() {
        for (text, theirs) in [
            (r#"{"version":"0.0.1 (job format 9)"}"#, Some("0.0.1 (job format 9)")),
            (r#"{"version":"\u001b[2J","outcome":7}"#, Some("\\u{1b}[2J")),
            (r#"{"nonce":"n","module":"m","shard":"s","outcome":{}}"#, None),
        ] {
            let error = validate(text.as_bytes(), &job(), 1, 8).unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&OtherVersion(theirs.map(str::to_owned))));
            assert!(error.to_string().contains(VERSION) && error.to_string().contains("make workers"), "{error}");
        }
    }
}
