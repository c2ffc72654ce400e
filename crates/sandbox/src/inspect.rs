//! Inspects a module before it is compiled. Compiling takes a multiple of a module's size, up to some KiB for a
//! function of two bytes, so oversized modules are rejected by their section sizes.

use failure::{Failure, Limit, printable};
use wasmparser::{BinaryReaderError, ElementItems, ElementKind, Encoding, Parser, Payload, TypeRef};

use crate::limits;

/// Host memory that an instance of wasmtime 48 takes for each global, function, segment and element of a passive
/// segment, and additionally for each imported function \[bytes\].
const GLOBAL: u64 = 16;
const FUNCTION: u64 = 32;
const IMPORT: u64 = 32;
const SEGMENT: u64 = 32;
const ELEMENT: u64 = 16;

/// Checks the sizes of the module `bytes` against their limits. Returns the memory of each of its instances besides
/// linear memories and tables \[bytes\].
///
/// # Errors
/// [`Failure::Module`] if it is not a core module, [`Failure::Limit`] if it is too large.
pub(crate) fn inspect(bytes: &[u8]) -> Result<usize, Failure> {
    if !bytes.starts_with(b"\0asm") {
        let precompiled =
            if bytes.starts_with(b"\x7fELF") { ", but is an ELF file (a precompiled module?)" } else { "" };
        return refuse(&format!("it is not a WebAssembly module: it does not begin with \"\\0asm\"{precompiled}"));
    }
    let (mut functions, mut elements, mut instance) = (0, 0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::Version { encoding: Encoding::Component, .. } => {
                return refuse(
                    "it is a component (WASI preview 2), not a core module; build it for wasm32-wasip1 instead of wasm32-wasip2",
                );
            }
            Payload::TypeSection(types) => entries("types", types.count())?,
            Payload::ImportSection(imports) => {
                entries("imports", imports.count())?;
                for import in imports.into_imports() {
                    if let TypeRef::Func(_) = import.map_err(broken)?.ty {
                        functions += 1;
                        instance += IMPORT;
                    }
                }
            }
            Payload::FunctionSection(section) => {
                functions += u64::from(section.count());
                within(Limit::Functions, functions, limits::FUNCTIONS, "functions")?;
            }
            Payload::GlobalSection(globals) => {
                entries("globals", globals.count())?;
                instance += GLOBAL * u64::from(globals.count());
            }
            Payload::ExportSection(exports) => entries("exports", exports.count())?,
            Payload::DataSection(segments) => {
                entries("data segments", segments.count())?;
                instance += SEGMENT * u64::from(segments.count());
            }
            Payload::ElementSection(segments) => {
                entries("element segments", segments.count())?;
                instance += SEGMENT * u64::from(segments.count());
                for segment in segments {
                    let segment = segment.map_err(broken)?;
                    let count = match segment.items {
                        ElementItems::Functions(items) => u64::from(items.count()),
                        ElementItems::Expressions(_, items) => u64::from(items.count()),
                    };
                    elements += count;
                    if let ElementKind::Passive = segment.kind {
                        instance += ELEMENT * count;
                    }
                }
                within(Limit::TableElements, elements, limits::TABLE_ELEMENTS as u64, "elements in its segments")?;
            }
            Payload::CodeSectionEntry(body) => {
                within(Limit::FunctionBody, body.range().len() as u64, limits::FUNCTION_BODY, "bytes of one function")?;
            }
            _ => {}
        }
    }
    Ok((instance + FUNCTION * functions) as usize)
}

/// Checks a section whose entries take some hundred bytes each, whatever they contain.
fn entries(of: &str, count: u32) -> Result<(), Failure> {
    within(Limit::SectionEntries, count.into(), limits::ENTRIES, of)
}

fn within(limit: Limit, found: u64, most: u64, what: &str) -> Result<(), Failure> {
    if found > most {
        return Err(Failure::limit(limit, format!("the module has {found} {what}, more than {most}")));
    }
    Ok(())
}

fn refuse<T>(rule: &str) -> Result<T, Failure> {
    Err(Failure::module(rule.to_owned()))
}

fn broken(error: BinaryReaderError) -> Failure {
    Failure::module(format!("it is cut short or broken: {}", printable(error.to_string().as_bytes(), 300)))
}
