//! `enlace export activities`: who does what where, as humanitarian information managers lay it beside what others publish: HXL 1.1, a row of
//! names, a row of hashtags, and the data, in CSV. It names agencies, shelters and days, and nobody.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};

use crate::commands::Failure;
use crate::commands::export::quoted;
use crate::commands::remote::{Remote, said};

#[derive(Args)]
pub(super) struct Arguments {
    /// The file to write; standard output, where it is left out.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// In which form.
    #[arg(long, value_enum, default_value_t = Format::HxlCsv)]
    format: Format,
    #[command(flatten)]
    remote: Remote,
}

/// A form of the export.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CSV with a row of HXL hashtags.
    HxlCsv,
}

/// What each column is called, and its hashtag.
const COLUMNS: [(&str, &str); 10] = [
    ("Institución", "#org+name"),
    ("Clave de la institución", "#org+code"),
    ("Sector", "#sector"),
    ("Actividad", "#activity"),
    ("Municipio", "#adm2+name"),
    ("Albergue", "#loc+name"),
    ("Clave del albergue", "#loc+code"),
    ("Desde", "#date+start"),
    ("Hasta", "#date+end"),
    ("Estado", "#status"),
];

/// The municipality in which all of it is.
const MUNICIPALITY: &str = "Mexicali";

const DOCUMENT: &str =
    "{ activities { sector kind since until status agency { code name } shelter { code name } } }";

/// The sectors as the clusters call them.
fn sector(code: &str) -> &str {
    match code {
        "CAMP_MANAGEMENT" => "Camp Coordination and Camp Management",
        "SHELTER" => "Emergency Shelter and NFI",
        "FOOD_SECURITY" => "Food Security",
        "HEALTH" => "Health",
        "EDUCATION" => "Education",
        "PROTECTION" => "Protection",
        "LIVELIHOODS" => "Early Recovery and Livelihoods",
        "LOGISTICS" => "Logistics",
        other => other,
    }
}

/// The activities in words.
fn activity(code: &str) -> &str {
    match code {
        "SHELTER_MANAGEMENT" => "Shelter management",
        "CENTRE_LOAN" => "Loan of the centre",
        "INSPECTION" => "Inspection",
        "MEALS" => "Meals",
        "DELIVERIES" => "Deliveries to households",
        "HEALTH_CARE" => "Health care",
        "COURSES" => "Courses",
        "JOB_EVENTS" => "Job fairs and training",
        "VOLUNTEERING" => "Volunteering",
        other => other,
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let answer = arguments.remote.query(DOCUMENT, &json!({}))?;
    if let Some(error) = answer.pointer("/errors/0") {
        return Err(said(error).into());
    }
    let rows = answer.pointer("/data/activities").and_then(Json::as_array);
    let rows = rows.ok_or("the server gave no answer")?;
    let lines = match arguments.format {
        Format::HxlCsv => rows.iter().map(line),
    };
    match &arguments.file {
        Some(file) => write(BufWriter::new(File::create(file)?), lines),
        None => write(std::io::stdout().lock(), lines),
    }
}

/// An activity as a line, in the order of [`COLUMNS`].
fn line(row: &Json) -> [String; 10] {
    let text = |path: &str| row.pointer(path).and_then(Json::as_str).unwrap_or_default().to_owned();
    [
        text("/agency/name"),
        text("/agency/code"),
        sector(&text("/sector")).to_owned(),
        activity(&text("/kind")).to_owned(),
        MUNICIPALITY.to_owned(),
        text("/shelter/name"),
        text("/shelter/code"),
        text("/since"),
        text("/until"),
        text("/status").to_lowercase(),
    ]
}

/// As CSV (RFC 4180). Before the row of hashtags stands one of names, as HXL allows.
fn write(mut out: impl Write, lines: impl Iterator<Item = [String; 10]>) -> Result<(), Failure> {
    let names = COLUMNS.map(|(name, _)| name.to_owned());
    let hashtags = COLUMNS.map(|(_, hashtag)| hashtag.to_owned());
    for cells in [names, hashtags].into_iter().chain(lines) {
        out.write_all((cells.each_ref().map(|cell| quoted(cell)).join(",") + "\r\n").as_bytes())?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashtags_stand_under_their_names_and_above_the_data() {
        let row = json!({"sector": "FOOD_SECURITY", "kind": "MEALS", "since": "2021-12-12", "until": "2022-01-31", "status": "ONGOING",
            "agency": {"code": "SEDENA", "name": "Secretaría, de la Defensa"}, "shelter": null});
        let mut out = Vec::new();
        write(&mut out, [line(&row)].into_iter()).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1], "#org+name,#org+code,#sector,#activity,#adm2+name,#loc+name,#loc+code,#date+start,#date+end,#status");
        assert_eq!(lines[2], "\"Secretaría, de la Defensa\",SEDENA,Food Security,Meals,Mexicali,,,2021-12-12,2022-01-31,ongoing");
    }
}
