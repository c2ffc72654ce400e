//! The records that travel between programs and simulators: contract 1, which docs/contract.md defines.
//!
//! A stream is an array of records of one length, little-endian; its record 0 is the header. A simulator reads a
//! [`RequestHeader`] and [`Request`]s, and writes a [`CompletionHeader`], which declares its [`Capabilities`], and
//! [`Completion`]s. All times are whole nanoseconds since the start of the trace. The crate has no dependencies, so that a
//! simulator in Rust can use it.
//!
//! ```
//! use contract::{Completion, Request, RequestHeader};
//!
//! // A shard with one request.
//! let request = Request { id: 7, arrival_ns: 1_000, service_ns: 250, ..Request::default() };
//! let shard = [RequestHeader::new(1).to_bytes(), request.to_bytes()].concat();
//! assert_eq!(Request::from_bytes(&shard[Request::LEN..]), request);
//!
//! // Its completion if a server is idle when it arrives.
//! let completion = Completion { id: 7, start_ns: 1_000, finish_ns: 1_250, service_ns: 250 };
//! assert_eq!(Completion::from_bytes(&completion.to_bytes()), completion);
//! ```

/// The wire value for "no value". The constants of the record types give its meaning in each field.
pub const NONE: u64 = u64::MAX;

/// Version of the simulator contract.
pub const CONTRACT: u32 = 1;

/// One arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Request {
    /// Strictly increasing within a trace, not necessarily by 1.
    pub id: u64,
    /// Arrival since the start of the trace \[ns\]; never decreases.
    pub arrival_ns: u64,
    /// The demand: server time that the request needs \[ns\], or [`Request::TO_SAMPLE`].
    pub service_ns: u64,
    /// First block addressed.
    pub block: u64,
    /// Size in blocks of 512 bytes, or in the unit of the trace's format.
    pub size: u32,
    /// Size of the response if the trace gives it, else 0.
    pub reply_size: u32,
    /// Number of the client that sent it.
    pub client: u32,
    /// Priority or kind; 0 is the most urgent.
    pub class: u16,
    /// [`Request::READ`], [`Request::WRITE`], or another value, which is kept.
    pub op: u8,
    /// Reserved, 0.
    pub flags: u8,
}

impl Request {
    /// Length of a request's record \[bytes\].
    pub const LEN: usize = 48;
    /// `op` of a read.
    pub const READ: u8 = 0;
    /// `op` of a write.
    pub const WRITE: u8 = 1;
    /// `service_ns` of a request whose trace does not give its demand.
    pub const TO_SAMPLE: u64 = NONE;

    /// The record of this request.
    #[inline]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        put(&mut bytes, 0, self.id.to_le_bytes());
        put(&mut bytes, 8, self.arrival_ns.to_le_bytes());
        put(&mut bytes, 16, self.service_ns.to_le_bytes());
        put(&mut bytes, 24, self.block.to_le_bytes());
        put(&mut bytes, 32, self.size.to_le_bytes());
        put(&mut bytes, 36, self.reply_size.to_le_bytes());
        put(&mut bytes, 40, self.client.to_le_bytes());
        put(&mut bytes, 44, self.class.to_le_bytes());
        bytes[46] = self.op;
        bytes[47] = self.flags;
        bytes
    }

    /// The request in the first 48 bytes of a record. Contract 1 defines no bytes after these.
    ///
    /// # Panics
    /// If `record` is shorter than [`Request::LEN`].
    #[inline]
    pub fn from_bytes(record: &[u8]) -> Self {
        let record = &record[..Self::LEN];
        Self {
            id: u64_at(record, 0),
            arrival_ns: u64_at(record, 8),
            service_ns: u64_at(record, 16),
            block: u64_at(record, 24),
            size: u32_at(record, 32),
            reply_size: u32_at(record, 36),
            client: u32_at(record, 40),
            class: u16::from_le_bytes([record[44], record[45]]),
            op: record[46],
            flags: record[47],
        }
    }
}

/// What happened to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Completion {
    /// The request's id.
    pub id: u64,
    /// When service first began \[ns\], or [`Completion::NOT_SERVED`].
    pub start_ns: u64,
    /// When it left \[ns\], or [`Completion::IN_SERVICE`].
    pub finish_ns: u64,
    /// Server time that it received \[ns\].
    pub service_ns: u64,
}

