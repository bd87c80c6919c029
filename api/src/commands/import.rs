//! `enlace import`: a list of goods, sent to a server that runs.

use std::fmt::Write;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, ValueEnum};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use crate::commands::remote::{Remote, agent, said};
use crate::commands::upload::upload;
use crate::commands::{Failure, print};

#[derive(Args)]
pub(super) struct Arguments {
    /// The file: CSV, or a workbook (.xlsx).
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Global id of the donor.
    #[arg(long, value_name = "ID")]
    donor: String,
    /// Global id of the store that received the goods.
    #[arg(long, value_name = "ID")]
    location: String,
    /// What becomes of the lines.
    #[arg(long, value_enum, default_value_t = Mode::Check)]
    mode: Mode,
    /// When the goods were received, as in 2022-01-31T17:00:00Z; now, where it is left out.
    #[arg(long, value_name = "TIME")]
    received_at: Option<String>,
    /// The donor's own folio for the donation.
    #[arg(long, value_name = "FOLIO")]
    reference: Option<String>,
    /// Global id of the campaign that it is given for.
    #[arg(long, value_name = "ID")]
    campaign: Option<String>,
    /// The sheet of a workbook; the first that holds something, where it is left out.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// What stands first in a day, where the file itself does not tell.
    #[arg(long, value_enum)]
    days_begin_with: Option<First>,
    /// Which column is which, as item:Producto,quantity:C. Where neither this, nor the sheet, nor the order of days is said, the list is
    /// read as it was kept of the donor, or else by the columns' names.
    #[arg(long, value_name = "CHOICE")]
    columns: Option<String>,
    /// Names this import, which is then done once. From the file and these arguments, where it is left out.
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    #[command(flatten)]
    remote: Remote,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Mode {
    /// None is received: the file is checked.
    Check,
    /// All are received, or none where one of them is wrong.
    All,
    /// Those that are good are received.
    Good,
}

#[derive(Clone, Copy, ValueEnum)]
enum First {
    /// 31/01/2022.
    Day,
    /// 01/31/2022.
    Month,
    /// 22/01/31.
    Year,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a person.
    Text,
    /// One JSON object on a line, as the server tells it.
    Json,
}

/// Larger files are sent piece by piece, so that a connection that breaks off costs a piece.
const WHOLE: u64 = 1 << 20;

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let remote = &arguments.remote;
    let bearer = remote.bearer()?;
    let (parameters, key) = parameters(arguments)?;
    let path = format!("/imports/donations?{parameters}&key={}", escaped(&key));
    let mut file = File::open(&arguments.file)?;
    let response = if file.metadata()?.len() > WHOLE {
        let upload = upload(remote, &mut file, &key)?;
        let uri = remote.at(&format!("{path}&upload={}", escaped(&upload)))?;
        agent().post(uri).header("authorization", bearer).send_empty()?
    } else {
        let request = agent().post(remote.at(&path)?).header("authorization", bearer);
        request.header("content-type", "application/octet-stream").send(file)?
    };
    let refused = !response.status().is_success();
    let mut problems = 0_u64;
    let mut ended = false;
    for line in BufReader::new(response.into_body().into_reader()).lines() {
        let line = line?;
        let told: Json = serde_json::from_str(&line)?;
        if arguments.format == Format::Json {
            print(&format!("{line}\n"));
        }
        let error = if refused { told.pointer("/errors/0") } else { told.get("error") };
        if let Some(error) = error {
            return Err(said(error).into());
        }
        if let Some(problem) = told.get("problem") {
            problems += 1;
            if arguments.format == Format::Text {
                print(&format!("{}\n", shown(problem)));
            }
        }
        if let Some(outcome) = told.get("outcome") {
            ended = true;
            if arguments.format == Format::Text {
                print(&format!("{}\n", summed_up(outcome)));
            }
        }
    }
    if !ended {
        return Err("the report broke off, and nothing was received; send the file again".into());
    }
    if problems > 0 { Err(format!("{problems} problems").into()) } else { Ok(()) }
}

/// What is asked for, as a query string; and the key of it.
fn parameters(arguments: &Arguments) -> Result<(String, String), Failure> {
    let mode = match arguments.mode {
        Mode::Check => "CHECK",
        Mode::All => "ALL",
        Mode::Good => "GOOD",
    };
    let days = arguments.days_begin_with.map(|first| match first {
        First::Day => "DAY_FIRST",
        First::Month => "MONTH_FIRST",
        First::Year => "YEAR_FIRST",
    });
    let given = [
        ("donor", Some(arguments.donor.as_str())),
        ("location", Some(&arguments.location)),
        ("mode", Some(mode)),
        ("receivedAt", arguments.received_at.as_deref()),
        ("donorReference", arguments.reference.as_deref()),
        ("campaign", arguments.campaign.as_deref()),
        ("sheet", arguments.sheet.as_deref()),
        ("days", days),
        ("columns", arguments.columns.as_deref()),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let parameters =
        given.map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&");
    let key = match &arguments.key {
        Some(key) => key.clone(),
        None => named_by(&arguments.file, &parameters)?,
    };
    Ok((parameters, key))
}

/// A key that names this file, imported in this way.
fn named_by(file: &Path, parameters: &str) -> Result<String, Failure> {
    let mut digest = Sha256::new_with_prefix(parameters);
    std::io::copy(&mut File::open(file)?, &mut digest)?;
    Ok(URL_SAFE_NO_PAD.encode(digest.finalize()))
}

/// A value as a query string holds it (RFC 3986 §2.3).
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _infallible = write!(text, "%{byte:02X}");
        }
    }
    text
}

fn shown(problem: &Json) -> String {
    let text = |name: &str| problem.get(name).and_then(Json::as_str).unwrap_or_default();
    let column = text("column");
    let column = if column.is_empty() { String::new() } else { format!(" · {column}") };
    let line = problem.get("line").and_then(Json::as_u64).unwrap_or_default();
    format!("line {line}{column}: {} [{}]", text("message"), text("code"))
}

fn summed_up(outcome: &Json) -> String {
    let count = |name: &str| outcome.get(name).and_then(Json::as_i64).unwrap_or_default();
    let received = outcome
        .pointer("/donation/code")
        .and_then(Json::as_str)
        .map_or_else(|| "nothing was received".to_owned(), |code| format!("received as {code}"));
    format!(
        "{} lines, {} good with {} articles, {} problems; {received}",
        count("lines"),
        count("good"),
        count("articles"),
        count("problems")
    )
}
