//! The standard error of a container, for the error of a failed attempt.

use std::time::Duration;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use bytes::Bytes;
use failure::printable;
use futures_util::{Stream, StreamExt as _};

/// Lines that are requested; the engine splits lines that are longer than 16 KiB.
const LINES: &str = "20";

/// Bytes that are kept of them.
const BYTES: usize = 4096;

/// Characters of them in the error of an attempt.
pub(super) const IN_ERROR: usize = 300;

/// Characters of all that is kept, each byte escaped.
pub(super) const ALL: usize = 6 * BYTES;

/// Time limit of the engine.
const PATIENCE: Duration = Duration::from_secs(10);

/// The time of the last line that the container has written; empty if there is none. This is the only way to
/// distinguish the lines of two attempts: the engine timestamps lines when it reads them, so neither the end of one
/// attempt nor the start of the next separates them.
pub(super) async fn last_time(docker: &Docker, id: &str) -> Vec<u8> {
    let mut last = Vec::new();
    each(stderr(docker, id, "1"), PATIENCE, |time, _| last = time.to_vec()).await;
    last
}

/// The end of what the container wrote after `since`, as [`last_time`] gave it: one line for people, of `most` characters at most.
/// Empty where the engine does not give it, too.
pub(super) async fn end_of_stderr(docker: &Docker, id: &str, since: &[u8], most: usize) -> String {
    shown(&end(stderr(docker, id, LINES), since, PATIENCE).await, most)
}

/// The last `lines` lines, each after its time.
fn stderr(docker: &Docker, id: &str, lines: &str) -> impl Stream<Item = Bytes> {
    let options = LogsOptionsBuilder::default().stderr(true).timestamps(true).tail(lines).build();
    docker.logs(id, Some(options)).filter_map(|output| async {
        match output {
            Ok(LogOutput::StdErr { message }) => Some(message),
            _ => None,
        }
    })
}

/// The last bytes of `lines` that are newer than `since`, if they arrive within `patience`.
async fn end(lines: impl Stream<Item = impl AsRef<[u8]>>, since: &[u8], patience: Duration) -> Vec<u8> {
    let mut kept = Vec::new();
    each(lines, patience, |time, text| {
        // All times are UTC and have nine decimals.
        if time > since {
            kept.extend_from_slice(text);
            let more = kept.len().saturating_sub(BYTES);
            kept.drain(..more);
        }
    })
    .await;
    kept
}

/// Calls `take` with the time and the text of each of `lines` that arrives within `patience`.
async fn each(lines: impl Stream<Item = impl AsRef<[u8]>>, patience: Duration, mut take: impl FnMut(&[u8], &[u8])) {
    let taking = async {
        let mut lines = std::pin::pin!(lines);
        while let Some(line) = lines.next().await {
            let line = line.as_ref();
            if let Some(space) = line.iter().position(|&byte| byte == b' ') {
                take(&line[..space], &line[space + 1..]);
            }
        }
    };
    let _ = tokio::time::timeout(patience, taking).await;
}

/// The end of a text, as one line.
fn shown(text: &[u8], most: usize) -> String {
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let line = lines.map(|line| printable(line, BYTES)).collect::<Vec<_>>().join(" | ");
    match line.char_indices().rev().nth(most) {
        Some((cut, character)) => format!("…{}", &line[cut + character.len_utf8()..]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    fn collected(lines: impl Stream<Item = impl AsRef<[u8]>>) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(end(lines, b"2026-11-24T09:30:00.120000000Z", Duration::from_millis(300)))
    }

    #[test]
    fn only_lines_of_this_attempt_are_used() {
        let lines = [
            "2026-11-24T09:30:00.119999999Z older\n",
            "2026-11-24T09:30:00.120000000Z old\n",
            "2026-11-24T09:30:00.120000001Z new\n",
            "untimed",
            "2026-11-24T09:31:00.000000000Z last\n",
        ];
        assert_eq!(collected(stream::iter(lines)), b"new\nlast\n");
    }

    #[test]
    fn a_log_is_limited_in_bytes_and_in_time() {
        let slowly = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((format!("2027-01-01T00:00:00.000000000Z {}", "x".repeat(1000)), ()))
        });
        assert_eq!(collected(slowly).len(), BYTES);
    }

    #[test]
    fn the_end_is_one_printable_line() {
        assert_eq!(
            shown(b"note: worker 1 of 2\n\nerror: \x1b[2Jno\n", IN_ERROR),
            "note: worker 1 of 2 | error: \\u{1b}[2Jno"
        );
        assert_eq!(shown(b"", IN_ERROR), "");
        let long = shown(format!("{}ä", "b".repeat(BYTES - 2)).as_bytes(), IN_ERROR);
        assert_eq!((long.chars().count(), long.starts_with("…b"), long.ends_with("bä")), (IN_ERROR + 1, true, true));
    }
}
