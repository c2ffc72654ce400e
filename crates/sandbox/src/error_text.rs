//! The simulator's stderr: text for people, of which the first and the last part are kept.

use std::collections::VecDeque;

use failure::{Failure, Limit, printable};

use crate::limits;

/// Characters of it in an error.
const IN_ERROR: usize = 600;

/// What a simulator wrote to stderr.
#[derive(Default)]
pub(crate) struct ErrorText {
    bytes: u64,
    first: Vec<u8>,
    last: VecDeque<u8>,
}

impl ErrorText {
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.bytes += bytes.len() as u64;
        if self.bytes > limits::ERROR_TEXT {
            let mebibytes = limits::ERROR_TEXT / limits::MIB;
            return Err(Failure::limit(
                Limit::ErrorText,
                format!("the simulator wrote more than {mebibytes} MiB to stderr"),
            ));
        }
        let (first, last) = bytes.split_at(bytes.len().min(limits::ERROR_TEXT_KEPT - self.first.len()));
        self.first.extend_from_slice(first);
        self.last.extend(&last[last.len().saturating_sub(limits::ERROR_TEXT_KEPT)..]);
        self.last.drain(..self.last.len().saturating_sub(limits::ERROR_TEXT_KEPT));
        Ok(())
    }

    /// The kept parts, and between them how much is left out. Not fit for a terminal.
    pub(crate) fn text(&self) -> String {
        let left_out = self.bytes - (self.first.len() + self.last.len()) as u64;
        let mut text = self.first.clone();
        if left_out > 0 {
            text.extend_from_slice(format!("\n… {left_out} bytes left out …\n").as_bytes());
        }
        text.extend(&self.last);
        String::from_utf8_lossy(text.trim_ascii()).into_owned()
    }

    /// The kept parts as one line that is safe for a terminal; empty if nothing was written.
    pub(crate) fn line(&self) -> String {
        let text = self.text();
        printable(text.as_bytes(), text.len() * LONGEST_ESCAPE)
    }

    /// What is appended to an error of the simulator: the end of the line; empty if nothing was written.
    pub(crate) fn in_error(&self) -> String {
        let line = self.line();
        match line.char_indices().rev().nth(IN_ERROR) {
            None if line.is_empty() => line,
            None => format!("; stderr: {line}"),
            Some((cut, character)) => format!("; stderr ends with: …{}", &line[cut + character.len_utf8()..]),
        }
    }
}

/// Characters that a byte takes at most when it is escaped, as `\u{1b}`.
const LONGEST_ESCAPE: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn wrote(bytes: &[u8]) -> ErrorText {
        let mut text = ErrorText::default();
        text.write(bytes).unwrap();
        text
    }

    #[test]
    fn both_ends_are_kept_and_a_flood_is_a_limit() {
        let mut text = wrote(b" begin\x1b ");
        assert_eq!(text.line(), "begin\\u{1b}");
        for _ in 0..1000 {
            text.write(&[b'x'; 1000]).unwrap();
        }
        text.write(b"end\n").unwrap();
        let kept = text.text();
        assert!(kept.starts_with("begin") && kept.ends_with("xend") && kept.len() < 5000, "{kept}");
        assert!(kept.contains(&format!("\n… {} bytes left out …\n", 1_000_012 - 4096)), "{kept}");
        assert!(matches!(text.write(&vec![0; limits::ERROR_TEXT as usize]), Err(Failure::Limit { .. })));
    }

    #[test]
    fn an_error_has_the_end_which_is_where_a_panic_is() {
        assert_eq!(ErrorText::default().in_error(), "");
        assert_eq!(wrote(b"a\nb\n").in_error(), "; stderr: a\\nb");
        let long = wrote(&[&[b'x'; 3000][..], b"\x1bpanicked"].concat()).in_error();
        assert!(long.starts_with("; stderr ends with: …xxx") && long.ends_with("x\\u{1b}panicked"), "{long}");
        assert_eq!(long.chars().count(), "; stderr ends with: …".chars().count() + IN_ERROR);
    }
}
