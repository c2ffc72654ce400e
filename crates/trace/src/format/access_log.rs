//! Parts of the lines that servers and proxies write for HTTP requests.

use crate::lines::Cells;

/// What is left of a line.
pub(super) struct Rest<'a>(pub(super) &'a [u8]);

impl<'a> Rest<'a> {
    /// Takes the next word, up to a space; empty at the end of the line.
    pub(super) fn word(&mut self) -> &'a [u8] {
        let text = self.0.trim_ascii_start();
        let (word, rest) = text.split_at(memchr::memchr(b' ', text).unwrap_or(text.len()));
        self.0 = rest;
        word
    }

    /// Takes the next text in quotes and returns it without them; None if the next character is no quote, or the text has
    /// no end.
    pub(super) fn quoted(&mut self) -> Option<&'a [u8]> {
        let text = self.0.trim_ascii_start().strip_prefix(b"\"")?;
        let mut at = 0;
        loop {
            at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
            match (text[at], text.get(at + 1)) {
                // What follows a backslash is part of the text.
                (b'\\', _) => at += 2,
                // So is a quote within a word, from a program that does not escape quotes.
                (_, Some(next)) if *next != b' ' => at += 1,
                _ => break,
            }
        }
        self.0 = &text[at + 1..];
        Some(&text[..at])
    }
}

/// Appends three cells: the method of `request`, `GET /path?query HTTP/1.1`, its path, and its target, which is the path with
/// host and query, as far as the client sent them. All are `-` if it is no request of HTTP, as of a client that began with
/// TLS or sent nothing.
pub(super) fn push_request(request: &[u8], cells: &mut Cells) {
    let mut rest = Rest(request);
    let method = rest.word();
    let target = rest.0.trim_ascii();
    let target = match memchr::memmem::rfind(target, b" HTTP/") {
        Some(end) => target[..end].trim_ascii_end(),
        None => target,
    };
    let is_method = |byte: &u8| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_');
    let is_http = !method.is_empty() && method.iter().all(is_method) && !target.is_empty();
    if is_http {
        cells.push(method);
        cells.push(path(target));
        cells.push(target);
    } else {
        (0..3).for_each(|_| cells.push(b"-"));
    }
}

/// The path in `target`, which may have a host before it and a query behind it.
fn path(target: &[u8]) -> &[u8] {
    let path = match memchr::memmem::find(target, b"://") {
        Some(scheme) if target[..scheme].iter().all(u8::is_ascii_alphabetic) => {
            let host = &target[scheme + 3..];
            memchr::memchr2(b'/', b'?', host).map_or(&b""[..], |end| &host[end..])
        }
        _ => target,
    };
    let path = &path[..memchr::memchr(b'?', path).unwrap_or(path.len())];
    if path.is_empty() { b"/" } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_may_have_escaped_quotes() {
        let mut rest = Rest(br#"  "a \"b\" \\" "c"d" "" "\x16\x03" 7 "open"#);
        let texts: [&[u8]; 4] = [br#"a \"b\" \\"#, br#"c"d"#, b"", br"\x16\x03"];
        for text in texts {
            assert_eq!(rest.quoted(), Some(text));
        }
        assert_eq!((rest.quoted(), rest.word()), (None, &b"7"[..]));
        assert_eq!(rest.quoted(), None);
        assert_eq!(Rest(br#""ends in \"#).quoted(), None);
        assert_eq!((rest.word(), rest.word()), (&b"\"open"[..], &b""[..]));
    }

    #[test]
    fn a_request_has_a_method_a_path_and_a_target() {
        for (request, expected) in [
            ("GET /a?b=1 HTTP/1.1", ["GET", "/a", "/a?b=1"]),
            ("GET /a b HTTP/1.0", ["GET", "/a b", "/a b"]),
            ("GET /old", ["GET", "/old", "/old"]),
            ("GET https://example.org/a?b HTTP/2.0", ["GET", "/a", "https://example.org/a?b"]),
            ("GET http://example.org HTTP/1.1", ["GET", "/", "http://example.org"]),
            ("GET /to?url=http://b/ HTTP/1.1", ["GET", "/to", "/to?url=http://b/"]),
            ("OPTIONS * HTTP/1.1", ["OPTIONS", "*", "*"]),
            ("CONNECT example.org:443 HTTP/1.1", ["CONNECT", "example.org:443", "example.org:443"]),
            ("M-SEARCH * HTTP/1.1", ["M-SEARCH", "*", "*"]),
        ] {
            let mut cells = Cells::default();
            push_request(request.as_bytes(), &mut cells);
            assert!(cells.iter().eq(expected.map(str::as_bytes)), "{request}");
        }
        for junk in ["", "-", "GET", "GET ", r"\x16\x03\x01 \x00", "quit", "t3 12.1.2", "<BADREQ>"] {
            let mut cells = Cells::default();
            push_request(junk.as_bytes(), &mut cells);
            assert!(cells.iter().eq([b"-"; 3]), "{junk}");
        }
    }
}
