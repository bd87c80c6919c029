//! The command line: one subcommand, one file.

mod bench;
mod caller;
mod demo;
mod export;
mod import;
mod indicators;
mod keys;
mod migrate;
mod output;
mod policy;
mod remote;
mod sdl;
mod serve;
mod token;
mod upload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, Subcommand};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Config;
use crate::traces::{self, SpanCounts, Traces};

/// Enlace: the agencies of a migrant-reception programme, on one GraphQL schema.
#[derive(Parser)]
#[command(name = "enlace", version, arg_required_else_help = true)]
struct CommandLine {
    /// A configuration file (TOML); docs/configuration.md lists its keys.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the demonstration programme: database, data, server and ready-made tokens.
    Demo(demo::Arguments),
    /// Serve on a named database or on a data directory.
    Serve(serve::Arguments),
    /// Bring the database's schema up to date.
    Migrate(migrate::Arguments),
    /// Check a list of donated goods, or have a server receive it.
    Import(import::Arguments),
    /// Write a donation or what a store holds as a list that can be imported, or who does what where.
    Export(export::Arguments),
    /// Count what the programme did, as of a day.
    Indicators(indicators::Arguments),
    /// Print a development token.
    Token(token::Arguments),
    /// Print the schema in SDL, whole or as a role sees it.
    Sdl(sdl::Arguments),
    /// Look after the keys that people's data is sealed under.
    #[command(subcommand)]
    Keys(keys::Subcommand),
    /// Look at the policies.
    #[command(subcommand)]
    Policy(policy::Subcommand),
    /// Run the project's benchmarks.
    Bench(bench::Arguments),
}

/// What a failed command says; the exit code is 1. (Wrong usage is clap's, and exits with 2.)
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Reads the command line and carries it out.
pub fn run() -> ExitCode {
    let line = CommandLine::parse();
    let outcome = Config::read(line.config.as_deref(), std::env::vars())
        .map_err(Failure::from)
        .and_then(|config| carry_out(line.command, config));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("enlace: {failure}");
            let mut source = failure.source();
            while let Some(cause) = source {
                // A transparent error says what its source says.
                if cause.to_string() != failure.to_string() {
                    eprintln!("  because: {cause}");
                }
                source = cause.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn carry_out(command: Command, config: Config) -> Result<(), Failure> {
    let traces = match (&command, &config.otlp_endpoint) {
        (Command::Demo(_) | Command::Serve(_), Some(collector)) => {
            Some(Traces::open(collector, config.otlp_sample_ratio.0)?)
        }
        _ => None,
    };
    start_log(&config.log, traces.as_ref())?;
    match command {
        Command::Demo(arguments) => traced(traces, |spans| demo::run(arguments, config, spans)),
        Command::Serve(arguments) => traced(traces, |spans| serve::run(arguments, config, spans)),
        Command::Migrate(arguments) => block_on(migrate::run(arguments, config)),
        Command::Import(arguments) => import::run(&arguments),
        Command::Export(arguments) => export::run(arguments, config),
        Command::Indicators(arguments) => block_on(indicators::run(arguments, config)),
        Command::Token(arguments) => token::run(arguments, &config),
        Command::Sdl(arguments) => sdl::run(&arguments, &config),
        Command::Keys(subcommand) => block_on(keys::run(subcommand, config)),
        Command::Policy(subcommand) => policy::run(&subcommand, &config),
        Command::Bench(arguments) => bench::run(&arguments),
    }
}

fn start_log(filter: &str, traces: Option<&Traces>) -> Result<(), Failure> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)
        .map_err(|error| format!("the configuration key `log` cannot be `{filter}`: {error}"))?;
    // Standard output belongs to what a command prints.
    let log = tracing_subscriber::registry().with(traces::log(filter, std::io::stderr));
    match traces {
        Some(traces) => log.with(traces.layer()).init(),
        None => log.init(),
    }
    Ok(())
}

/// Runs a server, and posts its spans where there is a collector.
fn traced<F: Future<Output = Result<(), Failure>>>(
    traces: Option<Traces>,
    server: impl FnOnce(Option<Arc<SpanCounts>>) -> F,
) -> Result<(), Failure> {
    let serving = server(traces.as_ref().map(Traces::counts));
    match traces {
        Some(traces) => block_on(traces.around(serving)),
        None => block_on(serving),
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Prints to standard output; a reader that went away is no failure.
fn print(text: &str) {
    use std::io::Write as _;
    let _reader_went_away = std::io::stdout().lock().write_all(text.as_bytes());
}
