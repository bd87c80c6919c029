//! `enlace export activities`: who does what where (3W), counted from the records of the database itself. As HXL 1.1 it can be laid beside what
//! others publish: CSV with a row of names, a row of hashtags, and the data. It names agencies, shelters and days, and nobody.

use std::path::PathBuf;

use chrono::{NaiveDate, Utc};
use clap::{Args, ValueEnum};
use enlace_schema::{ActivitySector, ListedActivity, Named, label_es, list_activities};

use super::{MARK, csv_line};
use crate::commands::{Failure, print};
use crate::config::Config;
use crate::server::Database;

#[derive(Args)]
pub(super) struct Arguments {
    /// The file to write; standard output, where it is left out.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// In which form.
    #[arg(long, value_enum, default_value = "hxl")]
    format: Format,
    /// The data directory.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// CSV with a row of HXL hashtags under that of names.
    Hxl,
    /// CSV with a row of names alone.
    Csv,
    /// JSON: an array with an object for each.
    Json,
}

/// What each column is called, and its hashtag.
const COLUMNS: [(&str, &str); 11] = [
    ("Institución", "#org"),
    ("Clave de la institución", "#org+code"),
    ("Sector", "#sector"),
    ("Clave del sector", "#sector+code"),
    ("Actividad", "#activity"),
    ("Clave de la actividad", "#activity+code"),
    ("Albergue", "#loc+name"),
    ("Clave del albergue", "#loc+code"),
    ("Desde", "#date+start"),
    ("Hasta", "#date+end"),
    ("Estado", "#status"),
];

pub(super) async fn run(arguments: Arguments, mut config: Config) -> Result<(), Failure> {
    config.data = arguments.data.or(config.data);
    Database::use_for(&config, async |database| {
        let client = enlace_schema::connect(&database.owner).await?;
        let activities = list_activities(&client, Utc::now()).await?;
        let text = match arguments.format {
            Format::Hxl => csv(&activities, true),
            Format::Csv => csv(&activities, false),
            Format::Json => serde_json::to_string(&activities)? + "\n",
        };
        match &arguments.file {
            Some(file) => std::fs::write(file, text)?,
            None => print(&text),
        }
        Ok(())
    })
    .await
}

/// As CSV (RFC 4180).
fn csv(activities: &[ListedActivity], tagged: bool) -> String {
    let names = COLUMNS.map(|(name, _)| name.to_owned());
    let hashtags = COLUMNS.map(|(_, hashtag)| hashtag.to_owned());
    let rows = activities.iter().map(cells);
    let lines = [names].into_iter().chain(tagged.then_some(hashtags)).chain(rows);
    MARK.to_owned() + &lines.map(|cells| csv_line(&cells)).collect::<String>()
}

/// An activity as a row, in the order of [`COLUMNS`].
fn cells(activity: &ListedActivity) -> [String; 11] {
    let ListedActivity { agency, sector, kind, shelter, since, until, status } = activity;
    let of_shelter = |text: fn(&Named) -> &String| shelter.as_ref().map(text).cloned().unwrap_or_default();
    [
        agency.name.clone(),
        agency.code.clone(),
        spanish("ActivitySector", sector.as_str()).to_owned(),
        group_code(*sector).to_owned(),
        spanish("ActivityKind", kind.as_str()).to_owned(),
        kind.as_str().to_owned(),
        of_shelter(|shelter| &shelter.name),
        of_shelter(|shelter| &shelter.code),
        since.to_string(),
        until.as_ref().map(NaiveDate::to_string).unwrap_or_default(),
        spanish("ActivityStatus", status.as_str()).to_owned(),
    ]
}

/// What people read in Spanish in place of a code.
fn spanish<'c>(enumeration: &str, code: &'c str) -> &'c str {
    label_es(enumeration, code).unwrap_or(code)
}

/// A sector's code among OCHA's global coordination groups.
fn group_code(sector: ActivitySector) -> &'static str {
    match sector {
        ActivitySector::CampManagement => "CCM",
        ActivitySector::Shelter => "SHL",
        ActivitySector::FoodSecurity => "FSC",
        ActivitySector::Health => "HEA",
        ActivitySector::Education => "EDU",
        ActivitySector::Protection => "PRO",
        ActivitySector::Livelihoods => "ERY",
        ActivitySector::Logistics => "LOG",
    }
}

#[cfg(test)]
mod tests {
    use enlace_schema::{ActivityKind, ActivityStatus};

    use super::*;

    #[test]
    fn hashtags_stand_under_their_names_and_above_the_data() {
        let day = |month, day| NaiveDate::from_ymd_opt(2022, month, day).unwrap();
        let meals = ListedActivity {
            agency: Named { code: "PAN".to_owned(), name: "Pan \"del Valle\", A. C.".to_owned() },
            sector: ActivitySector::FoodSecurity,
            kind: ActivityKind::Meals,
            shelter: None,
            since: day(1, 3),
            until: Some(day(1, 31)),
            status: ActivityStatus::Ongoing,
        };
        let tagged = csv(std::slice::from_ref(&meals), true);
        let lines: Vec<&str> = tagged.strip_prefix(MARK).unwrap().split_terminator("\r\n").collect();
        let [names, hashtags, data] = lines[..] else { panic!("{lines:?}") };
        assert!(names.starts_with("Institución,Clave de la institución,Sector,"), "{names}");
        assert_eq!(
            hashtags,
            "#org,#org+code,#sector,#sector+code,#activity,#activity+code,#loc+name,#loc+code,#date+start,#date+end,#status"
        );
        assert_eq!(
            data,
            "\"Pan \"\"del Valle\"\", A. C.\",PAN,Seguridad alimentaria,FSC,Comidas,MEALS,,,2022-01-03,2022-01-31,En curso"
        );
        assert_eq!(csv(&[meals], false), tagged.replace(&format!("{hashtags}\r\n"), ""));
    }
}
