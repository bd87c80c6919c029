//! `enlace bench`: runs the benchmarks, which are a program of their own so that the server carries none of them.

use std::process::Command;

use clap::Args;

use crate::commands::Failure;

#[derive(Args)]
pub(super) struct Arguments {
    /// What the benchmarks are to be given; `--help` lists it.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let program = std::env::current_exe()?.with_file_name("enlace-bench");
    if !program.exists() {
        return Err(
            "the benchmarks are not built; run `cargo build --release --workspace` in the project's folder"
                .into(),
        );
    }
    let status = Command::new(program).args(&arguments.arguments).status()?;
    if status.success() { Ok(()) } else { Err(format!("the benchmarks ended with {status}").into()) }
}
