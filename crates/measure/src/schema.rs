//! The version of the reports' form, and how a report is read back.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The version of the form of reports that this version of Queuebox writes and reads.
pub const SCHEMA: u32 = 1;

/// Why a report can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is no JSON, or not what its schema says.
    #[error("it is no report of Queuebox: {0}")]
    Form(#[from] serde_json::Error),
    /// It is from before reports had a schema.
    #[error("it has no schema, as those of earlier versions; this version reads {SCHEMA}: run it again")]
    NoSchema,
    /// Another version wrote it.
    #[error(
        "it has schema {schema}; this version reads {SCHEMA}: read it with the Queuebox that wrote it ({queuebox}), or run it again"
    )]
    OtherSchema {
        /// The schema that it has.
        schema: u64,
        /// The version of Queuebox that wrote it.
        queuebox: String,
    },
}

/// What stands at the head of a report of any schema.
#[derive(Deserialize)]
struct Head {
    schema: Option<u64>,
    queuebox: Option<String>,
}

/// A report, which begins with its schema.
pub trait Report: DeserializeOwned {
    /// Reads it back from the JSON in `text`.
    ///
    /// # Errors
    /// Where it is no report, or one of another schema.
    fn read(text: &[u8]) -> Result<Self, ReadError> {
        let head: Head = serde_json::from_slice(text)?;
        match head.schema {
            Some(schema) if schema == u64::from(SCHEMA) => Ok(serde_json::from_slice(text)?),
            Some(schema) => Err(ReadError::OtherSchema {
                schema,
                queuebox: head.queuebox.unwrap_or_else(|| "it names no version".to_owned()),
            }),
            None => Err(ReadError::NoSchema),
        }
    }
}

/// A report as JSON text, one key a line.
///
/// # Errors
/// If a map has keys that are no text.
pub fn to_json(report: &impl Serialize) -> serde_json::Result<String> {
    Ok(serde_json::to_string_pretty(report)? + "\n")
}

#[cfg(test)]
pub(crate) mod tests;
