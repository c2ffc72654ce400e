//! The command `tracegen`: generates a trace.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use cli::output::{self, OutFile, STDOUT};
use cli::program;
use cli::settings::{DemandSettings, SeedSettings, Sources};
use contract::Request;
use failure::Failure;
use generator::{Generation, Generator, GeneratorSettings};
use random::demand::Demands;
use trace::writer::{RowBuffer, TraceFormat, TraceWriter};

/// Generate a trace: requests of CONCURRENCY clients in order of arrival.
///
/// Clients do not wait for their responses (open loop). Interarrival times and sizes follow DISTRIBUTION, block numbers are
/// uniform over the storage array, and READ_RATIO per cent are reads; ARRIVALS, POPULARITY, SIZES and CLASSES change this.
/// The same settings give the same bytes, on every machine.
#[derive(clap::Args)]
#[command(max_term_width = 120, after_help = AFTER_HELP)]
pub struct Arguments {
    /// Write to FILE, which appears whole or not at all, instead of standard output (-).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    #[command(flatten)]
    generator: GeneratorSettings,
    #[command(flatten)]
    demand: DemandSettings,
    #[command(flatten)]
    seed: SeedSettings,
}

const AFTER_HELP: &str = "\
Examples:
  tracegen --samples 5 --seed 7
  tracegen --samples 1000000 --distribution normal --mean 8 --stdev 4 --inter-arrival 250us --out trace.csv
  tracegen --arrivals mmpp:10,1s,9s --popularity zipf:0.9 --sizes table:8=70,64=20,256=10 --out bursts.csv

Exit codes:
  0 done · 1 it could not be written (a full disk) · 2 a flag or a setting is wrong · 130 interrupted · 141 standard \
output was closed";

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Rows id,arrival_ns,client,op,block,size after a header, with CLASSES also class; the program that reads them samples the
    /// demands.
    Csv,
    /// The original generator's rows: arrival in µs, 0, r or w, block, size, without a header.
    Original,
    /// Binary records of 48 bytes with demands (ST, SERVICE), as simulators read them.
    Records,
}

/// Generates the trace that `arguments` describe.
///
/// # Errors
/// If a setting breaks its rule, or the trace can't be written.
pub fn run(arguments: &Arguments, sources: &Sources) -> anyhow::Result<()> {
    let Arguments { out, format, generator, demand, seed } = arguments;
    let generation = Generation::from_settings(generator, seed)?;
    let demands = demand.demands(seed)?;
    for key in demand.given().into_iter().filter(|_| *format != Format::Records) {
        program::warn(&format!("{key} has no effect: the program that reads this format samples the demands"));
    }
    demand.without_effect().iter().for_each(|note| program::warn(note));

    let (format, demands) = match format {
        Format::Csv if generation.has_classes() => (TraceFormat::ClassCsv, None),
        Format::Csv => (TraceFormat::Csv, None),
        Format::Original => (TraceFormat::Original, None),
        Format::Records => (TraceFormat::Records { requests: generation.samples }, Some(demands)),
    };
    let table = demand.file();
    let inputs: Vec<Option<&Path>> = generation.files().map(Some).chain([sources.file(), table.as_deref()]).collect();
    output::distinct(&[out.as_deref()], &inputs)?;
    let demands = demands.as_ref();
    demands.and_then(Demands::rounding_note).iter().for_each(|note| program::note(note));
    let Some(path) = out.as_deref().filter(|path| *path != Path::new("-")) else {
        if io::stdout().is_terminal() && demands.is_some() {
            let rule = "binary records are not written to a terminal: name a file with --out, or use a pipe";
            return Err(Failure::usage(rule).into());
        }
        program::on_signal_report(Some("standard output is incomplete".to_owned()));
        return write(&generation, demands, format, io::stdout()).map(drop).context(STDOUT);
    };
    let file = OutFile::create(path)?;
    write(&generation, demands, format, file).with_context(|| path.display().to_string())?.finish()
}

/// Writes the whole trace; `demands` samples the demands if the format has them.
fn write<W: Write + Send>(
    generation: &Generation,
    demands: Option<&Demands>,
    format: TraceFormat,
    to: W,
) -> anyhow::Result<W> {
    let mut writer = TraceWriter::new(to, format)?;
    let prepare = |requests: &mut [Request], buffer: &mut RowBuffer| {
        if let Some(demands) = demands {
            requests.iter_mut().for_each(|request| request.service_ns = demands.demand(request));
        }
        if format == TraceFormat::Original {
            // The original generator has one system.
            requests.iter_mut().for_each(|request| request.client = 0);
        }
        buffer.fill(requests).map_err(anyhow::Error::from)
    };
    Generator::new(generation).read(&RowBuffer::new(format), prepare, |_, buffer| Ok(writer.write_rows(buffer)?))?;
    writer.finish()
}
