//! `enlace keys`.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use clap::Args;
use enlace_schema::{Clock, GlobalId, Random, Whose, rotate_keys};
use uuid::Uuid;

use crate::commands::Failure;
use crate::commands::output::Output;
use crate::commands::token::duration;
use crate::config::Config;
use crate::server::{self, Database};

#[derive(clap::Subcommand)]
pub(super) enum Subcommand {
    /// Give people other keys, seal their data anew under them, and destroy the old ones. Go on with what was begun before.
    Rotate(Arguments),
}

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    whose: Chosen,
    /// How long whoever has read something may take to open it: longer than a request may take. A number and s, m, h or d.
    #[arg(long, value_name = "TIME", default_value = "1m", value_parser = duration)]
    grace: Duration,
    /// The data directory.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// Nobody chosen: what was begun before is brought to its end.
#[derive(Args)]
#[group(multiple = false)]
struct Chosen {
    /// Global id of a person; may be given several times.
    #[arg(long, value_name = "ID", value_parser = person)]
    person: Vec<Uuid>,
    /// Everyone.
    #[arg(long)]
    all: bool,
    /// Whose key is older than so many days.
    #[arg(long, value_name = "DAYS")]
    older_than: Option<u32>,
}

impl From<Chosen> for Whose {
    fn from(Chosen { person, all, older_than }: Chosen) -> Self {
        match older_than {
            Some(days) => Self::MadeUntil(Utc::now() - TimeDelta::days(days.into())),
            None if all => Self::Everyone,
            None if person.is_empty() => Self::Nobody,
            None => Self::These(person),
        }
    }
}

fn person(text: &str) -> Result<Uuid, String> {
    match GlobalId::parse(text) {
        Some(id) if id.kind == "person" => Ok(id.uuid),
        _ => Err("the id of a person is wanted, as person_01fqf…".to_owned()),
    }
}

pub(super) async fn run(subcommand: Subcommand, mut config: Config) -> Result<(), Failure> {
    let Subcommand::Rotate(Arguments { whose, grace, data, output }) = subcommand;
    config.data = data.or(config.data);
    Database::use_for(&config, async |database| {
        server::migrate(&config, &database.owner).await?;
        let keys = server::keys(&config, &database.owner)?;
        let (clock, random) = (Clock::system(), Random::system());
        let rotated = rotate_keys(&database.owner, &keys, whose.into(), grace, &clock, &random).await?;
        output.show(&rotated, || {
            format!(
                "{} keys made, {} values sealed anew, {} old keys destroyed.\n",
                rotated.keys_made, rotated.values_resealed, rotated.keys_destroyed
            )
        })?;
        match rotated.people_unreadable {
            0 => Ok(()),
            count => Err(format!(
                "of {count} people something was altered and opens no more; their old keys are kept"
            )
            .into()),
        }
    })
    .await
}
