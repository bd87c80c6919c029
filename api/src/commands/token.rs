//! `enlace token`.

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use clap::Args;

use crate::auth::dev::{DevIssuer, TokenRequest};
use crate::commands::{Failure, print};
use crate::config::{Config, Mode};
use crate::postgres::default_data_dir;

#[derive(Args)]
pub(super) struct Arguments {
    /// Code of the agency.
    #[arg(long, value_name = "CODE")]
    agency: String,
    /// The role; may be given several times.
    #[arg(long, value_name = "ROLE", required = true)]
    role: Vec<String>,
    /// Code of a shelter that the role is held for; may be given several times.
    #[arg(long, value_name = "CODE")]
    shelter: Vec<String>,
    /// The user; `agency.role` in lower case where it is left out.
    #[arg(long, value_name = "SUBJECT")]
    user: Option<String>,
    /// How long the token lives: a number and s, m, h or d.
    #[arg(long, value_name = "TIME", default_value = "12h", value_parser = duration)]
    ttl: Duration,
    /// The data directory of the demo.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

pub(super) fn run(arguments: Arguments, config: &Config) -> Result<(), Failure> {
    if config.mode == Mode::Production {
        return Err("development tokens are not made in production mode; ask the agency's own issuer".into());
    }
    let data = arguments.data.or_else(|| config.data.clone()).unwrap_or_else(default_data_dir);
    let issuer = DevIssuer::open(&data)?;
    let request = TokenRequest {
        agency: arguments.agency,
        roles: arguments.role,
        shelters: arguments.shelter,
        user: arguments.user,
        ttl: arguments.ttl,
    };
    print(&format!("{}\n", issuer.mint(&request, Utc::now())?));
    Ok(())
}

/// Reads a number and a unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "a number and s, m, h or d is wanted, as in 12h".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let count: u64 = text.trim_end_matches(unit).parse().map_err(|_| wrong())?;
    count.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}
