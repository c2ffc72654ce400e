//! The sandbox: configures wasmtime so that a module can only compute, within limits.

use std::path::Path;
use std::sync::atomic::AtomicUsize;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, LazyLock};

use cli::program;
use failure::{Failure, Limit, printable};
use rayon_core::ThreadPoolBuilder;
use rustix::time::ClockId;
use wasmtime::{Config, Engine, InstancePre, Linker, Store, Strategy, UnknownImportError, UpdateDeadline, ValType};

use crate::exit::{host_failed, result_of};
use crate::imports;
use crate::inspect::inspect;
use crate::limits::{self, Limits};
use crate::meter::{Memories, cpu_time};
use crate::module::Module;
use crate::wasi::{self, Guest};

/// Ends the process, which is the only way to interrupt compilation. The program that calls the library decides how.
pub type GiveUp = fn(&Failure) -> !;

/// A simulator's module, compiled once and shared by all workers of a run.
#[derive(Clone)]
pub struct Simulator {
    instance: InstancePre<Guest>,
    module: Module,
    /// Memory of each instance besides linear memories and tables, and the allocations of all guests together
    /// \[bytes\].
    instance_size: usize,
    memory: Arc<AtomicUsize>,
}

impl Simulator {
    /// Compiles the module in the file `path`. `give_up` is called if compilation exceeds its limits of time or memory.
    ///
    /// # Errors
    /// As [`Module::read`] and [`Simulator::compile`].
    pub fn load(path: &Path, give_up: GiveUp) -> Result<Self, Failure> {
        Self::compile(Module::read(path)?, give_up).map_err(|failure| match failure {
            Failure::Module { rule } => Failure::module(format!("{}: {rule}", path.display())),
            other => other,
        })
    }

