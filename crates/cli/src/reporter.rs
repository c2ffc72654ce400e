//! Where notes, warnings and progress of a run go. Libraries report to a [`Reporter`] that the program passes in.

use std::sync::{Mutex, PoisonError};

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use crate::{program, terminal};

/// Takes what a library reports.
pub trait Reporter: Send + Sync {
    /// Information for the user.
    fn note(&self, text: &str);

    /// A warning for the user.
    fn warn(&self, text: &str);

    /// The work `doing` begins, whose `length` is known or not; it ends when what this returns is dropped.
    fn begin(&self, doing: &str, unit: Unit, length: Option<u64>) -> Box<dyn Progress>;
}

/// What the progress of a work is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// Requests.
    Requests,
    /// Workers.
    Workers,
}

/// The progress of a work.
pub trait Progress: Send + Sync {
    /// It has reached `position`.
    fn reached(&self, position: u64);
}

/// Lines on stderr, and a progress bar if that is a terminal.
#[derive(Debug, Clone, Copy)]
pub struct Terminal;

impl Reporter for Terminal {
    fn note(&self, text: &str) {
        program::note(text);
    }

    fn warn(&self, text: &str) {
        program::warn(text);
    }

    fn begin(&self, doing: &str, unit: Unit, length: Option<u64>) -> Box<dyn Progress> {
        if terminal::is_quiet() {
            return Box::new(Unseen);
        }
        let bar = terminal::show(length.map_or_else(ProgressBar::no_length, ProgressBar::new));
        let style = style(doing, unit, length, terminal::stderr_width());
        Box::new(Bar(bar.with_style(style).with_message(doing.to_owned())))
    }
}

/// One line, which is never wider than the terminal of `width` columns: with less room it shows less.
fn style(doing: &str, unit: Unit, length: Option<u64>, width: usize) -> ProgressStyle {
    let (position, whole, name) = match unit {
        Unit::Bytes => ("{decimal_bytes}", "{decimal_total_bytes}", ""),
        Unit::Requests => ("{human_pos}", "{human_len}", " requests"),
        Unit::Workers => ("{human_pos}", "{human_len}", " workers"),
    };
    // At most, the bar aside.
    let count =
        if unit == Unit::Bytes { "999.99 MB".len() } else { HumanCount(length.unwrap_or(u64::MAX)).to_string().len() };
    let left = ", 59m left".len();
    let template = match length {
        Some(_) if doing.len() + count * 2 + name.len() + left + "  of  ".len() + 12 <= width => {
            format!("{{msg}} [{{wide_bar}}] {position} of {whole}{name}, {{eta}} left")
        }
        Some(_) if doing.len() + 20 <= width => "{msg} [{wide_bar}] {percent:>3} %".to_owned(),
        None if doing.len() + 1 + count + name.len() <= width => format!("{{msg}} {position}{name}"),
        _ => "{wide_msg}".to_owned(),
    };
    ProgressStyle::with_template(&template).expect("the template is right").progress_chars("=> ")
}

struct Bar(ProgressBar);

impl Progress for Bar {
    fn reached(&self, position: u64) {
        self.0.set_position(position);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        terminal::remove(&self.0);
    }
}

/// Keeps the lines and the names of works, for tests.
#[derive(Debug, Default)]
pub struct Recording {
    lines: Mutex<Vec<String>>,
    works: Mutex<Vec<String>>,
}

impl Recording {
    /// The lines so far: `note: …` and `warning: …`.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The works that have begun.
    pub fn works(&self) -> Vec<String> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn push(&self, line: String) {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Reporter for Recording {
    fn note(&self, text: &str) {
        self.push(format!("note: {text}"));
    }

    fn warn(&self, text: &str) {
        self.push(format!("warning: {text}"));
    }

    fn begin(&self, doing: &str, _: Unit, _: Option<u64>) -> Box<dyn Progress> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner).push(doing.to_owned());
        Box::new(Unseen)
    }
}

struct Unseen;

impl Progress for Unseen {
    fn reached(&self, _: u64) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::{ProgressDrawTarget, TermLike};
    use std::io;
    use std::sync::Arc;

    /// A terminal that keeps the texts that are written to it.
    #[derive(Debug, Clone)]
    struct Screen(u16, Arc<Mutex<Vec<String>>>);

    impl TermLike for Screen {
        fn width(&self) -> u16 {
            self.0
        }

        fn move_cursor_up(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_down(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_right(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn move_cursor_left(&self, _: usize) -> io::Result<()> {
            Ok(())
        }

        fn write_line(&self, text: &str) -> io::Result<()> {
            self.write_str(text)
        }

        fn write_str(&self, text: &str) -> io::Result<()> {
            self.1.lock().unwrap().push(text.to_owned());
            Ok(())
        }

        fn clear_line(&self) -> io::Result<()> {
            Ok(())
        }

        fn flush(&self) -> io::Result<()> {
            Ok(())
        }
    }

    fn drawn(unit: Unit, length: Option<u64>, position: u64, width: u16) -> String {
        let screen = Screen(width, Arc::default());
        let bar = length.map_or_else(ProgressBar::no_length, ProgressBar::new);
        bar.set_draw_target(ProgressDrawTarget::term_like(Box::new(screen.clone())));
        let doing = "uploading shards";
        let bar = bar.with_style(style(doing, unit, length, width.into())).with_message(doing);
        bar.set_position(position);
        bar.force_draw();
        bar.abandon();
        let texts = screen.1.lock().unwrap();
        let line = texts.iter().find(|text| text.contains("up")).unwrap().trim_end().to_owned();
        for text in texts.iter() {
            assert!(text.chars().count() <= width.into(), "{width}: {text}");
        }
        line
    }

    #[test]
    fn the_line_of_progress_never_wraps() {
        for width in (4..30).chain([79, 80, 120, 200]) {
            for unit in [Unit::Bytes, Unit::Requests, Unit::Workers] {
                for length in [None, Some(1), Some(4_096), Some(1_000_000_000_000), Some(u64::MAX)] {
                    drawn(unit, length, length.unwrap_or(u64::MAX) / 3, width);
                }
            }
        }
        let line = drawn(Unit::Workers, Some(4), 1, 80);
        assert!(line.starts_with("uploading shards [====") && line.contains("] 1 of 4 workers, "), "{line}");
        assert_eq!(drawn(Unit::Requests, Some(1_000_000), 250_000, 40), "uploading shards [===>           ]  25 %");
        assert_eq!(drawn(Unit::Requests, None, 1_000, 60), "uploading shards 1,000 requests");
        assert_eq!(drawn(Unit::Requests, None, 1_000, 9), "uploading");
    }
}
