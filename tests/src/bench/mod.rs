//! How fast Enlace is, as ratios within one run, so that they hold on any machine.
//!
//! The floor (`floor`) is what a hand-written server would be: the same HTTP server with the same settings, the same number of
//! database connections with the same options, one prepared statement for each answer, JSON written directly. It checks no
//! token and parses no document. It is given the same requests, byte for byte, and its answers' data must be Enlace's.
//!
//! Each server is a process of its own; both use one private PostgreSQL (`stage`). The load comes from this process (`load`),
//! which shares the machine, and is kept light. The sides take turns, and what counts is the median of each turn's ratio
//! (`duel`). CPU is that of the server's and PostgreSQL's processes, as the kernel counts it (`process`).

mod arguments;
mod contests;
mod duel;
mod floor;
mod load;
mod process;
mod report;
mod server;
mod stage;

use std::process::ExitCode;

use clap::Parser as _;

use arguments::{Arguments, Command};

/// Why a benchmark could not be run.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Reads the command line and carries it out.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match &arguments.command {
        // As many threads as the server under test has.
        Some(Command::Floor { database, keys }) => {
            block_on(None, floor::serve(database, keys)).map(|()| ExitCode::SUCCESS)
        }
        // One, so that the load is light.
        None => block_on(Some(1), contests::run(&arguments)),
    };
    outcome.unwrap_or_else(|failure| {
        eprintln!("enlace-bench: {failure}");
        ExitCode::FAILURE
    })
}

fn block_on<T>(threads: Option<usize>, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if let Some(threads) = threads {
        runtime.worker_threads(threads);
    }
    runtime.enable_all().build()?.block_on(work)
}
