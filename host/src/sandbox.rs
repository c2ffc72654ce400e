//! The sandbox: wasmtime set up so that a module can compute and nothing else, within limits.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sha2::{Digest as _, Sha256};
use trace::{Failure, printable, program};
use wasmtime::{
    Config, Engine, InstancePre, Linker, Module, ResourceLimiter, Store, Strategy, UpdateDeadline, ValType,
};

use crate::inspect::inspect;
use crate::ledger::Ledger;
use crate::limits::{self, Limits};
use crate::verdict::{host_failed, verdict};
use crate::wasi::{self, Exit, Guest};

/// A simulator's module, compiled once and shared by all workers of a run.
#[derive(Clone)]
pub struct Simulator {
    instance: InstancePre<Guest>,
    bytes: Arc<[u8]>,
    sha256: Arc<str>,
    /// What all its guests allocate together \[bytes\].
    memory: Arc<AtomicUsize>,
}

impl Simulator {
    /// Compiles the module in the file `path`.
    ///
    /// # Errors
    /// [`Failure::Module`] where it is no simulator of contract 1: no file, no WebAssembly, imports other than WASI
    /// preview 1, no `memory`, no `_start`.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let name = path.display();
        let read = |error: std::io::Error| {
            Failure::Module(format!("{name}: {error} (MODULE or --module names the simulator)"))
        };
        let mut bytes = Vec::new();
        File::open(path).and_then(|file| file.take(limits::MODULE + 1).read_to_end(&mut bytes)).map_err(read)?;
        if bytes.len() as u64 > limits::MODULE {
            return Err(Failure::Limit(format!(
                "module file: {name} has more than {} MiB",
                limits::MODULE / crate::MIB
            )));
        }
        Self::compile(&bytes).map_err(|failure| match failure {
            Failure::Module(rule) => Failure::Module(format!("{name}: {rule}")),
            other => other,
        })
    }

    /// Compiles a module.
    ///
    /// # Errors
    /// As [`Simulator::load`].
    pub fn compile(bytes: &[u8]) -> Result<Self, Failure> {
        let invalid = |error: wasmtime::Error| {
            let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
            Failure::Module(printable(chain.join(": ").as_bytes(), 500))
        };
        inspect(bytes)?;
        let engine = Engine::new(&config()).map_err(|error| host_failed(&error))?;
        let compiling = watch_compilation()?;
        let module = Module::new(&engine, bytes).map_err(invalid)?;
        drop(compiling);
        check_exports(&module)?;
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker).map_err(|error| host_failed(&error))?;
        let instance = linker.instantiate_pre(&module).map_err(invalid)?;
        tick(&engine)?;
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(Self { instance, bytes: bytes.into(), sha256: sha256.into(), memory: Arc::default() })
    }

    /// The module's bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the module's bytes, in hexadecimal.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Runs `guest` to its end, and gives it back with how it ended.
    pub(crate) fn run(&self, guest: Guest) -> (Guest, Result<(), Failure>) {
        let (guest, ended) = self.call(guest);
        let ended = ended.or_else(|error| verdict(&error, &guest));
        (guest, ended)
    }

    /// Runs a command that is no simulator to its end: `guest`, and the exit code.
    pub(crate) fn run_command(&self, guest: Guest) -> (Guest, Result<u32, Failure>) {
        let (guest, ended) = self.call(guest);
        let ended = match ended {
            Ok(()) => Ok(0),
            Err(error) => match error.downcast_ref::<Exit>() {
                Some(Exit(code)) => Ok(*code),
                None => verdict(&error, &guest).map(|()| 0),
            },
        };
        (guest, ended)
    }

    fn call(&self, guest: Guest) -> (Guest, wasmtime::Result<()>) {
        let mut store = Store::new(self.instance.module().engine(), guest);
        store.limiter(|guest| &mut guest.memories);
        store.epoch_deadline_callback(|store| {
            let guest = store.data();
            guest.time.check(&guest.ledger)?;
            Ok(UpdateDeadline::Continue(1))
        });
        store.set_epoch_deadline(1);
        let ended = self
            .instance
            .instantiate(&mut store)
            .and_then(|instance| instance.get_typed_func::<(), ()>(&mut store, "_start"))
            .and_then(|start| start.call(&mut store, ()));
        (store.into_data(), ended)
    }
}

/// What of WebAssembly a simulator may use: what is deterministic and bounded.
#[doc(hidden)]
pub fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_nan_canonicalization(true)
        .epoch_interruption(true)
        .max_wasm_stack(limits::STACK)
        .wasm_relaxed_simd(false)
        .wasm_threads(false)
        .shared_memory(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false);
    config
}

fn check_exports(module: &Module) -> Result<(), Failure> {
    let export = |name| module.get_export(name);
    if export("memory").is_none_or(|memory| memory.memory().is_none()) {
        return Err(Failure::Module("it does not export its \"memory\"".to_owned()));
    }
    let is_start = |kind: wasmtime::ExternType| {
        kind.func().is_some_and(|func| func.params().len() == 0 && func.results().collect::<Vec<ValType>>().is_empty())
    };
    if !export("_start").is_some_and(is_start) {
        return Err(Failure::Module(
            "it does not export a function \"_start\" without parameters (is it a library?)".to_owned(),
        ));
    }
    Ok(())
}

