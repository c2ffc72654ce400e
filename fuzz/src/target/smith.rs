//! Modules by `wasm-smith`, most of them commands that the host takes and that call it.

use std::sync::LazyLock;

use arbitrary::{Arbitrary as _, Result, Unstructured};
use wasm_smith::{Config, Module};

/// What of WASI they may import.
static IMPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| {
    /// Names and parameters, of which `l` is an i64; the result is an i32.
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
    let mut text = "(import \"wasi_snapshot_preview1\" \"proc_exit\" (func (param i32)))".to_owned();
    for (name, parameters) in FUNCTIONS {
        let types: String = parameters.chars().map(|kind| if kind == 'l' { " i64" } else { " i32" }).collect();
        text += &format!("(import \"wasi_snapshot_preview1\" \"{name}\" (func (param{types}) (result i32)))");
    }
    compile(&text)
});

/// What they must export, with a little memory, with none, with almost too much of it.
static EXPORTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    ["1", "1", "0", "4 10", "250"]
        .map(|pages| compile(&format!("(memory (export \"memory\") {pages}) (func (export \"_start\"))")))
        .to_vec()
});

fn compile(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {text})")).expect("a text of this file")
}

/// The module that `bytes` stand for.
pub(super) fn module(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut source = Unstructured::new(bytes);
    let config = match source.int_in_range(0..=15)? {
        0 => Config::arbitrary(&mut source)?,
        _ => command(&mut source)?,
    };
    Ok(Module::new(config, &mut source)?.to_bytes())
}

/// What a simulator may be made of.
fn command(source: &mut Unstructured<'_>) -> Result<Config> {
    Ok(Config {
        available_imports: Some(IMPORTS.clone()),
        exports: Some(source.choose(&EXPORTS)?.clone()),
        // That of the exports comes on top.
        max_memories: 0,
        max_tables: 4,
        // Any trap would end it.
        disallow_traps: source.arbitrary()?,
        allow_start_export: source.ratio(1, 8)?,
        max_funcs: 40,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        memory64_enabled: false,
        gc_enabled: false,
        exceptions_enabled: false,
        ..Config::default()
    })
}
