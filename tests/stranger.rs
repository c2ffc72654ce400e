//! Simulators that are independent of the project, as WAT written from the contract, valid or not.

use std::fmt::Write as _;

use crate::support::guest_text;

/// A simulator that reads its whole shard before it completes a request.
#[derive(Clone)]
pub(crate) struct Stranger {
    capabilities: u64,
    simulate: String,
    length: &'static str,
    /// The word of its discipline, four bytes as a number.
    word: &'static str,
    direction: &'static str,
}

impl Stranger {
    /// A simulator with the discipline of `guests/<discipline>.wat` and no capabilities.
    pub(crate) fn of(discipline: &str) -> Self {
        let length = "(i32.load (i32.const 0x10000c))";
        let word = if discipline == "last_come_first" { "0x6f66696c" } else { "0x6f666966" };
        Self { capabilities: 0, simulate: guest_text(discipline), length, word, direction: "forward" }
    }

    /// One server, first in, first out.
    pub(crate) fn in_order() -> Self {
        Self::of("in_order")
    }

    /// A request that finds `capacity` requests in the system is rejected, whatever CAPACITY is.
    pub(crate) fn with_room_for(self, capacity: u32) -> Self {
        self.before(&format!(
            "(if (i32.ge_u (local.get $taken) (i32.const {capacity})) (then
               (if (i64.gt_u (i64.load (i32.add (i32.const 0x6000000)
                     (i32.shl (i32.sub (local.get $taken) (i32.const {capacity})) (i32.const 3)))) (local.get $arrival))
                 (then
                   (call $completion (local.get $at) (i64.const -1) (local.get $arrival) (i64.const 0))
                   (br $turned_away)))))"
        ))
    }

    /// With these capabilities in its header.
    pub(crate) fn saying(self, capabilities: u64) -> Self {
        Self { capabilities, ..self }
    }

    /// Does `steps` with each request before it is served.
    pub(crate) fn before(self, steps: &str) -> Self {
        self.putting(";; BEFORE", steps)
    }

    /// Does `steps` with each completion before it is kept.
    pub(crate) fn after(self, steps: &str) -> Self {
        self.putting(";; AFTER", steps)
    }

    /// Writes the last completion first.
    pub(crate) fn backward(self) -> Self {
        Self { direction: "backward", ..self }
    }

    /// Assumes that all records are 48 bytes long, whatever the header declares.
    pub(crate) fn of_48_bytes(self) -> Self {
        Self { length: "(i32.const 48)", ..self }
    }

    fn putting(self, mark: &str, steps: &str) -> Self {
        assert!(self.simulate.contains(mark), "{mark} is not there, or was replaced before");
        Self { simulate: self.simulate.replace(mark, steps), ..self }
    }

    /// Its WebAssembly text.
    pub(crate) fn text(&self) -> String {
        let mut capabilities = String::new();
        for byte in self.capabilities.to_le_bytes() {
            // Writing to a string can't fail.
            let _ = write!(capabilities, "\\{byte:02x}");
        }
        guest_text("whole_shard")
            .replacen("SAYS\"", &format!("{capabilities}\""), 1)
            .replace("(local.set $length LENGTH)", &format!("(local.set $length {})", self.length))
            .replace("(i32.const WORD)", &format!("(i32.const {})", self.word))
            .replace("(call $DIRECTION)", &format!("(call ${})", self.direction))
            .replace("  ;; SIMULATE\n", &self.simulate)
    }
}
