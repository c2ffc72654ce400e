//! Modules by `wasm-smith`, most of which the host accepts and which make host calls.

use std::sync::LazyLock;

use arbitrary::{Arbitrary as _, Result, Unstructured};
use wasm_smith::{Config, InstructionKind, InstructionKinds, Module};

use super::calls;

/// The imports of WASI that they may have.
static IMPORTS: LazyLock<Vec<u8>> = LazyLock::new(|| compile(&calls::imports()));

/// The exports that they must have, with a little memory, without memory, and with almost too much.
static EXPORTS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    ["1", "1", "0", "4 10", "250"]
        .map(|pages| compile(&format!("(memory (export \"memory\") {pages}) (func (export \"_start\"))")))
        .to_vec()
});

fn compile(text: &str) -> Vec<u8> {
    wat::parse_str(format!("(module {text})")).expect("a text of this file")
}

/// The module that `bytes` generate.
pub(super) fn module(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut source = Unstructured::new(bytes);
    let config = match source.int_in_range(0..=15)? {
        0 => Config::arbitrary(&mut source)?,
        _ => command(&mut source)?,
    };
    Ok(Module::new(config, &mut source)?.to_bytes())
}

/// The configuration of a simulator.
fn command(source: &mut Unstructured<'_>) -> Result<Config> {
    // With few kinds of instructions, more of them are calls.
    const FEW: &[InstructionKind] = &[
        InstructionKind::NumericInt,
        InstructionKind::Variable,
        InstructionKind::Control,
        InstructionKind::Parametric,
        InstructionKind::MemoryInt,
    ];
    Ok(Config {
        available_imports: Some(IMPORTS.clone()),
        exports: Some(source.choose(&EXPORTS)?.clone()),
        // The memory of the exports is added.
        max_memories: 0,
        // Functions before `_start` use up the bytes: with more of them, its body is empty.
        max_funcs: 10,
        max_types: 6,
        max_globals: 6,
        max_data_segments: 4,
        max_element_segments: 4,
        max_tables: 4,
        allowed_instructions: if source.ratio(3, 4)? { InstructionKinds::new(FEW) } else { InstructionKinds::all() },
        // Any trap would end it.
        disallow_traps: source.arbitrary()?,
        allow_start_export: source.ratio(1, 8)?,
        relaxed_simd_enabled: false,
        threads_enabled: false,
        memory64_enabled: false,
        gc_enabled: false,
        exceptions_enabled: false,
        ..Config::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use wasmparser::{Operator, Parser, Payload, TypeRef, Validator};

    /// Host calls in the body of `_start`, which is the last function; None if the module is invalid.
    fn calls(module: &[u8]) -> Option<usize> {
        Validator::new().validate_all(module).ok()?;
        let (mut imported, mut calls) = (0, 0);
        for payload in Parser::new(0).parse_all(module).map_while(Result::ok) {
            match payload {
                Payload::ImportSection(imports) => {
                    imported =
                        imports.into_imports().flatten().filter(|import| matches!(import.ty, TypeRef::Func(_))).count();
                }
                Payload::CodeSectionEntry(body) => {
                    let operators = body.get_operators_reader().ok()?.into_iter().flatten();
                    calls = operators
                        .filter(|operator| matches!(operator, Operator::Call { function_index } if (*function_index as usize) < imported))
                        .count();
                }
                _ => {}
            }
        }
        Some(calls)
    }

    #[test]
    fn modules_are_valid_and_some_call_the_host() {
        let mut random = random::streams::Streams::new(1, "smith").of(0);
        let mut counts = (0, 0, 0);
        for _ in 0..1_000 {
            let len = 1 << (7 + random.below(5));
            let bytes: Vec<u8> = (0..len).map(|_| random.bits() as u8).collect();
            let Ok(module) = module(&bytes) else { continue };
            let calls = calls(&module);
            counts.0 += usize::from(calls.is_some());
            counts.1 += usize::from(calls.is_some_and(|calls| calls > 0));
            counts.2 += calls.unwrap_or(0);
        }
        assert!(counts.0 > 900 && counts.1 > 150, "{counts:?}");
    }
}
