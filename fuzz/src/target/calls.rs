//! Modules that only make host calls, with numbers and iovecs that are valid, on a boundary, or arbitrary.

use std::fmt::Write as _;

use random::streams::Stream;

use crate::edit::{once_in, pick};

/// Functions of WASI with their parameters; `l` is an i64. The result is an i32.
const FUNCTIONS: &[(&str, &str)] = &[
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "ili"),
    ("fd_close", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_filestat_get", "ii"),
    ("fd_pread", "iiili"),
    ("fd_prestat_get", "ii"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiili"),
    ("fd_renumber", "ii"),
    ("fd_seek", "ilii"),
    ("fd_write", "iiii"),
    ("path_open", "iiiiillii"),
    ("poll_oneoff", "iiii"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
];

/// Imports of all of them, as WAT.
pub(super) fn imports() -> String {
    let mut text = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func $proc_exit (param i32)))".to_owned();
    for (name, parameters) in FUNCTIONS {
        let types: String = parameters.chars().map(|kind| if kind == 'l' { " i64" } else { " i32" }).collect();
        let _ =
            write!(text, "(import \"wasi_snapshot_preview1\" \"{name}\" (func ${name} (param{types}) (result i32)))");
    }
    text
}

/// A module.
pub(super) fn make(random: &mut Stream) -> Vec<u8> {
    let pages = pick(random, &[1, 1, 2, 200]);
    // At 256 is a header of completions; iovecs are composed below it.
    let mut text = format!(
        "(module {}(memory (export \"memory\") {pages})(data (i32.const 256) \"QBOXCPL\\n\\01\\00\\00\\00\\20\")(func (export \
         \"_start\")",
        imports()
    );
    for _ in 0..=random.below(24) {
        if once_in(random, 2) {
            let at = 4 * random.below(16);
            let _ = write!(text, "(i32.store (i32.const {at}) (i32.const {}))", number(random));
            continue;
        }
        // The streams more often than all other functions.
        let (name, parameters) = match random.below(6) {
            0 | 1 => ("fd_read", "iiii"),
            2 | 3 => ("fd_write", "iiii"),
            _ => pick(random, FUNCTIONS),
        };
        let _ = write!(text, "(drop (call ${name}");
        for (place, kind) in parameters.chars().enumerate() {
            let number = if place == 0 && name.starts_with("fd_") { random.below(4) as u32 } else { number(random) };
            let _ = if kind == 'l' {
                write!(text, "(i64.const {})", i64::from(number as i32))
            } else {
                write!(text, "(i32.const {number})")
            };
        }
        text += "))";
    }
    if once_in(random, 4) {
        let _ = write!(text, "(call $proc_exit (i32.const {}))", number(random));
    }
    wat::parse_str(text + "))").expect("a text of this file")
}

/// An address, a length or a count: mostly low, or a boundary of memory or of numbers.
fn number(random: &mut Stream) -> u32 {
    let near = random.below(9) as u32;
    match random.below(8) {
        0..=2 => 8 * near,
        3 => near,
        4 => pick(random, &[32, 48, 256, 1_024, 4_096]),
        5 => pick(random, &[1u32 << 16, 1 << 17, 200 << 16, 1 << 31, 0]).wrapping_sub(near),
        6 => u32::MAX - near,
        _ => random.bits() as u32,
    }
}
