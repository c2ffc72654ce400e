//! Measures the CPU time and the memory of a running simulator, and checks them against its limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use failure::{Failure, Limit};
use rustix::time::{ClockId, clock_gettime};
use wasmtime::ResourceLimiter;

use crate::ledger::Ledger;
use crate::limits::{self, Limits};

/// CPU time of this thread or of the process.
pub(crate) fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The CPU time of a simulator. It runs on the thread that made this value.
pub(crate) struct Time {
    limit: Duration,
    started: Duration,
    /// Bytes that host calls have worked on since the last check.
    worked: usize,
}

impl Time {
    /// Starts now.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limit: limits.cpu_time, started: cpu_time(ClockId::ThreadCPUTime), worked: 0 }
    }

    /// Checks the CPU time against its limit.
    pub(crate) fn check(&self, ledger: &Ledger) -> Result<(), Failure> {
        let requests = u32::try_from(ledger.requests()).unwrap_or(u32::MAX);
        let allowed = self.limit + limits::CPU_TIME_PER_REQUEST * requests;
        if cpu_time(ClockId::ThreadCPUTime).saturating_sub(self.started) <= allowed {
            return Ok(());
        }
        Err(Failure::limit(
            Limit::CpuTime,
            format!(
                "the simulator took more than {} s + {} µs for each request read (--limit-time)",
                self.limit.as_secs_f64(),
                limits::CPU_TIME_PER_REQUEST.as_micros()
            ),
        ))
    }

    /// Counts the work of a host call on `bytes`. A simulator without loops is not checked between host calls, so this
    /// method checks once a mebibyte.
    pub(crate) fn work(&mut self, bytes: usize, ledger: &Ledger) -> Result<(), Failure> {
        self.worked += bytes;
        if self.worked as u64 >= limits::MIB {
            self.worked = 0;
            self.check(ledger)?;
        }
        Ok(())
    }
}

/// A page of WebAssembly \[bytes\].
const PAGE: usize = 64 << 10;

/// Adds up the allocations of a simulator.
pub(crate) struct Memories {
    /// By all simulators of the run \[bytes\].
    all: Arc<AtomicUsize>,
    /// By this one, including its instance, without and with its tables \[bytes\].
    memory: usize,
    taken: usize,
    limit: usize,
    elements: usize,
}

impl Memories {
    /// For a simulator of the run whose simulators have allocated `all`.
    pub(crate) fn new(all: &Arc<AtomicUsize>, limits: &Limits) -> Self {
        Self { all: all.clone(), memory: 0, taken: 0, limit: limits.memory, elements: 0 }
    }

    /// Counts an instance with `bytes` of globals and the like, in whole pages. A small module counts as zero, so that
    /// its linear memory may use the whole limit.
    pub(crate) fn instance(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.grow(bytes - bytes % PAGE).map(drop)
    }

    fn grow(&mut self, bytes: usize) -> wasmtime::Result<bool> {
        let total = self.memory.saturating_add(bytes);
        if total > self.limit {
            let mib = |bytes: usize| (bytes as u64).div_ceil(limits::MIB);
            return Err(Failure::limit(
                Limit::Memory,
                format!(
                    "the simulator asked for {} MiB, more than {} MiB (--limit-memory)",
                    mib(total),
                    mib(self.limit)
                ),
            )
            .into());
        }
        self.memory = total;
        self.take(bytes)
    }

    fn take(&mut self, bytes: usize) -> wasmtime::Result<bool> {
        let most = limits::RUN_MEMORY.max(self.limit);
        let more = |all: usize| all.checked_add(bytes).filter(|&all| all <= most);
        if self.all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return Err(Failure::limit(
                Limit::RunMemory,
                format!("its simulators asked for more than {} MiB together", most as u64 / limits::MIB),
            )
            .into());
        }
        self.taken += bytes;
        Ok(true)
    }
}

impl Drop for Memories {
    fn drop(&mut self) {
        self.all.fetch_sub(self.taken, Ordering::Relaxed);
    }
}

impl ResourceLimiter for Memories {
    fn memory_growing(&mut self, current: usize, desired: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        // Beyond the maximum that the module declares, growth fails whatever is returned here.
        if most.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        self.grow(desired - current)
    }

    fn table_growing(&mut self, current: usize, desired: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        if most.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        let elements = desired - current;
        let total = self.elements.saturating_add(elements);
        if total > limits::TABLE_ELEMENTS {
            return Err(Failure::limit(
                Limit::TableElements,
                format!("the simulator asked for {total}, more than {}", limits::TABLE_ELEMENTS),
            )
            .into());
        }
        self.elements = total;
        self.take(elements * limits::TABLE_ELEMENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_is_memory_of_its_simulator_and_of_the_run() {
        let all = Arc::default();
        let limits = Limits { memory: 3 * PAGE, ..Limits::default() };
        let mut memories = Memories::new(&all, &limits);
        memories.instance(2 * PAGE + 1).unwrap();
        assert_eq!(all.load(Ordering::Relaxed), 2 * PAGE);
        assert!(memories.memory_growing(0, PAGE, None).unwrap());
        assert!(memories.memory_growing(PAGE, 2 * PAGE, None).is_err());
        drop(memories);
        assert_eq!(all.load(Ordering::Relaxed), 0);
    }
}