    /// Compiles a module. `give_up` is called if compilation exceeds its limits of time or memory.
    ///
    /// # Errors
    /// [`Failure::Module`] if it is not a simulator of contract 1: no WebAssembly, imports other than WASI preview 1,
    /// no `memory`, no `_start`; [`Failure::Limit`] if it is too large.
    pub fn compile(module: Module, give_up: GiveUp) -> Result<Self, Failure> {
        let invalid = |error: wasmtime::Error| {
            let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
            Failure::module(printable(chain.join(": ").as_bytes(), 500))
        };
        let instance_size = inspect(module.bytes())?;
        program::check_memory(RESERVED + SPARE)?;
        let mut config = config();
        config.parallel_compilation(*COMPILE_THREADS);
        let engine = Engine::new(&config).map_err(|error| host_failed(&error))?;
        let compiling = watch_compilation(give_up)?;
        let compiled = wasmtime::Module::new(&engine, module.bytes()).map_err(invalid)?;
        drop(compiling);
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker).map_err(|error| host_failed(&error))?;
        let instance = linker.instantiate_pre(&compiled).map_err(|error| {
            let unknown = error.downcast_ref::<UnknownImportError>();
            unknown.map(|unknown| imports::missing(unknown.module(), unknown.name())).unwrap_or_else(|| invalid(error))
        })?;
        check_exports(&compiled)?;
        tick(&engine)?;
        Ok(Self { instance, module, instance_size, memory: Arc::default() })
    }

    /// The module that was compiled.
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The meter of allocations for one of its guests.
    pub(crate) fn memories(&self, limits: &Limits) -> Memories {
        Memories::new(&self.memory, limits)
    }

    /// Runs `guest` to its end. Returns it with its result.
    pub(crate) fn run(&self, guest: Guest) -> (Guest, Result<(), Failure>) {
        let (guest, ended) = self.call(guest);
        let ended = ended.or_else(|error| result_of(&error, &guest));
        (guest, ended)
    }

    /// Runs a command that is not a simulator to its end. Returns `guest` and the exit code.
    #[cfg(feature = "testing")]
    pub(crate) fn run_command(&self, guest: Guest) -> (Guest, Result<u32, Failure>) {
        let (guest, ended) = self.call(guest);
        let ended = match ended {
            Ok(()) => Ok(0),
            Err(error) => match error.downcast_ref::<wasi::Exit>() {
                Some(wasi::Exit(code)) => Ok(*code),
                None => result_of(&error, &guest).map(|()| 0),
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
        let counted = store.data_mut().memories.instance(self.instance_size);
        let ended = program::check_memory(RESERVED + SPARE)
            .map_err(wasmtime::Error::from)
            .and(counted)
            .and_then(|()| self.instance.instantiate(&mut store))
            .and_then(|instance| instance.get_typed_func::<(), ()>(&mut store, "_start"))
            .and_then(|start| start.call(&mut store, ()));
        (store.into_data(), ended)
    }
}

/// Addresses that wasmtime reserves for a simulator's memory, and the size of other mappings \[bytes\].
const RESERVED: u64 = 0x1_0400_0000;
const SPARE: u64 = 128 << 20;

/// Whether there are threads for compilation: wasmtime uses those of this pool, and would panic without them.
static COMPILE_THREADS: LazyLock<bool> = LazyLock::new(|| ThreadPoolBuilder::new().build_global().is_ok());

/// The features of WebAssembly that a simulator may use: those that are deterministic and bounded.
#[cfg_attr(not(feature = "testing"), allow(unreachable_pub, reason = "only tests use it from outside"))]
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

fn check_exports(module: &wasmtime::Module) -> Result<(), Failure> {
    let export = |name| module.get_export(name);
    if export("memory").is_none_or(|memory| memory.memory().is_none()) {
        return Err(Failure::module("it does not export its \"memory\""));
    }
    let is_start = |kind: wasmtime::ExternType| {
        kind.func().is_some_and(|func| func.params().len() == 0 && func.results().collect::<Vec<ValType>>().is_empty())
    };
    if !export("_start").is_some_and(is_start) {
        let cure = "build a program, not a library: Rust with fn main, C without -mexec-model=reactor, AssemblyScript with \
                    --exportStart _start";
        let rule = format!("it does not export a function \"_start\" without parameters; {cure}");
        return Err(Failure::module(rule));
    }
    Ok(())
}

/// Ends the process with a limit's exit code, unless the returned sender is dropped in time. Compilation can't be
/// interrupted, and happens before anything else.
fn watch_compilation(give_up: GiveUp) -> Result<Sender<()>, Failure> {
    let (compiling, ended) = channel::<()>();
    let (time, memory) = (cpu_time(ClockId::ProcessCPUTime), resident());
    std::thread::Builder::new()
        .name("compilation".to_owned())
        .spawn(move || {
            while ended.recv_timeout(limits::TICK) == Err(RecvTimeoutError::Timeout) {
                if cpu_time(ClockId::ProcessCPUTime).saturating_sub(time) > limits::COMPILE_TIME {
                    give_up(&Failure::limit(
                        Limit::CompileTime,
                        format!("the module takes more than {} s of CPU time", limits::COMPILE_TIME.as_secs()),
                    ));
                }
                if resident().saturating_sub(memory) > limits::COMPILE_MEMORY {
                    give_up(&Failure::limit(
                        Limit::CompileMemory,
                        format!("the module takes more than {} GiB", limits::COMPILE_MEMORY >> 30),
                    ));
                }
            }
        })
        .map_err(|error| program::no_thread("the watch on compiling", &error))?;
    Ok(compiling)
}

/// The resident memory of this process, if the system reports it \[bytes\].
fn resident() -> usize {
    program::memory("VmRSS:").unwrap_or(0) as usize
}

/// Checks the CPU time of the guests of `engine`, as long as it is used.
fn tick(engine: &Engine) -> Result<(), Failure> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("tick".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(limits::TICK);
            }
        })
        .map_err(|error| program::no_thread("the simulators' clock", &error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precompiled_module_is_rejected() {
        // Loading it would run its native code.
        let artefact = Engine::new(&config()).unwrap().precompile_module(b"\0asm\x01\0\0\0").unwrap();
        let refused = Simulator::compile(Module::new(&artefact), program::end).map(drop).unwrap_err();
        assert_eq!(
            refused,
            Failure::module(
                "it is not a WebAssembly module: it does not begin with \"\\0asm\", but is an ELF file (a precompiled module?)"
            )
        );
    }
}
