//! Imports that simulators do not have: each error names the toolchain that they come from, and how to build without them.

use failure::{Failure, printable};

/// The functions that simulators have.
const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// The module imports `name` of `module`, which does not exist here.
pub(crate) fn missing(module: &str, name: &str) -> Failure {
    let import = printable(format!("{module}.{name}").as_bytes(), 200);
    let cure = cure(module, name);
    Failure::module(if module == PREVIEW_1 {
        format!("it imports \"{import}\", which is not a function of WASI preview 1: {cure}")
    } else {
        format!("it imports \"{import}\", but only WASI preview 1 ({PREVIEW_1}) is available: {cure}")
    })
}

/// How to build the module without that import.
fn cure(module: &str, name: &str) -> &'static str {
    let begins = |starts: &[&str]| starts.iter().any(|start| name.starts_with(start));
    match module {
        PREVIEW_1 => "build it for wasm32-wasip1, without extensions such as sockets or WASIX",
        "wasi_unstable" => "this is preview 0; build it with a current toolchain, for wasm32-wasip1",
        "wasi" if name == "thread-spawn" => {
            "threads are disabled; build it for wasm32-wasip1 instead of wasm32-wasip1-threads"
        }
        _ if module.starts_with("wasi:") => "this is preview 2; build it for wasm32-wasip1 instead of wasm32-wasip2",
        _ if module.starts_with("wasix_") => "this is WASIX; build it for wasm32-wasip1",
        _ if module.starts_with("__wbindgen") || module == "wbg" || module.ends_with("_bg.js") => {
            "this is wasm-bindgen; build it for wasm32-wasip1 instead of wasm32-unknown-unknown"
        }
        "go" | "gojs" => "this is Go for JavaScript; build it with GOOS=wasip1 (TinyGo: -target=wasip1)",
        _ if module.starts_with("GOT.") => OBJECT,
        "env" if begins(&["__memory_base", "__table_base", "__stack_pointer", "__indirect_function_table"]) => OBJECT,
        "env" if begins(&["memory", "__linear_memory"]) => "link it with a memory of its own, without --import-memory",
        "env" if begins(&["abort", "seed", "trace", "console.", "Date.", "performance.", "process.", "crypto."]) => {
            "if it is AssemblyScript, compile it with --use abort= --exportStart _start, or with its wasi-shim"
        }
        "env"
            if begins(&["emscripten_", "_emscripten_", "__syscall", "__cxa_", "invoke_", "_embind_", "_abort_js"]) =>
        {
            EMSCRIPTEN
        }
        "a" => EMSCRIPTEN,
        "env" => "no library that it is linked with defines it; define it in the module, or do not call it",
        _ => "build it for wasm32-wasip1",
    }
}

const OBJECT: &str = "this is an object file or a dynamic library; link it as a program, for wasm32-wasip1";
const EMSCRIPTEN: &str =
    "this is Emscripten; link it with -sSTANDALONE_WASM and a fixed -sINITIAL_MEMORY, or use wasi-sdk";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_toolchain_has_its_cure() {
        for (module, name, cure) in [
            ("env", "abort", "--use abort= --exportStart _start"),
            ("env", "console.log", "wasi-shim"),
            ("wasi_unstable", "fd_write", "preview 0"),
            ("wasi:io/streams@0.2.0", "[method]output-stream.write", "instead of wasm32-wasip2"),
            ("wasi_snapshot_preview1", "sock_open", "not a function of WASI preview 1: build it for wasm32-wasip1"),
            ("wasi", "thread-spawn", "instead of wasm32-wasip1-threads"),
            ("wasix_32v1", "futex_wait", "WASIX"),
            ("__wbindgen_placeholder__", "__wbindgen_throw", "instead of wasm32-unknown-unknown"),
            ("./mine_bg.js", "__wbg_now_1", "wasm-bindgen"),
            ("gojs", "runtime.wasmExit", "GOOS=wasip1"),
            ("env", "memory", "--import-memory"),
            ("env", "__stack_pointer", "link it as a program"),
            ("GOT.mem", "errno", "link it as a program"),
            ("env", "emscripten_notify_memory_growth", "-sINITIAL_MEMORY"),
            ("a", "b", "-sSTANDALONE_WASM"),
            ("env", "tell", "define it in the module"),
            ("imports", "log", "available: build it for wasm32-wasip1"),
        ] {
            let text = missing(module, name).to_string();
            assert!(text.contains(cure) && text.contains(&format!("it imports \"{module}.{name}\", ")), "{text}");
        }
        assert!(missing("\x1b[2J", "f").to_string().contains("\"\\u{1b}[2J.f\""));
    }
}
