//! Each rule of the contract that the host checks, broken once by a guest that follows a script.

use std::fmt::Write as _;

use contract::{Capabilities, Completion, CompletionHeader, NONE};

use crate::support::{Ended, Folder, THREE, guest_text};

/// The actions of a guest on a shard with requests. At that time it has read all of the first request except its last
/// byte, and has not written a header.
pub(crate) struct Script {
    data: Vec<u8>,
    steps: String,
}

impl Script {
    /// A guest that declares `capabilities` on an empty shard, and nothing yet on others.
    pub(crate) fn silent(capabilities: u64) -> Self {
        Self {
            data: CompletionHeader { capabilities: Capabilities(capabilities) }.to_bytes().to_vec(),
            steps: String::new(),
        }
    }

    /// A guest that declares the same on every shard, and has read it.
    pub(crate) fn saying(capabilities: u64) -> Self {
        Self::silent(capabilities).header(capabilities).reads(900_000)
    }

    pub(crate) fn reads(mut self, length: u32) -> Self {
        writeln!(self.steps, "(drop (call $read (i32.const {length})))").unwrap();
        self
    }

    pub(crate) fn writes(mut self, bytes: &[u8]) -> Self {
        writeln!(self.steps, "(call $write (i32.const {}) (i32.const {}))", 64 + self.data.len(), bytes.len()).unwrap();
        self.data.extend_from_slice(bytes);
        self
    }

    pub(crate) fn header(self, capabilities: u64) -> Self {
        self.writes(&CompletionHeader { capabilities: Capabilities(capabilities) }.to_bytes())
    }

    /// Completes request `id`, times in µs.
    pub(crate) fn answers(self, id: u64, start_us: u64, finish_us: u64, service_us: u64) -> Self {
        let ns = |us: u64| us.saturating_mul(1000);
        self.writes(
            &Completion { id, start_ns: ns(start_us), finish_ns: ns(finish_us), service_ns: ns(service_us) }.to_bytes(),
        )
    }

    pub(crate) fn module(&self) -> String {
        let data = self.data.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
        guest_text("script").replace("DATA", &data).replace(";; SCRIPT", &self.steps)
    }

    /// Ends with exit code `code` over [`THREE`] with `flags`.
    fn exits(self, code: i32, flags: &str) -> Ended {
        let folder = Folder::with("trace.csv", THREE).and_module("guest", &self.module());
        let ended = folder.host_with("guest", &format!("trace.csv {flags} --completions out")).exits(code);
        assert_eq!(folder.names().contains(&"out".to_owned()), code == 0, "{}", ended.errors());
        assert_eq!(folder.names().len(), if code == 0 { 3 } else { 2 }, "{:?}", folder.names());
        ended
    }

    /// Ends with exit code 7 and an error that names the worker and contains `rule`.
    fn breaks(self, rule: &str) {
        self.exits(7, "").says("error: worker 1: ").says(rule);
    }

    fn breaks_with(self, flags: &str, rule: &str) {
        self.exits(7, flags).says("error: worker 1: ").says(rule);
    }
}

/// "Not served" and "in service", in µs.
const NEVER: u64 = NONE;

#[test]
fn completions_in_any_order_are_accepted() {
    let right = |script: Script| script.answers(2, 20, 21, 1).answers(0, 0, 5, 5).answers(1, 5, 10, 5).exits(0, "");
    right(Script::saying(0)).prints("Average delay in queue                0.001000 ms\n");
    // The same in chunks that end within records.
    let bytes = Script::saying(0).answers(1, 5, 10, 5).answers(2, 20, 21, 1).answers(0, 0, 5, 5).data;
    let mut script = Script::saying(0);
    for chunk in bytes[64..].chunks(7) {
        script = script.writes(chunk);
    }
    script.exits(0, "").prints("Average delay in queue                0.001000 ms\n");
}

#[test]
fn a_completion_belongs_to_one_outstanding_request() {
    let rule = "): no outstanding request has this id";
    let id_7 = "completion 1 (id 7, start 0, finish 5000, service 5000): no outstanding request has this id";
    Script::saying(0).answers(7, 0, 5, 5).breaks(id_7);
    Script::saying(0).answers(0, 0, 5, 5).answers(0, 0, 5, 5).breaks(rule);
    // Out of order, and then a second time.
    Script::saying(0).answers(1, 5, 10, 5).answers(1, 5, 10, 5).breaks(rule);
    // The last byte of a request has not been read yet; then the first request's has, and the second's has not.
    Script::silent(0).header(0).answers(0, 0, 5, 5).breaks(rule);
    let early = Script::silent(0).header(0).reads(1 + 47).answers(0, 0, 5, 5).answers(1, 5, 10, 5);
    early.exits(7, "").says("completion 2 (id 1, ").says(rule);
}

#[test]
fn times_increase_and_service_matches_the_demand() {
    Script::saying(0)
        .answers(1, 1, 6, 5)
        .breaks("completion 1 (id 1, start 1000, finish 6000, service 5000): start is before arrival");
    Script::saying(0).answers(0, 3, 2, 5).breaks("finish is before start");
    Script::saying(0).answers(0, 0, 6, 6).breaks("service is more than the request's demand");
    Script::saying(0).answers(0, 0, 6, 5).breaks("finish - start is not service");
    Script::saying(32).answers(0, 0, 4, 5).breaks("service is more than all servers can give");
    // Three at a time exceed one server.
    let together = Script::saying(16).answers(0, 0, 30, 30).answers(1, 2, 60, 58).answers(2, 20, 60, 40);
    together.breaks("the total service, 128000 ns, is more than SERVERS=1 can give in 60000 ns");
}

