//! Every function of WASI preview 1, called repeatedly with the largest arguments and without a loop, so that only the
//! function itself checks the time: each keeps the limit of CPU time, and returns the documented value.

use std::time::Duration;

use failure::{Failure, Limit};
use rustix::time::{ClockId, clock_gettime};
use sandbox::limits::Limits;
use sandbox::shard::Empty;
use sandbox::{Job, Model, Module, Simulator, simulate, spawn};

/// CPU time of a simulator here, and the delay with which it must have ended. A call that copies the memory takes 30 ms
/// or more.
const LIMIT: Duration = Duration::from_millis(200);
const LATER: Duration = Duration::from_millis(500);

/// Calls of each function.
const CALLS: usize = 300;
/// Bytes of memory, all of which most calls use.
const MEMORY: u32 = 128 << 20;
/// The largest number of iovecs or events of a call.
const MAX_ITEMS: u32 = 1024;
/// Address of the results.
const OUT: u32 = 1 << 20;

const BADF: u32 = 8;
const INVAL: u32 = 28;
const NOTSOCK: u32 = 57;
const NOTSUP: u32 = 58;
const SPIPE: u32 = 70;

/// Functions on a descriptor: name, parameters (`f` the descriptor, `p` a pointer, `l` a length, `c` a number of
/// iovecs, `o` the address of a result, `i` and `I` other numbers of 32 and 64 bits), and the return value for a
/// standard stream.
const OF_DESCRIPTORS: [(&str, &str, u32); 31] = [
    ("fd_advise", "fIIi", BADF),
    ("fd_allocate", "fII", BADF),
    ("fd_datasync", "f", BADF),
    ("fd_fdstat_get", "fo", 0),
    ("fd_fdstat_set_flags", "fi", BADF),
    ("fd_fdstat_set_rights", "fII", BADF),
    ("fd_filestat_get", "fo", 0),
    ("fd_filestat_set_size", "fI", BADF),
    ("fd_filestat_set_times", "fIIi", BADF),
    ("fd_pread", "fpcIo", SPIPE),
    ("fd_prestat_dir_name", "fpl", BADF),
    ("fd_prestat_get", "fo", BADF),
    ("fd_pwrite", "fpcIo", SPIPE),
    ("fd_readdir", "fplIo", BADF),
    ("fd_seek", "fIio", SPIPE),
    ("fd_sync", "f", BADF),
    ("fd_tell", "fo", SPIPE),
    ("path_create_directory", "fpl", BADF),
    ("path_filestat_get", "fiplo", BADF),
    ("path_filestat_set_times", "fiplIIi", BADF),
    ("path_link", "fiplfpl", BADF),
    ("path_open", "fipliIIio", BADF),
    ("path_readlink", "fplplo", BADF),
    ("path_remove_directory", "fpl", BADF),
    ("path_rename", "fplfpl", BADF),
    ("path_symlink", "plfpl", BADF),
    ("path_unlink_file", "fpl", BADF),
    ("sock_accept", "fio", NOTSOCK),
    ("sock_recv", "fpcioo", NOTSOCK),
    ("sock_send", "fpcio", NOTSOCK),
    ("sock_shutdown", "fi", NOTSOCK),
];

/// The contents of a simulator's memory, from its first byte on.
#[derive(Clone, Copy)]
enum Memory {
    Zeros,
    /// The largest number of iovecs of a call, each of this length.
    Vectors(u32),
    /// The largest number of subscriptions, each for writing to this descriptor.
    Subscriptions(u32),
}

use Memory::{Subscriptions, Vectors, Zeros};

