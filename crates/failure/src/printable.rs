//! Text from outside, fit for a terminal.

/// Combining marks that may follow each other: more than writing needs, fewer than cover the lines above and below.
const MARKS: usize = 4;

/// Text that came from a trace, a module or whatever else is not ours, fit for a terminal: what can't be seen, or makes text
/// read as another, is escaped, and so are combining marks that have nothing to combine with or are too many. At most `max`
/// characters; what is more is cut.
pub fn printable(bytes: &[u8], max: usize) -> String {
    let (mut out, mut length) = (String::new(), 0);
    // A mark at the start would change the character before the text.
    let mut marks = MARKS;
    for character in String::from_utf8_lossy(bytes).chars() {
        let kind = Kind::of(character);
        marks = match kind {
            Kind::Plain => 0,
            Kind::Mark => marks + 1,
            Kind::Unseen => MARKS,
        };
        let is_kept = kind != Kind::Unseen && marks <= MARKS;
        let escape = character.escape_default();
        length += if is_kept { 1 } else { escape.len() };
        if length > max {
            out.push('…');
            break;
        }
        if is_kept {
            out.push(character);
        } else {
            out.extend(escape);
        }
    }
    out
}

/// What a character does on a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It is visible, and a character of its own.
    Plain,
    /// It is sampled onto the character before it.
    Mark,
    /// It is not seen: it controls, formats, separates, is not assigned or for private use.
    Unseen,
}

impl Kind {
    fn of(character: char) -> Self {
        if character.is_ascii() {
            return if character.is_ascii_control() { Kind::Unseen } else { Kind::Plain };
        }
        // What is ignored where it can't be sampled (Default_Ignorable_Code_Point of Unicode 16.0), but is a letter or a mark.
        if matches!(
            character,
            '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}'
        ) {
            return Kind::Unseen;
        }
        // The standard library has the tables: it escapes what is not printable anywhere, and marks only at a text's start.
        if character.escape_debug().len() == 1 {
            Kind::Plain
        } else if format!("x{character}").escape_debug().count() == 2 {
            Kind::Mark
        } else {
            Kind::Unseen
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_as_a_command() {
        assert_eq!(printable(b"a\x1b[31mb\n", 100), "a\\u{1b}[31mb\\n");
        assert_eq!(printable("\u{202e}x\u{9b}y".as_bytes(), 100), "\\u{202e}x\\u{9b}y");
        assert_eq!(printable(&[0xff, b'a'], 10), "\u{fffd}a");
    }

    #[test]
    fn what_is_written_has_a_limit() {
        assert_eq!([3, 6, 7].map(|max| printable(b"abcdef", max)), ["abc…", "abcdef", "abcdef"]);
        // An escape is whole or not there.
        assert_eq!([6, 7, 8].map(|max| printable(b"a\x1b\x1b", max)), ["a…", "a\\u{1b}…", "a\\u{1b}…"]);
    }

    #[test]
    fn languages_stay_as_they_are() {
        for text in [
            "plain 'text' with \"quotes\" and \\ backslashes, 10 µs · ½ ─ € …",
            "Grüße, naïveté, e\u{301}tude, Việt Nam, Vie\u{323}\u{302}t",
            "Ελληνικά, русский, עִבְרִית, العَرَبِيَّة, हिन्दी, ไทยนี้, བོད་ཡིག, 日本語, ﾊﾞ, 한국어",
            "🙂👍🏽🇪🇺∑∀",
        ] {
            assert_eq!(printable(text.as_bytes(), 1000), text);
            assert_eq!(printable(printable(text.as_bytes(), 1000).as_bytes(), 1000), text);
        }
    }

    /// The general category Cf of DerivedGeneralCategory.txt, Unicode 16.0.
    const FORMAT: [(u32, u32); 21] = [
        (0xad, 0xad),
        (0x600, 0x605),
        (0x61c, 0x61c),
        (0x6dd, 0x6dd),
        (0x70f, 0x70f),
        (0x890, 0x891),
        (0x8e2, 0x8e2),
        (0x180e, 0x180e),
        (0x200b, 0x200f),
        (0x202a, 0x202e),
        (0x2060, 0x2064),
        (0x2066, 0x206f),
        (0xfeff, 0xfeff),
        (0xfff9, 0xfffb),
        (0x110bd, 0x110bd),
        (0x110cd, 0x110cd),
        (0x13430, 0x1343f),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0001, 0xe0001),
        (0xe0020, 0xe007f),
    ];

    /// Control characters, line and paragraph separators, spaces that are not one, private use, and what is ignored where it
    /// can't be sampled, without that of Cf (DerivedCoreProperties.txt).
    const OTHERS: [(u32, u32); 25] = [
        (0, 0x1f),
        (0x7f, 0x9f),
        (0xa0, 0xa0),
        (0x34f, 0x34f),
        (0x115f, 0x1160),
        (0x1680, 0x1680),
        (0x17b4, 0x17b5),
        (0x180b, 0x180d),
        (0x180f, 0x180f),
        (0x2000, 0x200a),
        (0x2028, 0x2029),
        (0x202f, 0x202f),
        (0x205f, 0x205f),
        (0x2065, 0x2065),
        (0x3000, 0x3000),
        (0x3164, 0x3164),
        (0xe000, 0xf8ff),
        (0xfe00, 0xfe0f),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfff8),
        (0xe0000, 0xe0000),
        (0xe0002, 0xe001f),
        (0xe0080, 0xe0fff),
        (0xf0000, 0xffffd),
        (0x100000, 0x10ffff),
    ];

    fn characters(ranges: &[(u32, u32)]) -> impl Iterator<Item = char> {
        ranges.iter().flat_map(|&(first, last)| (first..=last).filter_map(char::from_u32))
    }

    #[test]
    fn what_is_not_seen_is_escaped() {
        assert_eq!(characters(&FORMAT).count(), 170);
        for character in characters(&FORMAT).chain(characters(&OTHERS)) {
            let shown = printable(format!("a{character}b").as_bytes(), 100);
            assert_eq!(shown, format!("a{}b", character.escape_default()));
        }
    }

    /// The blocks of combining marks that go with any script, their enclosing ones (Me) among them, and some of scripts.
    const COMBINING: [(u32, u32); 9] = [
        (0x300, 0x34e),
        (0x483, 0x489),
        (0x591, 0x5bd),
        (0x64b, 0x65f),
        (0x1ab0, 0x1ace),
        (0x1dc0, 0x1dff),
        (0x20d0, 0x20f0),
        (0xa670, 0xa672),
        (0xfe20, 0xfe2f),
    ];

    #[test]
    fn marks_are_few_and_on_a_character() {
        for mark in characters(&COMBINING) {
            let (marks, escaped) = (|number| mark.to_string().repeat(number), mark.escape_default());
            assert_eq!(printable(format!("a{}b{0}", marks(4)).as_bytes(), 100), format!("a{}b{0}", marks(4)));
            assert_eq!(printable(format!("a{}b", marks(5)).as_bytes(), 100), format!("a{}{escaped}b", marks(4)));
            // Before it there may be anything.
            assert_eq!(printable(mark.to_string().as_bytes(), 100), escaped.to_string());
            assert_eq!(printable(format!("\u{200b}{mark}").as_bytes(), 100), format!("\\u{{200b}}{escaped}"));
        }
        let flood = printable(format!("a{}", "\u{301}".repeat(100_000)).as_bytes(), 600);
        assert!(flood.chars().filter(|&character| character == '\u{301}').count() == 4 && flood.chars().count() <= 601);
    }
}
