//! What a container wrote to its standard error, for the error of an attempt that failed.

use std::time::Duration;

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::query_parameters::LogsOptionsBuilder;
use failure::printable;
use futures_util::{Stream, StreamExt as _};

/// Lines that are asked for; the engine cuts one that is longer than 16 KiB in several.
const LINES: &str = "20";

/// Bytes that are kept of them, and characters that are shown.
const BYTES: usize = 4096;
const SHOWN: usize = 300;

/// How long the engine may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The end of what the container wrote since `ended_before`, which is when it had ended before: one line for people. Empty where
/// the engine does not give it, too.
pub(super) async fn end_of_stderr(docker: &Docker, id: &str, ended_before: &str) -> String {
    let options = LogsOptionsBuilder::default().stderr(true).timestamps(true).tail(LINES).build();
    let logs = docker.logs(id, Some(options)).filter_map(|output| async {
        match output {
            Ok(LogOutput::StdErr { message }) => Some(message),
            _ => None,
        }
    });
    shown(&collect(logs, ended_before, PATIENCE).await)
}

/// The last bytes of `lines` that are younger than `ended_before`, as far as they come within `patience`.
async fn collect(lines: impl Stream<Item = impl AsRef<[u8]>>, ended_before: &str, patience: Duration) -> Vec<u8> {
    let mut kept = Vec::new();
    let collecting = async {
        let mut lines = std::pin::pin!(lines);
        while let Some(line) = lines.next().await {
            let line = line.as_ref();
            let Some(space) = line.iter().position(|&byte| byte == b' ') else { continue };
            // Times of UTC; where digits are left out they are zeros, so their order is that of their texts.
            if line[..space].trim_ascii_end().strip_suffix(b"Z") > ended_before.as_bytes().strip_suffix(b"Z") {
                kept.extend_from_slice(&line[space + 1..]);
                let more = kept.len().saturating_sub(BYTES);
                kept.drain(..more);
            }
        }
    };
    // What came until then is shown.
    let _ = tokio::time::timeout(patience, collecting).await;
    kept
}

/// The end of a text, as one line.
fn shown(text: &[u8]) -> String {
    let lines = text.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    let line = lines.map(|line| printable(line, BYTES)).collect::<Vec<_>>().join(" | ");
    match line.char_indices().rev().nth(SHOWN) {
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
        runtime.block_on(collect(lines, "2026-11-24T09:30:00.12Z", Duration::from_millis(300)))
    }

    #[test]
    fn only_what_this_attempt_wrote_is_taken() {
        let lines = [
            "2026-11-24T09:30:00Z older\n",
            "2026-11-24T09:30:00.119999999Z old\n",
            "2026-11-24T09:30:00.120000001Z new\n",
            "no time",
            "2026-11-24T09:31:00Z last\n",
        ];
        assert_eq!(collected(stream::iter(lines)), b"new\nlast\n");
    }

    #[test]
    fn a_log_without_end_is_cut_at_its_bytes_and_at_its_time() {
        let slowly = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Some((format!("2027-01-01T00:00:00Z {}", "x".repeat(1000)), ()))
        });
        assert_eq!(collected(slowly).len(), BYTES);
    }

    #[test]
    fn the_end_is_one_printable_line() {
        assert_eq!(shown(b"note: worker 1 of 2\n\nerror: \x1b[2Jno\n"), "note: worker 1 of 2 | error: \\u{1b}[2Jno");
        assert_eq!(shown(b""), "");
        let long = shown(format!("{}ä", "b".repeat(BYTES - 2)).as_bytes());
        assert_eq!((long.chars().count(), long.starts_with("…b"), long.ends_with("bä")), (SHOWN + 1, true, true));
    }
}
