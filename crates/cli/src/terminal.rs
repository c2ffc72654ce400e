//! The terminal: its width, its colours, and the lines on stderr, which are printed above the progress bars.

use std::io::{self, Write as _};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use clap::{Arg, ArgAction, ArgMatches};
use failure::printable;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use terminal_size::{Width, terminal_size_of};

/// Columns of a terminal whose width is not known, and of a pipe.
const COLUMNS: usize = 80;

/// Characters of one line on stderr.
const LINE: usize = 4000;

/// The progress bars on stderr.
static BARS: LazyLock<MultiProgress> = LazyLock::new(MultiProgress::new);

/// Whether notes and progress are left out.
static QUIET: AtomicBool = AtomicBool::new(false);

/// The id and the name of the flag that every command has.
const QUIET_FLAG: &str = "quiet";

/// The flag `--quiet`.
pub(crate) fn quiet_flag() -> Arg {
    let help = "Print no notes and no progress; warnings and errors are still printed";
    Arg::new(QUIET_FLAG).long(QUIET_FLAG).short('q').action(ArgAction::SetTrue).global(true).help(help)
}

/// Leaves notes and progress out from now on, if `--quiet` was given.
pub(crate) fn apply_quiet_flag(matches: &ArgMatches) {
    QUIET.store(matches.get_flag(QUIET_FLAG), Ordering::Relaxed);
}

pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// The columns that tables may take: of the terminal that is standard output, else COLUMNS, else 80.
pub fn width() -> usize {
    let terminal = terminal_size_of(io::stdout()).map(|(Width(columns), _)| columns.into());
    let given = || std::env::var("COLUMNS").ok()?.parse().ok().filter(|&columns| columns > 0);
    terminal.or_else(given).unwrap_or(COLUMNS)
}

/// The columns of the terminal that is stderr.
pub(crate) fn stderr_width() -> usize {
    terminal_size_of(io::stderr()).map_or(COLUMNS, |(Width(columns), _)| columns.into())
}

/// Prints one line `kind: text` on stderr.
pub(crate) fn say(kind: &str, text: &str) {
    say_lines(kind, std::iter::once(text));
}

/// Prints `kind: ` and the lines of a text on stderr.
pub(crate) fn say_lines<'a>(kind: &str, lines: impl Iterator<Item = &'a str>) {
    let style = match kind {
        "error" => AnsiColor::Red.on_default().bold(),
        "warning" | "interrupted" => AnsiColor::Yellow.on_default(),
        _ => Style::new(),
    };
    let text = lines.map(|line| printable(line.as_bytes(), LINE)).collect::<Vec<_>>().join("\n");
    let line = format!("{style}{kind}:{style:#} {text}\n");
    // If stderr is closed, there is nowhere to report it.
    BARS.suspend(|| drop(anstream::stderr().lock().write_all(line.as_bytes())));
}

/// Shows `bar` below the others.
pub(crate) fn show(bar: ProgressBar) -> ProgressBar {
    BARS.add(bar)
}

/// Takes `bar` away.
pub(crate) fn remove(bar: &ProgressBar) {
    bar.finish_and_clear();
    BARS.remove(bar);
}

/// Takes all bars away for good: the program is about to end.
pub(crate) fn remove_bars() {
    let _ = BARS.clear();
    BARS.set_draw_target(ProgressDrawTarget::hidden());
}

/// `text` for standard output: if that is a terminal with colours, heads of tables are bold and rules dim.
pub(crate) fn styled(text: &str) -> String {
    match AutoStream::choice(&io::stdout()) {
        ColorChoice::Never => text.to_owned(),
        _ => emphasised(text),
    }
}

/// The lines of a paragraph above its first rule are a table's head.
fn emphasised(text: &str) -> String {
    let is_rule = |line: &&str| !line.is_empty() && line.chars().all(|letter| letter == '─');
    let paragraph = |paragraph: &str| {
        let lines: Vec<&str> = paragraph.split('\n').collect();
        let head = lines.iter().position(&is_rule).unwrap_or(0);
        let line = |(number, line): (usize, &&str)| match line {
            rule if is_rule(rule) => format!("{0}{rule}{0:#}", Style::new().dimmed()),
            line if number < head => format!("{0}{line}{0:#}", Style::new().bold()),
            line => (*line).to_owned(),
        };
        lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
    };
    text.split("\n\n").map(paragraph).collect::<Vec<_>>().join("\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_bold_and_rules_dim_and_nothing_else_changes() {
        let text = "RR over 1 worker\n\n  a  b\n  [s]\n──────\n  1  2\n──────\n  1  2\nnote: ─\n\n  c\n───\n  3\n";
        let expected = "RR over 1 worker\n\n\u{1b}[1m  a  b\u{1b}[0m\n\u{1b}[1m  [s]\u{1b}[0m\n\u{1b}[2m──────\u{1b}[0m\n  1  2\n\
                        \u{1b}[2m──────\u{1b}[0m\n  1  2\nnote: ─\n\n\u{1b}[1m  c\u{1b}[0m\n\u{1b}[2m───\u{1b}[0m\n  3\n";
        assert_eq!(emphasised(text), expected);
    }
}