#[test]
fn an_unserved_request_gets_no_service_and_leaves() {
    Script::saying(4).answers(0, NEVER, 1, 1).breaks("never served, but service is not 0");
    Script::saying(4).answers(0, NEVER, NEVER, 0).breaks("neither start nor finish");
    Script::saying(4).answers(1, NEVER, 1, 0).breaks("finish is before arrival");
    Script::saying(0).answers(0, NEVER, 0, 0).breaks("rejected, but the simulator does not declare CAPACITY");
    let abandoned = |script: Script| script.answers(0, 0, 5, 5).answers(1, NEVER, 4, 0).answers(2, 20, 20, 0);
    abandoned(Script::saying(0)).exits(0, "").prints("  abandoned                                  2 (");
}

#[test]
fn every_request_is_completed() {
    Script::saying(0).breaks("it ended with 3 outstanding requests, the first is 0");
    Script::saying(0).answers(0, 0, 5, 5).answers(2, 20, 21, 1).breaks("1 outstanding requests, the first is 1");
    Script::silent(0).header(0).reads(1).answers(0, 0, 5, 5).breaks("it ended before it had read its shard");
    Script::saying(0).answers(0, 0, NEVER, 2).breaks("still in service at the end");
    Script::saying(0).answers(0, 0, 5, 5).writes(&[1; 31]).breaks("its last completion is cut short, 31 of 32 bytes");
}

#[test]
fn the_header_is_required_and_always_the_same() {
    Script::silent(0).reads(900_000).breaks("it wrote no header");
    Script::silent(0)
        .header(1)
        .breaks("the header of its completions declares capabilities 1, but 0 on the empty shard");
    Script::silent(9)
        .header(8)
        .breaks("the header of its completions declares capabilities 8, but 9 on the empty shard");
    Script::silent(0)
        .writes(b"QBOXREQ\n\x01\0\0\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
        .breaks("the first bytes are");
    Script::silent(0).writes(b"QBOXCPL\n\x01\0\0\0").breaks("cut short, 12 of 32 bytes");
    // Errors on an empty shard are found before the trace is read.
    let on_empty =
        |script: Script| script.exits(7, "").says("guest.wasm: on an empty shard: the header of its completions: ");
    on_empty(Script::silent(128)).says("0x80");
    on_empty(Script::silent(u64::MAX)).says("bits");
    let folder = Folder::with("trace.csv", THREE)
        .and_module("nothing", "(module (memory (export \"memory\") 1) (func (export \"_start\")))");
    folder.host_with("nothing", "trace.csv").exits(7).says("nothing.wasm: on an empty shard: it wrote no header");
}

#[test]
fn a_setting_is_refused_without_its_bit() {
    for (flag, setting) in [
        ("--servers 2", "SERVERS=2"),
        ("--discipline sjf", "DISCIPLINE=sjf"),
        ("--capacity 9", "CAPACITY=9"),
        ("--delay 1", "DELAY=1"),
        ("--patience exponential:2us", "PATIENCE=exponential:2000ns"),
    ] {
        let bit = match setting.split('=').next().unwrap() {
            "SERVERS" => 1,
            "DISCIPLINE" => 2,
            "CAPACITY" => 4,
            "DELAY" => 8,
            _ => 64,
        };
        Script::saying(127 - bit).exits(2, flag).says(&format!("{setting}: the module does not support"));
    }
    // At their defaults no bit is required.
    let right = Script::saying(0).answers(0, 0, 5, 5).answers(1, 5, 10, 5).answers(2, 20, 21, 1);
    right
        .exits(0, "--servers 1 --discipline fifo --capacity 0 --delay 0")
        .notes("the simulator decides the order of service itself");
}

#[test]
fn with_delay_the_simulation_ends_at_that_service_start() {
    // At 5 µs request 0 leaves and 1 starts; 2 has not yet arrived, whether it was read or not.
    let ends = |script: Script| script.answers(0, 0, 5, 5).answers(1, 5, NEVER, 0).exits(0, "--delay 2");
    for script in [Script::saying(8), Script::silent(8).header(8).reads(1 + 48)] {
        ends(script)
            .prints("  in service                                 1\n")
            .prints("  not yet arrived                            1\n");
    }
    let first = || Script::saying(8).answers(0, 0, 5, 5);
    first().answers(1, 5, 10, 5).breaks_with("--delay 2", "a finish at 10000 ns is after the end at 5000 ns");
    first().answers(1, 5, NEVER, 1).breaks_with("--delay 2", "completions still in service imply T = 6000 ns");
    first()
        .answers(1, 5, NEVER, 0)
        .answers(2, 20, NEVER, 0)
        .breaks_with("--delay 2", "more service starts than DELAY allows");
    first().breaks_with("--delay 2", "it ended with 2 outstanding requests, the first is 1");
    first().answers(1, 5, 10, 5).answers(2, 20, NEVER, 0).breaks_with("--delay 4", "DELAY was not reached");
}
