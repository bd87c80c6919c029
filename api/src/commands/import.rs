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
use ureq::http::Uri;

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
    /// The sheet of a workbook; the first that holds something, where it is left out.
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// What stands first in a day, where the file itself does not tell.
    #[arg(long, value_enum)]
    days_begin_with: Option<First>,
    /// Which column is which, as item:Producto,quantity:C; found by their names, where it is left out.
    #[arg(long, value_name = "CHOICE")]
    columns: Option<String>,
    /// Names this import, which is then done once. From the file and these arguments, where it is left out.
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    /// Where the server is.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The caller's token; read from the environment, so that no list of processes shows it.
    #[arg(long, env = "ENLACE_TOKEN", hide_env_values = true, hide = true)]
    token: Option<String>,
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

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let token = arguments.token.as_deref().ok_or("put the caller's token into the variable ENLACE_TOKEN")?;
    let parameters = parameters(arguments)?;
    let path = format!("{}/imports/donations?{parameters}", arguments.url.trim_end_matches('/'));
    let uri: Uri = path.parse()?;
    let config = ureq::Agent::config_builder().http_status_as_error(false).build();
    let response = ureq::Agent::new_with_config(config)
        .post(uri)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/octet-stream")
        .send(File::open(&arguments.file)?)?;
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

fn parameters(arguments: &Arguments) -> Result<String, Failure> {
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
        ("sheet", arguments.sheet.as_deref()),
        ("days", days),
        ("columns", arguments.columns.as_deref()),
    ];
    let given = given.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let mut parameters =
        given.map(|(name, value)| format!("{name}={}", escaped(value))).collect::<Vec<_>>().join("&");
    let key = match &arguments.key {
        Some(key) => key.clone(),
        None => named_by(&arguments.file, &parameters)?,
    };
    parameters.push_str("&key=");
    parameters.push_str(&escaped(&key));
    Ok(parameters)
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

fn said(error: &Json) -> String {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let code = error.pointer("/extensions/code").map(text).unwrap_or_default();
    let argument = error.pointer("/extensions/argument").map(|name| format!(" ({})", text(name)));
    format!("{} [{code}]{}", error.get("message").map(text).unwrap_or_default(), argument.unwrap_or_default())
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
