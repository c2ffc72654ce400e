//! What `host limits` prints.

use failure::Limit;
use sandbox::limits::{
    COMPILE_MEMORY, COMPILE_TIME, CPU_TIME_PER_REQUEST, ENTRIES, ERROR_TEXT, ERROR_TEXT_KEPT, FUNCTION_BODY, FUNCTIONS,
    MEMORY_DEFAULT, MODULE, MODULE_TEXT, RANDOM_BYTES, RUN_MEMORY, STACK, TABLE_ELEMENTS, TIME_DEFAULT,
    UNANSWERED_DEFAULT, UNANSWERED_MIN, VECTORS,
};
use trace::shape::spread::MAX_IN_A_TICK;

/// A mebibyte \[bytes\].
const MIB: u64 = 1 << 20;

/// The columns of names and defaults, and that of flags.
const WIDTHS: [usize; 3] = [22, 32, 19];

/// The table that `host limits` prints; docs/contract.md has the same. Names without a [`Limit`] are bounds of another class,
/// or of none. A terminal without room for the reasons has each on a line of its own.
pub(crate) fn table(width: usize) -> String {
    let size = |bytes: u64| match bytes >> 30 {
        0 => format!("{} MiB", bytes / MIB),
        gib => format!("{gib} GiB"),
    };
    let thousands = |number: u64| format!("{},000", number / 1000);
    let million = |number: usize| format!("{} million", number / 1_000_000);
    let per_request = CPU_TIME_PER_REQUEST.as_micros();
    let kept = 2 * ERROR_TEXT_KEPT / 1024;
    let unanswered = format!("{} a run, {UNANSWERED_MIN} a worker", million(UNANSWERED_DEFAULT as usize));
    let rows = [
        (Limit::Memory.name(), format!("{MEMORY_DEFAULT} MiB"), "--limit-memory", "what one simulator may allocate"),
        (Limit::RunMemory.name(), size(RUN_MEMORY as u64), "-", "all its simulators, tables and globals too"),
        (Limit::TableElements.name(), million(TABLE_ELEMENTS), "-", "allocated in host memory"),
        (Limit::Stack.name(), size(STACK as u64), "-", "bounds recursion"),
        (
            Limit::CpuTime.name(),
            format!("{TIME_DEFAULT} s + {per_request} µs a request read"),
            "--limit-time",
            "start section and calls included, not waiting",
        ),
        ("sleep", "no time passes".to_owned(), "-", "it advances the simulator's clock, nothing else"),
        ("output", "32 bytes x (1 + requests read)".to_owned(), "-", "more breaks the contract"),
        (Limit::ErrorText.name(), format!("{}, {kept} KiB kept", size(ERROR_TEXT)), "-", "bounds diagnostic output"),
        ("descriptors", "3, none can be opened".to_owned(), "-", "0, 1 and 2; there are no files"),
        (
            Limit::RandomBytes.name(),
            format!("{} a call", size(RANDOM_BYTES as u64)),
            "-",
            "a call can't be interrupted",
        ),
        ("vectors and events", format!("{VECTORS} a call"), "-", "a call can't be interrupted; more: \"invalid\""),
        (Limit::UnansweredRequests.name(), unanswered, "--limit-unanswered", "the host keeps each in memory"),
        (Limit::ModuleFile.name(), format!("{}, {} as text", size(MODULE), size(MODULE_TEXT)), "-", "read into memory"),
        (Limit::Functions.name(), thousands(FUNCTIONS), "-", "each takes 6 KiB to compile, however small"),
        (
            Limit::FunctionBody.name(),
            format!("{} KiB", FUNCTION_BODY >> 10),
            "-",
            "takes up to 2,500 times that to compile",
        ),
        (Limit::SectionEntries.name(), thousands(ENTRIES), "-", "types, imports, globals, exports, segments"),
        (
            Limit::CompileTime.name(),
            format!("{} s of CPU time", COMPILE_TIME.as_secs()),
            "-",
            "exceeding it ends the process",
        ),
        (Limit::CompileMemory.name(), size(COMPILE_MEMORY as u64), "-", "exceeding it ends the process"),
        ("line of a trace", format!("{} KiB", trace::reader::LINE_LIMIT / 1024), "-", "a row is read into memory"),
        (
            Limit::ModelledRequests.name(),
            format!("{} requests", million(policy::MAX_IN_SYSTEM)),
            "-",
            "kept by policies that use the state of workers",
        ),
        (Limit::RequestsInTick.name(), million(MAX_IN_A_TICK), "-", "--spread holds the requests of a tick"),
    ];
    let widest = rows.iter().map(|(_, _, _, reason)| reason.chars().count()).max().unwrap_or(0);
    let wide = width >= WIDTHS.iter().sum::<usize>() + widest;
    let line = |name: &str, default: &str, flag: &str, reason: &str| {
        let [names, defaults, flags] = WIDTHS;
        let line = format!("{name:<names$}{default:<defaults$}{flag:<flags$}");
        if wide { line + reason + "\n" } else { format!("{}\n    {reason}\n", line.trim_end()) }
    };
    rows.iter().fold(line("limit", "default", "flag", "why"), |text, (name, default, flag, reason)| {
        text + &line(name, default, flag, reason)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_has_a_row() {
        for limit in Limit::ALL {
            let rows = table(80).lines().filter(|line| line.starts_with(&format!("{limit}  "))).count();
            assert_eq!(rows, 1, "{limit}");
        }
    }

    #[test]
    fn the_table_fits_the_terminal() {
        for (width, lines) in [(80, 2), (119, 2), (120, 1)] {
            let text = table(width);
            assert!(text.lines().all(|line| line.chars().count() <= width), "{width}: {text}");
            let limits = text.lines().filter(|line| !line.starts_with(' ')).count();
            assert_eq!(text.lines().count(), lines * limits, "{width}: {text}");
            for line in text.lines().filter(|line| !line.starts_with(' ')) {
                let (name, rest) = line.split_at(WIDTHS[0]);
                assert!(name.ends_with(' ') && !rest.starts_with(' '), "{line}");
                assert!(rest.chars().nth(WIDTHS[1] - 1).is_none_or(|letter| letter == ' '), "{line}");
            }
        }
    }
}
