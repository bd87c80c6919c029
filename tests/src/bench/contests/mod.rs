//! What is measured, and the bounds.

mod access;
mod import;
mod movers;
mod pages;
mod profiles;
mod proposals;
mod push;
mod reads;
mod recording;
mod registering;
mod search;
mod start;
mod writers;

use std::process::ExitCode;

use super::Failure;
use super::arguments::{Arguments, Contest};
use super::report::{self, Line};
use super::stage::Stage;

/// Runs the contests one after the other, and prints what came of them.
pub async fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    if cfg!(debug_assertions) {
        eprintln!("enlace-bench: this is a debug build; only a release build says anything of speed");
    }
    let mut lines = Vec::new();
    let stage = Stage::set().await?;
    let ran = run_on(&stage, arguments, &mut lines).await;
    stage.strike().await?;
    ran?;
    report::print(&lines, arguments.format)?;
    Ok(if lines.iter().all(|line| line.kept) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_on(stage: &Stage, arguments: &Arguments, lines: &mut Vec<Line>) -> Result<(), Failure> {
    for contest in arguments.contests() {
        eprintln!("enlace-bench: {contest:?} …");
        lines.extend(match contest {
            Contest::Shelters => reads::run(&reads::SHELTERS, stage, arguments).await?,
            Contest::Lots => reads::run(&reads::LOTS, stage, arguments).await?,
            Contest::Rows => reads::run(&reads::ROWS, stage, arguments).await?,
            Contest::People => reads::run(&reads::PEOPLE, stage, arguments).await?,
            Contest::Pages => pages::run(stage, arguments).await?,
            Contest::Search => search::run(stage, arguments).await?,
            Contest::Access => access::run(stage, arguments).await?,
            Contest::Recording => recording::run(stage, arguments).await?,
            Contest::Profiles => profiles::run(stage, arguments).await?,
            Contest::Writers => writers::run(stage, arguments).await?,
            Contest::Movers => movers::run(stage, arguments).await?,
            Contest::Registering => registering::run(stage, arguments).await?,
            Contest::Proposals => proposals::run(stage, arguments).await?,
            Contest::Import => import::run(stage, arguments).await?,
            Contest::Subscribers => push::run(stage, arguments).await?,
            Contest::Start => start::run(arguments).await?,
        });
    }
    Ok(())
}