impl Completion {
    /// Length of a completion's record \[bytes\].
    pub const LEN: usize = 32;
    /// `start_ns` of a request whose service never began.
    pub const NOT_SERVED: u64 = NONE;
    /// `finish_ns` of a request that was in service when the simulation ended.
    pub const IN_SERVICE: u64 = NONE;

    /// The record of this completion.
    #[inline]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        put(&mut bytes, 0, self.id.to_le_bytes());
        put(&mut bytes, 8, self.start_ns.to_le_bytes());
        put(&mut bytes, 16, self.finish_ns.to_le_bytes());
        put(&mut bytes, 24, self.service_ns.to_le_bytes());
        bytes
    }

    /// The completion in a record.
    #[inline]
    pub fn from_bytes(record: &[u8; Self::LEN]) -> Self {
        Self {
            id: u64_at(record, 0),
            start_ns: u64_at(record, 8),
            finish_ns: u64_at(record, 16),
            service_ns: u64_at(record, 24),
        }
    }
}

/// Record 0 of a stream of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestHeader {
    /// Length of every record of the stream, this header included \[bytes\].
    pub record_len: u32,
    /// Requests that follow, or [`RequestHeader::UNKNOWN`].
    pub requests: u64,
    /// In a file: the time of the trace at which averages over time start \[ns\]. Always 0 in a simulator's stream.
    pub origin_ns: u64,
}

impl RequestHeader {
    /// The first eight bytes.
    pub const MAGIC: [u8; 8] = *b"QBOXREQ\n";
    /// `requests` if the number is not known in advance.
    pub const UNKNOWN: u64 = NONE;

    /// The header of a stream of 48-byte records.
    pub fn new(requests: u64) -> Self {
        Self { record_len: Request::LEN as u32, requests, origin_ns: 0 }
    }

    /// The first 48 bytes of the header's record.
    pub fn to_bytes(&self) -> [u8; Request::LEN] {
        let mut bytes = [0; Request::LEN];
        put(&mut bytes, 0, Self::MAGIC);
        put(&mut bytes, 8, CONTRACT.to_le_bytes());
        put(&mut bytes, 12, self.record_len.to_le_bytes());
        put(&mut bytes, 16, self.requests.to_le_bytes());
        put(&mut bytes, 24, self.origin_ns.to_le_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// The rule that it breaks: magic, version, record length (48 to 4,096, a multiple of 8), zeros.
    pub fn from_bytes(bytes: &[u8; Request::LEN]) -> Result<Self, String> {
        check_start(bytes, &Self::MAGIC)?;
        let header = Self { record_len: u32_at(bytes, 12), requests: u64_at(bytes, 16), origin_ns: u64_at(bytes, 24) };
        if !(48..=4096).contains(&header.record_len) || !header.record_len.is_multiple_of(8) {
            return Err(format!("record length {} is not a multiple of 8 from 48 to 4096", header.record_len));
        }
        check_zeros(&bytes[32..])?;
        Ok(header)
    }
}

/// The capabilities of a simulator, one bit each, in the header of its completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Capabilities(pub u64);

impl Capabilities {
    /// It supports SERVERS.
    pub const SERVERS: Capabilities = Capabilities(1);
    /// It supports DISCIPLINE.
    pub const DISCIPLINE: Capabilities = Capabilities(2);
    /// It supports CAPACITY.
    pub const CAPACITY: Capabilities = Capabilities(4);
    /// It supports DELAY.
    pub const DELAY: Capabilities = Capabilities(8);
    /// It decides the service demand of a request itself.
    pub const OWN_DEMANDS: Capabilities = Capabilities(16);
    /// Service may be interrupted, shared or in stages.
    pub const SHARED: Capabilities = Capabilities(32);
    /// It supports PATIENCE.
    pub const PATIENCE: Capabilities = Capabilities(64);
    /// Every bit that contract 1 defines.
    pub const KNOWN: u64 = 127;

    /// Whether every bit of `other` is set.
    #[inline]
    pub const fn has(self, other: Capabilities) -> bool {
        self.0 & other.0 == other.0
    }

    /// The bits of both.
    pub const fn and(self, other: Capabilities) -> Capabilities {
        Capabilities(self.0 | other.0)
    }
}

/// Record 0 of a stream of completions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompletionHeader {
    /// The capabilities of the simulator.
    pub capabilities: Capabilities,
}

impl CompletionHeader {
    /// The first eight bytes.
    pub const MAGIC: [u8; 8] = *b"QBOXCPL\n";

