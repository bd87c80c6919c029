//! `enlace export`: a donation, or what a store holds, as a list that `enlace import` reads. It is read through GraphQL like by any
//! client: what its caller may not read stays empty, and is named. Who does what where is a list of another kind, read by whoever keeps
//! the database.

mod activities;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value as Json, json};

use crate::commands::remote::{Remote, said};
use crate::commands::{Failure, block_on};
use crate::config::Config;

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    of: Option<Of>,
    /// The file to write; standard output, where it is left out.
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Global id of a donation: the lines that it was received with.
    #[arg(long, value_name = "ID", required_unless_present = "location", conflicts_with = "location")]
    donation: Option<String>,
    /// Global id of a store: what it holds now.
    #[arg(long, value_name = "ID")]
    location: Option<String>,
    #[command(flatten)]
    remote: Remote,
}

#[derive(Subcommand)]
enum Of {
    /// Write who does what where: which agency does which activity in which shelter, since when and until when.
    Activities(activities::Arguments),
}

/// As the import knows them by name.
const HEADER: &str = "articulo,cantidad,unidad,estado,caducidad,folio\r\n";

const DONATION: &str = "query($of: ID!, $after: String) { rows: donationItems(donation: $of, orderBy: CODE, first: 500, after: $after) {
    nodes { code quantity: received item condition expiresOn donorReference } pageInfo { hasNextPage endCursor } } }";

const STORE: &str = "query($of: ID!, $after: String) { rows: stock(location: $of, first: 500, after: $after) {
    nodes { quantity lot { code item condition expiresOn donorReference } } pageInfo { hasNextPage endCursor } } }";

pub(super) fn run(arguments: Arguments, config: Config) -> Result<(), Failure> {
    if let Some(Of::Activities(arguments)) = arguments.of {
        return block_on(activities::run(arguments, config));
    }
    let (document, of) = match (&arguments.donation, &arguments.location) {
        (Some(donation), _) => (DONATION, donation),
        (None, Some(location)) => (STORE, location),
        (None, None) => return Err("say which donation, or which store".into()),
    };
    let (lines, refused) = read(&arguments.remote, document, of)?;
    match &arguments.file {
        Some(file) => write(BufWriter::new(File::create(file)?), &lines)?,
        None => write(std::io::stdout().lock(), &lines)?,
    }
    for coordinate in refused {
        eprintln!("{coordinate} stays empty: you may not read it");
    }
    Ok(())
}

/// A line of the list, with what orders it.
type Line = ((String, u32), [String; 6]);

/// All lines, in the order of their donations and of the lines in these; and what may not be read of them.
fn read(remote: &Remote, document: &str, of: &str) -> Result<(Vec<Line>, BTreeSet<String>), Failure> {
    let (mut lines, mut refused, mut after) = (Vec::new(), BTreeSet::new(), Json::Null);
    loop {
        let answer = remote.query(document, &json!({"of": of, "after": after}))?;
        for error in answer.get("errors").and_then(Json::as_array).into_iter().flatten() {
            let coordinate = error.pointer("/extensions/coordinate").and_then(Json::as_str);
            match coordinate.filter(|_| error.pointer("/extensions/code") == Some(&json!("FIELD_FORBIDDEN")))
            {
                Some(coordinate) => refused.insert(coordinate.to_owned()),
                None => return Err(said(error).into()),
            };
        }
        let rows = answer.pointer("/data/rows").ok_or("the server gave no answer")?;
        let nodes = rows.get("nodes").and_then(Json::as_array).ok_or("you may not read these goods")?;
        lines.extend(nodes.iter().filter_map(line));
        if rows.pointer("/pageInfo/hasNextPage") != Some(&Json::Bool(true)) {
            break;
        }
        after = rows.pointer("/pageInfo/endCursor").cloned().unwrap_or_default();
    }
    lines.sort();
    Ok((lines, refused))
}

/// A row as a line; none of what a store holds no more.
fn line(row: &Json) -> Option<Line> {
    let lot = row.get("lot").unwrap_or(row);
    let text = |name: &str| lot.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let quantity = row.get("quantity").and_then(Json::as_str).unwrap_or_default();
    let (amount, unit) = quantity.split_once(' ').unwrap_or((quantity, ""));
    if amount == "0" {
        return None;
    }
    let code = text("code");
    let (donation, number) = code.rsplit_once('-').unwrap_or((&code, ""));
    let order = (donation.to_owned(), number.parse().unwrap_or_default());
    let cells = [
        text("item"),
        amount.to_owned(),
        unit.to_owned(),
        text("condition"),
        text("expiresOn"),
        text("donorReference"),
    ];
    Some((order, cells))
}

/// The mark by which a spreadsheet knows UTF-8.
const MARK: &str = "\u{feff}";

/// As CSV (RFC 4180).
fn write(mut out: impl Write, lines: &[Line]) -> Result<(), Failure> {
    out.write_all(MARK.as_bytes())?;
    out.write_all(HEADER.as_bytes())?;
    for (_, cells) in lines {
        out.write_all(csv_line(cells).as_bytes())?;
    }
    Ok(out.flush()?)
}

/// A line of CSV (RFC 4180), with its end.
fn csv_line<const N: usize>(cells: &[String; N]) -> String {
    cells.each_ref().map(|cell| quoted(cell)).join(",") + "\r\n"
}

/// A cell. One that a spreadsheet would take for a formula is marked as a text.
fn quoted(cell: &str) -> String {
    let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let cell = if formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains([',', '"', '\r', '\n']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_quoted_where_it_must_be_and_never_a_formula() {
        for (cell, written) in [
            ("COB-01", "COB-01"),
            ("a, b", "\"a, b\""),
            ("5\" tall", "\"5\"\" tall\""),
            ("=1+1", "'=1+1"),
            ("-1", "'-1"),
        ] {
            assert_eq!(quoted(cell), written);
        }
    }
}
