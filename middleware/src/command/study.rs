//! Shared by `compare` and `plan`: their flags, their run folder, and their output.

use std::path::{Path, PathBuf};

use cli::output::{self, OutFile};
use cli::reporter::Reporter;
use cli::{program, terminal};
use failure::Failure;
use measure::schema::to_json;
use measure::{DEFAULT_PERCENTILES, PercentileList};
use run::executor::Executor;
use run::outputs::distinct_report;
use run::replications;
use run::run_file::RunFile;
use run::run_folder::RunFolder;
use run::study::MOST;
use run::warm_up::WarmUp;
use serde::Serialize;

/// The flags of both.
#[derive(Debug, clap::Args)]
pub(crate) struct StudyFlags {
    /// Also write the report as JSON to FILE.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Print the report as JSON instead of the table.
    #[arg(long)]
    json: bool,
    /// Upper limit of the replications of each scenario, 1 to 1000: decisions are taken after 10, 20, 40, … of them
    #[arg(long, value_name = "R", default_value_t = MOST, value_parser = clap::value_parser!(u32).range(1..=i64::from(replications::MOST)))]
    pub(crate) max_replications: u32,
    /// The percentiles of the report: at most 16 decimals above 0 and below 100, in rising order.
    #[arg(long, value_name = "LIST", default_value = DEFAULT_PERCENTILES)]
    pub(crate) percentiles: PercentileList,
    /// The start of each run that is not measured: none, or until a time such as 30s
    #[arg(long, value_name = "none|TIME", default_value = "none")]
    warmup: WarmUp,
}

impl StudyFlags {
    /// The end of the warm-up \[ns\]; 0 if there is none.
    ///
    /// # Errors
    /// [`Failure::Usage`] if it is to be found automatically, which is of a single run.
    pub(crate) fn warm_up_ns(&self) -> Result<u64, Failure> {
        match self.warmup {
            WarmUp::None => Ok(0),
            WarmUp::Until(ns) => Ok(ns),
            WarmUp::Auto => Err(Failure::usage(
                "--warmup auto finds the warm-up of one run, and here are many: give a time, such as the one that `run --warmup auto` \
                 finds",
            )),
        }
    }

    /// Starts the file of the report, and the run folder.
    ///
    /// # Errors
    /// If the file can't be made, or would overwrite one of `inputs`.
    pub(crate) fn open(
        &self,
        run_file: RunFile,
        inputs: &[Option<&Path>],
        reporter: &dyn Reporter,
    ) -> anyhow::Result<Outputs<'_>> {
        distinct_report(self.report.as_deref(), inputs)?;
        let report = self.report.as_deref().map(OutFile::create).transpose()?;
        let folder = RunFolder::create(run_file)
            .inspect_err(|error| reporter.warn(&format!("this run is not kept: {error:#}")))
            .ok();
        Ok(Outputs { flags: self, report, folder })
    }
}

/// Where the results go.
pub(crate) struct Outputs<'a> {
    flags: &'a StudyFlags,
    report: Option<OutFile>,
    folder: Option<RunFolder>,
}

impl Outputs<'_> {
    /// Keeps the report of what is done so far.
    ///
    /// # Errors
    /// If it can't be written.
    pub(crate) fn keep_so_far(&self, report: &impl Serialize) -> anyhow::Result<()> {
        self.folder.as_ref().map_or(Ok(()), |folder| folder.keep_so_far(report))
    }

    /// Writes the report, and prints it: the text that `render` makes for this number of columns, or JSON.
    ///
    /// # Errors
    /// If it can't be written completely.
    pub(crate) fn finish<R: Serialize>(
        self,
        report: &R,
        executor: &dyn Executor,
        reporter: &dyn Reporter,
        render: impl FnOnce(&R, usize) -> String,
    ) -> anyhow::Result<()> {
        let Self { flags, report: file, folder } = self;
        // Its lock is held until the end, so that no other run takes it for an old one.
        let kept = folder.and_then(|mut folder| match folder.finish(report, executor, reporter) {
            Ok(()) => Some(folder),
            Err(error) => {
                reporter.warn(&format!("this run is not kept: {error:#}"));
                None
            }
        });
        file.map(|file| file.finish_with(&to_json(report)?)).transpose()?;
        if flags.json {
            return Ok(output::print(&to_json(report)?)?);
        }
        let place = kept.map_or(String::new(), |folder| {
            format!("The report is in {};\n`{} results` prints it again.\n", folder.path().display(), program::name())
        });
        Ok(output::print_tables(&format!("{}\n{place}", render(report, terminal::width())))?)
    }
}
