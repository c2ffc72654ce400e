//! The limits that end a worker or a program.

use crate::named::named;

named! {
    /// A limit that can be passed. Its name begins the message, and `host limits` prints it.
    Limit {
        /// Memory of one simulator.
        Memory = "memory",
        /// Memory of all simulators of a run.
        RunMemory = "memory of a run",
        /// Elements of a module's tables.
        TableElements = "table elements",
        /// Stack of a simulator.
        Stack = "stack",
        /// CPU time of a simulator.
        CpuTime = "CPU time",
        /// What a simulator writes to stderr.
        ErrorText = "error text",
        /// Random bytes of one call.
        RandomBytes = "random bytes",
        /// Requests that a simulator has read and not yet answered.
        UnansweredRequests = "unanswered requests",
        /// Size of a module's file.
        ModuleFile = "module file",
        /// Functions of a module.
        Functions = "functions",
        /// Size of one function's body.
        FunctionBody = "function body",
        /// Entries of one section of a module.
        SectionEntries = "entries of a section",
        /// CPU time of compiling a module.
        CompileTime = "time to compile",
        /// Memory of compiling a module.
        CompileMemory = "memory to compile",
        /// Requests in the policies' model of workers.
        ModelledRequests = "modelled requests",
        /// Requests in one tick of the clock that `--spread` spreads.
        RequestsInTick = "requests in a tick",
    }
}