/// Other functions: name, parameters (`i` and `I`), memory, arguments, return value.
type Other = (&'static str, &'static str, Memory, &'static [i64], u32);
const OTHERS: [Other; 35] = [
    ("fd_read", "iiii", Zeros, &[0, 0, MAX_ITEMS as i64, OUT as i64], 0),
    ("fd_read", "iiii", Zeros, &[0, 0, 1 << 24, OUT as i64], INVAL),
    ("fd_read", "iiii", Vectors(MEMORY - 2 * OUT), &[0, 0, MAX_ITEMS as i64, OUT as i64], 0),
    ("fd_read", "iiii", Zeros, &[1, 0, 1 << 24, OUT as i64], BADF),
    ("fd_read", "iiii", Zeros, &[3, 0, 1 << 24, OUT as i64], BADF),
    ("fd_read", "iiii", Zeros, &[-1, 0, 1 << 24, OUT as i64], BADF),
    ("fd_write", "iiii", Zeros, &[1, 0, MAX_ITEMS as i64, OUT as i64], 0),
    ("fd_write", "iiii", Zeros, &[2, 0, MAX_ITEMS as i64, OUT as i64], 0),
    ("fd_write", "iiii", Zeros, &[2, 0, 1 << 24, OUT as i64], INVAL),
    ("fd_write", "iiii", Vectors(1), &[2, 0, MAX_ITEMS as i64, OUT as i64], 0),
    ("fd_write", "iiii", Zeros, &[0, 0, 1 << 24, OUT as i64], BADF),
    ("fd_write", "iiii", Zeros, &[3, 0, 1 << 24, OUT as i64], BADF),
    ("fd_write", "iiii", Vectors(MEMORY - 2 * OUT), &[3, 0, 1 << 24, OUT as i64], BADF),
    ("fd_close", "i", Zeros, &[3], BADF),
    ("fd_close", "i", Zeros, &[-1], BADF),
    ("fd_renumber", "ii", Zeros, &[0, 0], 0),
    ("fd_renumber", "ii", Zeros, &[0, 3], BADF),
    ("fd_renumber", "ii", Zeros, &[3, 0], BADF),
    ("clock_time_get", "iIi", Zeros, &[3, 0, OUT as i64], 0),
    ("clock_time_get", "iIi", Zeros, &[4, 0, OUT as i64], INVAL),
    ("clock_res_get", "ii", Zeros, &[3, OUT as i64], 0),
    ("clock_res_get", "ii", Zeros, &[-1, OUT as i64], INVAL),
    ("poll_oneoff", "iiii", Zeros, &[0, OUT as i64, MAX_ITEMS as i64, 8], 0),
    ("poll_oneoff", "iiii", Zeros, &[0, OUT as i64, 1 << 21, 8], INVAL),
    ("poll_oneoff", "iiii", Subscriptions(1), &[0, OUT as i64, MAX_ITEMS as i64, OUT as i64], 0),
    ("poll_oneoff", "iiii", Subscriptions(3), &[0, OUT as i64, MAX_ITEMS as i64, OUT as i64], 0),
    ("poll_oneoff", "iiii", Subscriptions(u32::MAX), &[0, OUT as i64, MAX_ITEMS as i64, OUT as i64], 0),
    ("random_get", "ii", Zeros, &[0, 64 << 20], 0),
    ("random_get", "ii", Zeros, &[0, 0], 0),
    ("proc_raise", "i", Zeros, &[1], NOTSUP),
    ("sched_yield", "", Zeros, &[], 0),
    ("args_sizes_get", "ii", Zeros, &[0, 4], 0),
    ("args_get", "ii", Zeros, &[0, OUT as i64], 0),
    ("environ_sizes_get", "ii", Zeros, &[0, 4], 0),
    ("environ_get", "ii", Zeros, &[0, OUT as i64], 0),
];

/// A simulator that makes each of `calls`, with its arguments and its expected return value, `CALLS` times; it ends
/// with exit code 1000 if all return values are right.
fn module(name: &str, parameters: &str, memory: Memory, calls: &[(Vec<i64>, u32)]) -> Vec<u8> {
    let kinds: Vec<_> = parameters.chars().map(|kind| if kind == 'I' { "i64" } else { "i32" }).collect();
    let call = |(arguments, answer): &(Vec<i64>, u32)| {
        let arguments: String =
            kinds.iter().zip(arguments).map(|(kind, argument)| format!("({kind}.const {argument}) ")).collect();
        format!("(local.set 0 (i32.or (local.get 0) (i32.xor (i32.const {answer}) (call $call {arguments}))))\n")
            .repeat(CALLS)
    };
    let vector = |len: u32| [(2 * OUT).to_le_bytes(), len.to_le_bytes()].concat();
    let subscription = |fd: u32| [vec![0; 8], vec![2; 8], fd.to_le_bytes().to_vec(), vec![0; 28]].concat();
    let data = match memory {
        Zeros => Vec::new(),
        Vectors(len) => vector(len).repeat(MAX_ITEMS as usize),
        Subscriptions(fd) => subscription(fd).repeat(MAX_ITEMS as usize),
    };
    let data: String = data.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let text = format!(
        r#"(module
          (import "wasi_snapshot_preview1" "{name}" (func $call (param {}) (result i32)))
          (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
          (memory (export "memory") {}) (data (i32.const 0) "{data}")
          (func (export "_start") (local i32)
            {}
            (call $proc_exit (i32.add (local.get 0) (i32.const 1000)))))"#,
        kinds.join(" "),
        MEMORY >> 16,
        calls.iter().map(call).collect::<String>()
    );
    wat::parse_str(&text).unwrap_or_else(|error| panic!("{error}\n{}", &text[..2000]))
}

/// Runs it; returns its end and its CPU time.
fn run(module: &[u8]) -> (Failure, Duration) {
    let simulator = Simulator::compile(Module::new(module), cli::program::end).unwrap();
    let limits = Limits { cpu_time: LIMIT, ..Limits::default() };
    let job = Job { arguments: vec!["argument".repeat(100); 1000], ..Job::alone(Model::of_defaults(1), limits) };
    std::thread::scope(|scope| {
        let run = || {
            let ended = simulate(&simulator, &job, Box::new(Empty), None).result.unwrap_err();
            let time = clock_gettime(ClockId::ThreadCPUTime);
            (ended, Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
        };
        spawn(scope, "simulator".to_owned(), run).unwrap().join().unwrap()
    })
}

/// The simulator must end with the right return values or at the limit of CPU time, and in time.
fn ends_in_time(name: &str, parameters: &str, memory: Memory, calls: &[(Vec<i64>, u32)]) {
    let (ended, time) = run(&module(name, parameters, memory, calls));
    println!("{name:<26}{:>6} ms  {ended}", time.as_millis());
    let right = match &ended {
        Failure::Exit { code, .. } => *code == 1000,
        Failure::Limit { limit, .. } => *limit == Limit::CpuTime,
        _ => false,
    };
    assert!(right, "{name} {calls:?}: {ended}");
    assert!(time < LIMIT + LATER, "{name} {calls:?}: {time:?}");
}

#[test]
fn every_function_keeps_to_the_limit_of_time_and_to_the_contract() {
    for (name, parameters, of_a_stream) in OF_DESCRIPTORS {
        let arguments = |fd: i64| {
            let argument = |kind| match kind {
                'f' => fd,
                'l' => MEMORY.into(),
                'c' => (MEMORY / 8).into(),
                'o' => OUT.into(),
                _ => 0,
            };
            parameters.chars().map(argument).collect()
        };
        let calls = [(0, of_a_stream), (1, of_a_stream), (2, of_a_stream), (3, BADF), (-1, BADF)];
        ends_in_time(name, parameters, Zeros, &calls.map(|(fd, answer)| (arguments(fd), answer)));
    }
    for (name, parameters, memory, arguments, answer) in OTHERS {
        ends_in_time(name, parameters, memory, &[(arguments.to_vec(), answer)]);
    }
    // These and proc_exit are all functions.
    let names = OF_DESCRIPTORS.iter().map(|(name, ..)| *name).chain(OTHERS.iter().map(|(name, ..)| *name));
    assert_eq!(names.collect::<std::collections::BTreeSet<_>>().len(), 45);
}