    /// The header's record.
    pub fn to_bytes(&self) -> [u8; Completion::LEN] {
        let mut bytes = [0; Completion::LEN];
        put(&mut bytes, 0, Self::MAGIC);
        put(&mut bytes, 8, CONTRACT.to_le_bytes());
        put(&mut bytes, 12, (Completion::LEN as u32).to_le_bytes());
        put(&mut bytes, 16, self.capabilities.0.to_le_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// The rule that it breaks: magic, version, record length 32, bits that contract 1 does not define, zeros.
    pub fn from_bytes(bytes: &[u8; Completion::LEN]) -> Result<Self, String> {
        check_start(bytes, &Self::MAGIC)?;
        let len = u32_at(bytes, 12);
        if len as usize != Completion::LEN {
            return Err(format!("record length {len} is not 32"));
        }
        let capabilities = u64_at(bytes, 16);
        if capabilities & !Capabilities::KNOWN != 0 {
            return Err(format!(
                "capabilities {capabilities:#x} contain bits that contract 1 does not define ({:#x})",
                capabilities & !Capabilities::KNOWN
            ));
        }
        check_zeros(&bytes[24..])?;
        Ok(Self { capabilities: Capabilities(capabilities) })
    }
}

fn check_start(bytes: &[u8], magic: &[u8; 8]) -> Result<(), String> {
    if &bytes[0..8] != magic {
        return Err(format!(
            "the first bytes are \"{}\", not \"{}\"",
            bytes[0..8].escape_ascii(),
            magic.escape_ascii()
        ));
    }
    match u32_at(bytes, 8) {
        CONTRACT => Ok(()),
        other => Err(format!("version {other} is not {CONTRACT}")),
    }
}

fn check_zeros(rest: &[u8]) -> Result<(), String> {
    if rest.iter().any(|&byte| byte != 0) {
        return Err("the header's reserved bytes are not zeros".to_owned());
    }
    Ok(())
}

/// Stores a field. Without link-time optimisation, `copy_from_slice` would be a function call for each field.
#[inline]
fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    *bytes[at..].first_chunk_mut().expect("a field lies within its record") = field;
}

#[inline]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_has_the_documented_layout() {
        let request = Request {
            id: 0x0102_0304_0506_0708,
            arrival_ns: 2,
            service_ns: 3,
            block: 4,
            size: 5,
            reply_size: 6,
            client: 7,
            class: 0x0809,
            op: 10,
            flags: 11,
        };
        let bytes = request.to_bytes();
        assert_eq!(bytes[..8], [8, 7, 6, 5, 4, 3, 2, 1]);
        assert_eq!([bytes[8], bytes[16], bytes[24], bytes[32], bytes[36], bytes[40]], [2, 3, 4, 5, 6, 7]);
        assert_eq!(bytes[44..], [9, 8, 10, 11]);
        assert_eq!(Request::from_bytes(&bytes), request);
    }

    #[test]
    fn a_completion_survives_encoding() {
        let completion = Completion { id: 1, start_ns: 2, finish_ns: NONE, service_ns: 4 };
        assert_eq!(Completion::from_bytes(&completion.to_bytes()), completion);
    }

    #[test]
    fn headers_survive_encoding_and_errors_name_the_broken_rule() {
        let header = RequestHeader { origin_ns: 1 << 61, ..RequestHeader::new(7) };
        assert_eq!(RequestHeader::from_bytes(&header.to_bytes()), Ok(header));
        for (at, byte, rule) in [(0, b'X', "first bytes"), (8, 2, "version 2"), (12, 49, "length 49"), (32, 1, "zeros")]
        {
            let mut bytes = header.to_bytes();
            bytes[at] = byte;
            assert!(RequestHeader::from_bytes(&bytes).unwrap_err().contains(rule));
        }
        let header = CompletionHeader { capabilities: Capabilities::SERVERS.and(Capabilities::DELAY) };
        assert_eq!(CompletionHeader::from_bytes(&header.to_bytes()), Ok(header));
        for (at, byte, rule) in
            [(0, 0, "first bytes"), (8, 0, "version 0"), (12, 48, "length 48"), (16, 128, "0x80"), (31, 1, "zeros")]
        {
            let mut bytes = header.to_bytes();
            bytes[at] = byte;
            assert!(CompletionHeader::from_bytes(&bytes).unwrap_err().contains(rule));
        }
    }
}
