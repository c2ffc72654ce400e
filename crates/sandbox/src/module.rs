//! A module's file, read, translated if it is text, and named by its digest. It is neither compiled nor run: programs that must not do
//! either handle this.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use failure::{Failure, Limit};
use sha2::{Digest as _, Sha256};

use crate::{limits, text};

/// The bytes of a module.
#[derive(Debug, Clone)]
pub struct Module {
    bytes: Arc<[u8]>,
    sha256: Arc<str>,
}

impl Module {
    /// Reads the file `path`; WebAssembly text is translated to the binary form, which is then the module's bytes.
    ///
    /// # Errors
    /// [`Failure::Module`] if it can't be read or is invalid WebAssembly text, [`Failure::Limit`] if it is too large.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(limits::MODULE + 1).read_to_end(&mut bytes));
        read.map_err(|error| Failure::module(format!("{name}: {error} (MODULE or --module names the simulator)")))?;
        if bytes.len() as u64 > limits::MODULE {
            let mebibytes = limits::MODULE / limits::MIB;
            return Err(Failure::limit(Limit::ModuleFile, format!("{name} has more than {mebibytes} MiB")));
        }
        if text::is_text(&bytes) {
            bytes = text::to_binary(&name.to_string(), &bytes)?;
        }
        Ok(Self::new(&bytes))
    }

    /// The module of these bytes.
    pub fn new(bytes: &[u8]) -> Self {
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Self { bytes: bytes.into(), sha256: sha256.into() }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of its bytes, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }
}
