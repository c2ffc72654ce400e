//! Modules as WebAssembly text: translated to the binary form when they are read.

use failure::{Failure, Limit, printable};
use wast::Wat;
use wast::parser::{self, ParseBuffer};
use wast::token::Span;

use crate::limits;

/// Whether `bytes` are WebAssembly text, which begins with a parenthesis or a comment.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    let start = bytes.trim_ascii_start();
    start.starts_with(b"(") || start.starts_with(b";;")
}

/// The binary form of the text `bytes` in the file `name`.
///
/// # Errors
/// [`Failure::Limit`] if it is too long, [`Failure::Module`] with the line and column of what is wrong in it.
pub(crate) fn to_binary(name: &str, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    if bytes.len() as u64 > limits::MODULE_TEXT {
        let mebibytes = limits::MODULE_TEXT / limits::MIB;
        let rule = format!("{name} has more than {mebibytes} MiB of text; translate it to the binary form (wat2wasm)");
        return Err(Failure::limit(Limit::ModuleFile, rule));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|&&byte| byte == b'\n').count();
        Failure::module(format!("{name}:{line}: it is not UTF-8"))
    })?;
    let wrong = |error: wast::Error| refuse(name, text, error.span(), &error.message());
    let buffer = ParseBuffer::new(text).map_err(wrong)?;
    match parser::parse::<Wat<'_>>(&buffer).map_err(wrong)? {
        Wat::Component(component) => {
            Err(refuse(name, text, component.span, "it is a component, not a module: begin it with (module"))
        }
        mut module => module.encode().map_err(wrong),
    }
}

fn refuse(name: &str, text: &str, span: Span, rule: &str) -> Failure {
    let (line, column) = span.linecol_in(text);
    Failure::module(format!("{name}:{}:{}: {}", line + 1, column + 1, printable(rule.as_bytes(), 300)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_begins_with_a_parenthesis_or_a_comment() {
        for text in ["(module)", "\n\t (; a comment ;) (module)", ";; a comment\n(module)"] {
            assert!(is_text(text.as_bytes()), "{text}");
            assert_eq!(to_binary("m.wat", text.as_bytes()).unwrap()[..8], *b"\0asm\x01\0\0\0");
        }
        for other in [b"\0asm\x01\0\0\0".as_slice(), b"#!/bin/sh\n", b"; a comment", b""] {
            assert!(!is_text(other));
        }
    }

    #[test]
    fn what_is_wrong_has_its_line_and_column() {
        let wrong = |text: &[u8]| to_binary("m.wat", text).unwrap_err();
        for (text, error) in [
            ("(module\n  (func (i32.addd)))", "m.wat:2:10: unknown operator or unexpected token"),
            ("(module\n\n(func $f (call $g)))", "m.wat:3:16: unknown func: failed to find name `$g`"),
            ("(module", "m.wat:1:8: expected `)`"),
            ("\n(component)", "m.wat:2:2: it is a component"),
            ("(module) (data \"\u{202e}\")", "m.wat:1:"),
        ] {
            let failure = wrong(text.as_bytes());
            assert!(matches!(failure, Failure::Module { .. }) && failure.to_string().starts_with(error), "{failure}");
            assert!(!failure.to_string().contains(|letter: char| letter.is_control() || letter == '\u{202e}'));
        }
        assert_eq!(wrong(b"(module\n;; \xff\n)").to_string(), "m.wat:2: it is not UTF-8");
        assert!(wrong(&vec![b'('; 200_000]).to_string().starts_with("m.wat:1:"));
        let long = wrong(&vec![b' '; limits::MODULE_TEXT as usize + 1]);
        assert!(long.to_string().starts_with("module file: m.wat has more than"), "{long}");
    }
}
