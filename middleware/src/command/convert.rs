//! `middleware convert`: writes a trace in another format.

use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use cli::output::{self, OutFile, STDOUT};
use cli::program;
use cli::reporter::{Reporter as _, Terminal, Unit};
use cli::settings::{DemandSettings, SeedSettings, Sources};
use contract::{Capabilities, Request, RequestHeader};
use failure::{Failure, printable};
use random::demand::{Demands, ServiceDistribution};
use run::notes::Sampled;
use trace::reader::{ReadFlags, TraceReader};
use trace::writer::{TraceFormat, TraceWriter};

/// The arguments of `middleware convert`.
#[derive(Debug, clap::Args)]
pub struct ConvertFlags {
    /// The trace: a file, or - for stdin; several are merged by arrival.
    #[arg(value_name = "TRACE", required = true, value_hint = clap::ValueHint::FilePath)]
    traces: Vec<PathBuf>,
    /// Write to FILE, which appears whole or not at all, instead of standard output (-).
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// What to write.
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    #[command(flatten)]
    read: ReadFlags,
    #[command(flatten)]
    demand: DemandSettings,
    #[command(flatten)]
    seed: SeedSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Native CSV with all columns; the cells of demands that the trace does not give are empty.
    Csv,
    /// The original generator's rows: arrival in µs, client, r or w, block, size, without a header.
    Original,
    /// Binary records of 48 bytes; demands that the trace does not give are sampled (ST, SERVICE).
    Records,
}

/// Writes the trace in another format.
///
/// # Errors
/// If a setting or the trace breaks a rule, the format can't represent a request, the output would overwrite a trace, or it
/// can't be written; then no file is left.
pub(crate) fn convert(flags: &ConvertFlags, sources: &Sources) -> anyhow::Result<()> {
    let ConvertFlags { traces, format, read, demand, seed, .. } = flags;
    let out = flags.out.as_deref().filter(|path| *path != Path::new("-"));
    let inputs = traces.iter().map(|path| Some(path.as_path()));
    let table = demand.file();
    output::distinct(&[out], &inputs.chain([sources.file(), table.as_deref()]).collect::<Vec<_>>())?;
    let demands = if *format == Format::Records { demand.demands(seed)? } else { not_sampled(seed.seed.get()?) };
    let mut reader = TraceReader::open(traces, read, demands.clone())?;
    let written = match out {
        Some(path) => to_file(&mut reader, *format, path)?,
        None => to_stdout(&mut reader, *format)?,
    };
    let name = out.map_or_else(|| STDOUT.to_owned(), |path| printable(path.as_os_str().as_encoded_bytes(), 1000));
    let sampled = Sampled::of(&reader.summary(), demands);
    reader.remarks().iter().for_each(|remark| program::note(remark));
    notes(&reader, *format, &written, &sampled).iter().for_each(|note| program::note(&format!("{name}: {note}")));
    for key in demand.given().iter().filter(|_| !sampled.any() || *format != Format::Records) {
        program::warn(&format!("{key} changes nothing: no demand was sampled"));
    }
    demand.without_effect().iter().for_each(|note| program::warn(note));
    Ok(())
}

/// Demands for a reader that is not to sample any: each is [`Request::TO_SAMPLE`], as in a request whose trace gives none.
/// `seed` is for the reader's other samples.
fn not_sampled(seed: u64) -> Demands {
    Demands::new(Request::TO_SAMPLE, ServiceDistribution::Deterministic, seed)
}

fn to_file(reader: &mut TraceReader, format: Format, path: &Path) -> anyhow::Result<Written> {
    let file = OutFile::create(path)?;
    let progress = Terminal.begin("converting", Unit::Bytes, reader.size());
    let (mut file, written) = write(reader, format, file, &path.display().to_string(), |at| progress.reached(at))?;
    if format == Format::Records {
        let header = RequestHeader::new(written.requests).to_bytes();
        file.replace_start(&header).with_context(|| path.display().to_string())?;
    }
    file.finish()?;
    Ok(written)
}

