//! Settings files: lines KEY=VALUE without quotes, and comments, which begin with `#`.

use failure::{Failure, Origin};

/// A line `KEY=VALUE`.
pub(crate) struct Line<'a> {
    pub(crate) number: usize,
    pub(crate) key: &'a str,
    pub(crate) value: &'a str,
}

/// The settings in `text`, which is the content of the file `name`.
///
/// # Errors
/// If a line is not a setting, its value is quoted, or its key has been set before.
pub(crate) fn parse<'a>(text: &'a str, name: &str) -> Result<Vec<Line<'a>>, Failure> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for (index, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let number = index + 1;
        let origin = || Origin::File { name: name.to_owned(), line: number as u64 };
        let fail = |rule: String| Failure::Usage { origin: Some(origin()), setting: None, rule };
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            let shown = || failure::printable(line.as_bytes(), 60);
            let (key, value) = line.split_once('=').ok_or_else(|| fail(format!("\"{}\" is not KEY=VALUE", shown())))?;
            let (key, value) = (key.trim_end(), value.trim_start());
            if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
                return Err(fail(format!("\"{}\" is not KEY=VALUE", shown())));
            }
            if value.starts_with(['"', '\'']) {
                return Err(fail(format!("{}: quoted values are not supported; remove the quotes", shown())));
            }
            if let Some(first) = lines.iter().find(|other| other.key == key) {
                return Err(fail(format!("{key} is set a second time; line {} sets it first", first.number)));
            }
            lines.push(Line { number, key, value });
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_lines_are_refused_with_their_number() {
        let refused = |file| parse(file, "f").map(drop).unwrap_err().to_string();
        assert_eq!(refused("SAMPLES=1\nSAMPLES=2"), "f:2: SAMPLES is set a second time; line 1 sets it first");
        assert_eq!(refused("SAMPLES"), "f:1: \"SAMPLES\" is not KEY=VALUE");
        assert_eq!(refused("SAMPLES=\"1\""), "f:1: SAMPLES=\"1\": quoted values are not supported; remove the quotes");
    }

    #[test]
    fn comments_blank_lines_and_blanks_are_skipped() {
        let lines = parse("\u{feff}# not this\n\n# one\n#two\n KEY = a b \r\nOTHER=", "f").unwrap();
        let seen: Vec<_> = lines.iter().map(|line| (line.number, line.key, line.value)).collect();
        assert_eq!(seen, [(5, "KEY", "a b"), (6, "OTHER", "")]);
    }
}
