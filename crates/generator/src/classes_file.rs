//! CLASSES: the file of the classes of clients.

use std::collections::BTreeMap;
use std::ops::Range;

use clap::{Args as _, Command};
use cli::settings::table_file::TextFile;
use cli::settings::{count, of_texts};
use failure::{Failure, Origin};
use toml::de::{DeTable, DeValue};

use crate::settings::GeneratorSettings;

/// A class in the file.
#[derive(Debug)]
pub(crate) struct FileClass {
    pub(crate) name: String,
    /// The `class` of its requests.
    pub(crate) priority: u16,
    /// Its settings, and for those that it does not have the ones of the whole trace.
    pub(crate) settings: GeneratorSettings,
}

/// The table of a class.
const CLASS: &str = "class";
const NAME: &str = "name";
const CLIENTS: &str = "clients";
const PRIORITY: &str = "priority";

/// Settings that are not a class's own: of the whole trace, or under another name.
const NOT_OWN: [&str; 3] = ["samples", "concurrency", "classes"];

/// The classes in `file`, in its order; `all` are the settings of the whole trace.
///
/// # Errors
/// If the file is not TOML, has a key that is not known, or a value of another type; with its line. If a value breaks the rule of its
/// setting, that is reported when the value is needed.
pub(crate) fn classes(file: &TextFile, all: &GeneratorSettings) -> Result<Vec<FileClass>, Failure> {
    let line = |span: Range<usize>| 1 + file.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() as u64;
    let document = DeTable::parse(&file.text).map_err(|error| {
        let at = error.span().map_or(1, line);
        file.refuse(at, format!("is not TOML: {}", failure::printable(error.message().as_bytes(), 200)))
    })?;
    let mut found = Vec::new();
    for (key, value) in document.get_ref() {
        let at = line(key.span());
        if key.get_ref() != CLASS {
            return Err(unknown(file, at, key.get_ref(), &[CLASS.to_owned()]));
        }
        let DeValue::Array(tables) = value.get_ref() else {
            return Err(file.refuse(at, "class is not an array of tables: begin each class with [[class]]"));
        };
        for table in tables {
            let at = line(table.span());
            let DeValue::Table(table) = table.get_ref() else {
                return Err(file.refuse(at, "class is not an array of tables: begin each class with [[class]]"));
            };
            let mut entries: Vec<_> =
                table.iter().map(|(key, value)| (line(key.span()), key.get_ref(), value)).collect();
            entries.sort_by_key(|(line, ..)| *line);
            let mut texts = BTreeMap::new();
            for (line, key, value) in entries {
                texts.insert(key.to_string(), (line, text(file, line, key, value.get_ref())?));
            }
            let class = class(file, at, texts, all)?;
            if found.iter().any(|other: &FileClass| other.name == class.name) {
                return Err(file.refuse_value(at, NAME, &class.name, "is the name of two classes"));
            }
            found.push(class);
        }
    }
    if found.is_empty() { Err(file.refuse(1, "there is no [[class]]")) } else { Ok(found) }
}

/// The class with these keys, each with its line and text.
fn class(
    file: &TextFile,
    at: u64,
    mut texts: BTreeMap<String, (u64, String)>,
    all: &GeneratorSettings,
) -> Result<FileClass, Failure> {
    let name = match texts.remove(NAME) {
        Some((_, name)) if !name.is_empty() => name,
        Some((line, name)) => return Err(file.refuse_value(line, NAME, &name, "must not be empty")),
        None => return Err(file.refuse(at, "the class has no name: add name = \"…\"")),
    };
    let priority = match texts.remove(PRIORITY) {
        Some((line, text)) => {
            let priority = count(0..=u16::MAX.into()).parse(&text);
            priority.map_err(|rule| file.refuse_value(line, PRIORITY, &text, rule))? as u16
        }
        None => 0,
    };
    let own = own_settings();
    let mut settings = BTreeMap::new();
    for (key, (line, text)) in texts {
        let setting = match key.as_str() {
            CLIENTS => "CONCURRENCY".to_owned(),
            "samples" => return Err(file.refuse(line, "samples is of the whole trace: set SAMPLES")),
            "concurrency" => return Err(file.refuse(line, "concurrency is called clients here")),
            key if own.iter().any(|own| own == key) => key.to_ascii_uppercase(),
            key => {
                let known: Vec<String> = [NAME, CLIENTS, PRIORITY].map(str::to_owned).into_iter().chain(own).collect();
                return Err(unknown(file, line, key, &known));
            }
        };
        settings.insert(setting, (file.at(line), text));
    }
    let own: GeneratorSettings =
        of_texts(&settings).map_err(|error| file.refuse(at, format!("is not a class: {error}")))?;
    Ok(FileClass { name, priority, settings: own.or(all) })
}

/// The settings that a class may have, in lower case.
fn own_settings() -> Vec<String> {
    let command = GeneratorSettings::augment_args(Command::new("class"));
    let keys = command.get_arguments().map(|arg| arg.get_id().to_string());
    keys.filter(|key| !NOT_OWN.contains(&key.as_str())).collect()
}

/// The text of a value: that of a number, or what is in quotes.
fn text(file: &TextFile, line: u64, key: &str, value: &DeValue<'_>) -> Result<String, Failure> {
    match value {
        DeValue::String(text) => Ok(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Ok(number.as_str().to_owned()),
        DeValue::Float(number) => Ok(number.as_str().to_owned()),
        _ => Err(file.refuse(line, format!("{} is neither a decimal number nor a text in quotes", shown(key)))),
    }
}

fn shown(key: &str) -> String {
    failure::printable(key.as_bytes(), 40)
}

/// The error that `key` is none of `known`, with the nearest of them.
fn unknown(file: &TextFile, line: u64, key: &str, known: &[String]) -> Failure {
    let nearest = known.iter().map(|known| (strsim::damerau_levenshtein(known, key), known)).min();
    let hint = match nearest {
        Some((distance, known)) if distance <= 2 => format!("did you mean {known}?"),
        _ => format!("known are {}", known.join(", ")),
    };
    file.refuse(line, format!("{} is not known here; {hint}", shown(key)))
}

/// A failure of a class, with its name.
pub(crate) fn in_class(name: &str, failure: Failure) -> Failure {
    match failure {
        // The line of the file is the place already.
        Failure::Usage { origin: origin @ Some(Origin::File { .. }), setting, rule } => {
            Failure::Usage { origin, setting, rule }
        }
        Failure::Usage { origin, setting, rule } => {
            let rule = format!("{rule} (class {})", failure::printable(name.as_bytes(), 40));
            Failure::Usage { origin, setting, rule }
        }
        other => other,
    }
}

#[cfg(test)]
#[path = "classes_file_tests.rs"]
mod tests;