fn to_stdout(reader: &mut TraceReader, format: Format) -> anyhow::Result<Written> {
    if io::stdout().is_terminal() && format == Format::Records {
        let rule = "binary records are not written to a terminal: name a file with --out, or use a pipe";
        return Err(Failure::usage(rule).into());
    }
    program::on_signal_report(Some("standard output is incomplete".to_owned()));
    Ok(write(reader, format, io::stdout(), STDOUT, |_| ())?.1)
}

/// Writes the whole trace to `to`, whose name in errors is `name`. `reached` receives the position that was read \[bytes\].
fn write<W: Write + Send>(
    reader: &mut TraceReader,
    format: Format,
    to: W,
    name: &str,
    reached: impl Fn(u64) + Send + Sync,
) -> anyhow::Result<(W, Written)> {
    let written_as = match format {
        Format::Csv => TraceFormat::FullCsv,
        Format::Original => TraceFormat::Original,
        Format::Records => TraceFormat::Records { requests: RequestHeader::UNKNOWN },
    };
    let mut writer = TraceWriter::new(to, written_as).with_context(|| name.to_owned())?;
    let mut written = Written::default();
    let trace = reader.name().to_owned();
    reader.read(|requests, at| {
        reached(at);
        written.add(requests);
        writer.write(requests).map_err(|error| match error.downcast::<Failure>() {
            // The format can't represent a request.
            Ok(failure) => anyhow::Error::from(failure).context(trace.clone()),
            Err(error) => error.context(name.to_owned()),
        })
    })?;
    Ok((writer.finish().with_context(|| name.to_owned())?, written))
}

/// The requests that were written, and what they have that a format may have no place for.
#[derive(Debug, Default)]
struct Written {
    requests: u64,
    ids: bool,
    demands: bool,
    classes: bool,
    reply_sizes: bool,
    flags: bool,
    /// Arrivals that are not whole microseconds.
    fractions: bool,
}

impl Written {
    fn add(&mut self, requests: &[Request]) {
        for (place, request) in (self.requests..).zip(requests) {
            self.ids |= request.id != place;
            self.demands |= request.service_ns != Request::TO_SAMPLE;
            self.classes |= request.class != 0;
            self.reply_sizes |= request.reply_size != 0;
            self.flags |= request.flags != 0;
            self.fractions |= !request.arrival_ns.is_multiple_of(1000);
        }
        self.requests += requests.len() as u64;
    }

    /// What `format` has no place for.
    fn lost(&self, format: Format) -> Vec<&'static str> {
        let Self { ids, demands, classes, reply_sizes, flags, fractions, .. } = *self;
        let all = [
            (ids, "ids"),
            (demands, "demands"),
            (classes, "classes"),
            (reply_sizes, "reply sizes"),
            (fractions, "fractions of a microsecond of arrivals"),
            (flags, "flags"),
        ];
        let kept = match format {
            Format::Original => 0,
            Format::Csv => all.len() - 1,
            Format::Records => all.len(),
        };
        all[kept..].iter().filter_map(|&(has, name)| has.then_some(name)).collect()
    }
}

/// What the user should know about the file that was written: one line each.
fn notes(reader: &TraceReader, format: Format, written: &Written, sampled: &Sampled) -> Vec<String> {
    let Sampled { number, requests, .. } = sampled;
    let mut notes = vec![format!("{requests} requests of a trace of format {}", reader.format())];
    let offset_ns = reader.summary().offset_ns;
    if offset_ns != 0 {
        notes.push(format!("time 0 is {offset_ns} ns in the trace"));
    }
    let lost = written.lost(format);
    if !lost.is_empty() {
        notes.push(format!("lost, because the format has no place for them: {}", lost.join(", ")));
    }
    match format {
        Format::Csv if sampled.any() => notes.push(format!(
            "{number} of {requests} demands are not in the trace: their cells are empty, and a program that reads them samples"
        )),
        Format::Csv | Format::Original => {}
        Format::Records => notes.extend(sampled.notes(Capabilities::default())),
    }
    notes
}
