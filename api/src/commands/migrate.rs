//! `enlace migrate`.

use std::path::PathBuf;

use clap::Args;

use crate::commands::{Failure, print};
use crate::config::Config;
use crate::server::{self, Database};

#[derive(Args)]
pub(super) struct Arguments {
    /// The data directory.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

pub(super) async fn run(arguments: Arguments, mut config: Config) -> Result<(), Failure> {
    config.data = arguments.data.or(config.data);
    Database::use_for(&config, async |database| {
        match server::migrate(&config, &database.owner).await? {
            0 => print("The schema is up to date.\n"),
            count => print(&format!("{count} migrations run; the schema is up to date.\n")),
        }
        Ok(())
    })
    .await
}
