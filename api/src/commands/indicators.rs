//! `enlace indicators`: what the programme did, counted from the records of the database itself.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use clap::Args;
use enlace_schema::{Standing, standings};

use crate::commands::Failure;
use crate::commands::output::Output;
use crate::config::Config;
use crate::server::Database;

#[derive(Args)]
pub(super) struct Arguments {
    /// The day at whose end things stood so; today's stand as they do now.
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: NaiveDate,
    /// The data directory.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(arguments: Arguments, mut config: Config) -> Result<(), Failure> {
    config.data = arguments.data.or(config.data);
    Database::use_for(&config, async |database| {
        let client = enlace_schema::connect(&database.owner).await?;
        let standings = standings(&client, arguments.as_of, Utc::now()).await?;
        arguments.output.show(&object(&standings), || table(&standings))
    })
    .await
}

fn table(standings: &[Standing]) -> String {
    let line = |Standing { name, count, .. }: &Standing| format!("{count:>7}  {name}\n");
    standings.iter().map(line).collect::<Vec<_>>().concat()
}

/// By key.
fn object(standings: &[Standing]) -> BTreeMap<&str, i64> {
    standings.iter().map(|Standing { key, count, .. }| (*key, *count)).collect()
}