/// Ends the process with a limit's exit code, unless what is returned is dropped in time: compilation can't be interrupted, and
/// comes before all else.
fn watch_compilation() -> Result<Sender<()>, Failure> {
    let (compiling, ended) = channel::<()>();
    let (time, memory) = (cpu_time(ClockId::ProcessCPUTime), resident());
    std::thread::Builder::new().name("compilation".to_owned()).spawn(move || {
        while ended.recv_timeout(limits::TICK) == Err(RecvTimeoutError::Timeout) {
            if cpu_time(ClockId::ProcessCPUTime).saturating_sub(time) > limits::COMPILE_TIME {
                program::end(&Failure::Limit(format!(
                    "time to compile: the module takes more than {} s of processor time",
                    limits::COMPILE_TIME.as_secs()
                )));
            }
            if resident().saturating_sub(memory) > limits::COMPILE_MEMORY {
                program::end(&Failure::Limit(format!(
                    "memory to compile: the module takes more than {} GiB",
                    limits::COMPILE_MEMORY >> 30
                )));
            }
        }
    })?;
    Ok(compiling)
}

/// What this process holds in memory, where the system tells \[bytes\].
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib =
        status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse::<usize>().ok());
    kib.unwrap_or(0) << 10
}

/// Lets `engine` look at its guests' time, as long as it is used.
fn tick(engine: &Engine) -> Result<(), Failure> {
    let engine = engine.weak();
    std::thread::Builder::new().name("tick".to_owned()).spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(limits::TICK);
        }
    })?;
    Ok(())
}

/// Processor time of this thread or of the process.
fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The processor time of a simulator, which runs on the thread that this was made on.
pub(crate) struct Time {
    limit: Duration,
    started: Duration,
    /// Bytes that functions of the host worked on since they last looked at the time.
    worked: usize,
}

impl Time {
    /// From now on.
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { limit: limits.processor_time, started: cpu_time(ClockId::ThreadCPUTime), worked: 0 }
    }

    /// Holds it against its limit.
    pub(crate) fn check(&self, ledger: &Ledger) -> Result<(), Failure> {
        let requests = u32::try_from(ledger.requests()).unwrap_or(u32::MAX);
        let allowed = self.limit + limits::PROCESSOR_TIME_A_REQUEST * requests;
        if cpu_time(ClockId::ThreadCPUTime).saturating_sub(self.started) <= allowed {
            return Ok(());
        }
        Err(Failure::Limit(format!(
            "processor time: the simulator took more than {} s + {} µs for each request read (--limit-time)",
            self.limit.as_secs_f64(),
            limits::PROCESSOR_TIME_A_REQUEST.as_micros()
        )))
    }

    /// A function of the host worked on `bytes`. Nothing looks at the time between one call and the next where the simulator has
    /// no loop, so once a mebibyte this does.
    pub(crate) fn work(&mut self, bytes: usize, ledger: &Ledger) -> Result<(), Failure> {
        self.worked += bytes;
        if self.worked as u64 >= crate::MIB {
            self.worked = 0;
            self.check(ledger)?;
        }
        Ok(())
    }
}

/// Adds up what a simulator allocates.
pub(crate) struct Memories {
    /// By all simulators of the run \[bytes\].
    all: Arc<AtomicUsize>,
    /// By this one, without and with its tables \[bytes\].
    memory: usize,
    taken: usize,
    limit: usize,
    elements: usize,
}

impl Memories {
    pub(crate) fn new(simulator: &Simulator, limits: &Limits) -> Self {
        Self { all: simulator.memory.clone(), memory: 0, taken: 0, limit: limits.memory, elements: 0 }
    }

    fn take(&mut self, bytes: usize) -> wasmtime::Result<bool> {
        let most = limits::RUN_MEMORY.max(self.limit);
        let more = |all: usize| all.checked_add(bytes).filter(|&all| all <= most);
        if self.all.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_err() {
            return Err(Failure::Limit(format!(
                "memory of a run: its simulators asked for more than {} MiB together",
                most as u64 / crate::MIB
            ))
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
        // Beyond what the module declares it is refused whatever is answered here.
        if most.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        let bytes = desired - current;
        let total = self.memory.saturating_add(bytes);
        if total > self.limit {
            let mib = |bytes: usize| (bytes as u64).div_ceil(crate::MIB);
            return Err(Failure::Limit(format!(
                "memory: the simulator asked for {} MiB, more than {} MiB (--limit-memory)",
                mib(total),
                mib(self.limit)
            ))
            .into());
        }
        self.memory = total;
        self.take(bytes)
    }

    fn table_growing(&mut self, current: usize, desired: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        if most.is_some_and(|most| desired > most) {
            return Ok(false);
        }
        let elements = desired - current;
        let total = self.elements.saturating_add(elements);
        if total > limits::TABLE_ELEMENTS {
            return Err(Failure::Limit(format!(
                "table elements: the simulator asked for {total}, more than {}",
                limits::TABLE_ELEMENTS
            ))
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
    fn what_is_compiled_already_is_refused() {
        // Loading it would run its native code.
        let artefact = Engine::new(&config()).unwrap().precompile_module(b"\0asm\x01\0\0\0").unwrap();
        let refused = Simulator::compile(&artefact).map(drop).unwrap_err();
        assert_eq!(
            refused,
            Failure::Module(
                "it is not a WebAssembly module: it does not begin with \"\\0asm\", but is an ELF file (a precompiled module?)"
                    .to_owned()
            )
        );
    }
}
