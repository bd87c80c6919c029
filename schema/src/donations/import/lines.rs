//! What a line of a file says, or what is wrong with it.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::NaiveDate;
use enlace_sheets::value::{DateOrder, NotDate, NotWhole, date, folded, whole};
use enlace_sheets::{Cell, Header, Record};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{ImportColumn, LineProblem};
use crate::donations::Condition;
use crate::donations::receipt::{Known, Line};
use crate::scalars::Unit;

/// What can be wrong with a line of a file. The list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LineCode {
    /// No item is named.
    ItemMissing,
    /// The catalogue has no item of that code or name.
    ItemUnknown,
    /// The quantity is missing, or no whole number of one or more.
    QuantityInvalid,
    /// The item counts in another unit.
    UnitDiffers,
    /// The condition is none of those that are known.
    ConditionUnknown,
    /// The expiry is no day.
    ExpiryInvalid,
    /// The goods perish, and no expiry is said.
    ExpiryMissing,
    /// The goods had expired when they came.
    Expired,
    /// The folio is too long.
    ReferenceInvalid,
    /// The folio stands on an earlier line too.
    ReferenceRepeated,
    /// Goods of this donor bear that folio already.
    ReferenceKnown,
    /// Cells stand to the right of the last column: a delimiter inside a text has moved them.
    CellsBeyond,
    /// A total that was written under the lines is not their sum.
    TotalDiffers,
}

/// What people write for a condition.
const CONDITIONS: &[(&str, Condition)] = &[
    ("nuevo", Condition::New),
    ("nueva", Condition::New),
    ("new", Condition::New),
    ("bueno", Condition::Good),
    ("buena", Condition::Good),
    ("buen estado", Condition::Good),
    ("seminuevo", Condition::Good),
    ("good", Condition::Good),
    ("usado", Condition::Worn),
    ("usada", Condition::Worn),
    ("regular", Condition::Worn),
    ("gastado", Condition::Worn),
    ("worn", Condition::Worn),
    ("used", Condition::Worn),
];

/// What people write for a unit, besides its code.
const UNITS: &[(&str, Unit)] = &[
    ("pieza", Unit::Piece),
    ("piezas", Unit::Piece),
    ("pza", Unit::Piece),
    ("pzas", Unit::Piece),
    ("pz", Unit::Piece),
    ("unidad", Unit::Piece),
    ("unidades", Unit::Piece),
    ("pieces", Unit::Piece),
    ("pcs", Unit::Piece),
    ("kits", Unit::Kit),
    ("juego", Unit::Kit),
    ("juegos", Unit::Kit),
    ("paquete", Unit::Parcel),
    ("paquetes", Unit::Parcel),
    ("paq", Unit::Parcel),
    ("despensa", Unit::Parcel),
    ("despensas", Unit::Parcel),
    ("parcels", Unit::Parcel),
    ("litro", Unit::Litre),
    ("litros", Unit::Litre),
    ("lt", Unit::Litre),
    ("l", Unit::Litre),
    ("litres", Unit::Litre),
    ("kilo", Unit::Kilogram),
    ("kilos", Unit::Kilogram),
    ("kilogramo", Unit::Kilogram),
    ("kilogramos", Unit::Kilogram),
    ("kg", Unit::Kilogram),
    ("kgs", Unit::Kilogram),
    ("kilograms", Unit::Kilogram),
    ("caja", Unit::Box),
    ("cajas", Unit::Box),
    ("boxes", Unit::Box),
    ("par", Unit::Pair),
    ("pares", Unit::Pair),
    ("pairs", Unit::Pair),
];

/// The catalogue by what people write: codes and names, folded.
pub(super) struct Catalogue(HashMap<String, Arc<Known>>);

impl Catalogue {
    pub(super) fn new(items: Vec<Known>) -> Self {
        let mut known = HashMap::new();
        for item in items.into_iter().map(Arc::new) {
            known.insert(folded(&item.name).into_owned(), Arc::clone(&item));
            known.insert(folded(&item.code).into_owned(), item);
        }
        Self(known)
    }

    fn find(&self, text: &str) -> Option<&Arc<Known>> {
        self.0.get(folded(text).as_ref())
    }
}

/// What is needed to read the lines of a file, and what was read of them.
pub(super) struct Reading {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) received_on: NaiveDate,
    pub(super) days: DateOrder,
    columns: HashMap<&'static str, String>,
    /// The folios so far, with the lines that they stand on. Of each its digest, shortened, so that what is kept of a line is of
    /// one size.
    references: HashMap<[u8; 16], u32>,
    /// What the lines since the last total come to.
    pub(super) since_total: i64,
    /// What all lines come to.
    pub(super) sum: i64,
}

impl Reading {
    pub(super) fn new(
        catalogue: Arc<Catalogue>,
        received_on: NaiveDate,
        days: DateOrder,
        header: &Header,
    ) -> Self {
        let name = |key: &str| {
            let found = header.columns().iter().find(|column| column.key == key)?;
            Some(if found.name.is_empty() {
                found.letters.clone()
            } else {
                format!("{} ({})", found.letters, found.name)
            })
        };
        let columns = ImportColumn::ALL.iter().filter_map(|column| Some((column.key(), name(column.key())?)));
        Self {
            catalogue,
            received_on,
            days,
            columns: columns.collect(),
            references: HashMap::new(),
            since_total: 0,
            sum: 0,
        }
    }

    pub(super) fn problem(
        &self,
        line: u32,
        column: Option<ImportColumn>,
        code: LineCode,
        message: impl Into<String>,
    ) -> LineProblem {
        let column = column.and_then(|column| self.columns.get(column.key()).cloned());
        LineProblem { line, column, code, message: message.into() }
    }

    /// A line, or all that is wrong with it.
    pub(super) fn line(&mut self, record: Record<'_>) -> Result<Line, Vec<LineProblem>> {
        let number = record.number();
        let mut problems = Vec::new();
        let mut wrong = |reading: &Self, column, code, message: String| {
            problems.push(reading.problem(number, column, code, message));
        };
        if record.surplus() > 0 {
            let message =
                "Cells stand to the right of the last column. Put texts that hold the delimiter into quotes.";
            wrong(self, None, LineCode::CellsBeyond, message.into());
        }
        let item = match self.item(record) {
            Ok(item) => Some(item),
            Err((code, message)) => {
                wrong(self, Some(ImportColumn::Item), code, message);
                None
            }
        };
        let amount = match amount(record) {
            Ok(amount) => amount,
            Err(message) => {
                wrong(self, Some(ImportColumn::Quantity), LineCode::QuantityInvalid, message);
                0
            }
        };
        // What a person counted, wrong or not, counts in a total of theirs.
        self.since_total += i64::from(amount);
        self.sum += i64::from(amount);
        if let (Some(item), Some(message)) =
            (&item, item.as_ref().and_then(|item| other_unit(record, item.unit)))
        {
            let message = format!("{message} {} counts in {}.", item.code, item.unit.as_str());
            wrong(self, Some(ImportColumn::Unit), LineCode::UnitDiffers, message);
        }
        let condition = condition(record).unwrap_or_else(|message| {
            wrong(self, Some(ImportColumn::Condition), LineCode::ConditionUnknown, message);
            Condition::New
        });
        let expires_on = self.expiry(record, item.as_deref()).unwrap_or_else(|(code, message)| {
            wrong(self, Some(ImportColumn::ExpiresOn), code, message);
            None
        });
        let reference = reference(record).unwrap_or_else(|message| {
            wrong(self, Some(ImportColumn::Reference), LineCode::ReferenceInvalid, message);
            None
        });
        if let Some(earlier) = reference.as_ref().and_then(|text| self.repeats(text, number)) {
            let message = format!("This folio stands on line {earlier} already. Leave one of them out.");
            wrong(self, Some(ImportColumn::Reference), LineCode::ReferenceRepeated, message);
        }
        match (item, i32::try_from(number)) {
            (Some(item), Ok(number)) if problems.is_empty() => {
                Ok(Line { number, item, amount, condition, expires_on, reference })
            }
            _ => Err(problems),
        }
    }

    fn item(&self, record: Record<'_>) -> Result<Arc<Known>, (LineCode, String)> {
        let text = text(record.cell(ImportColumn::Item.key()));
        let Some(text) = text else {
            let message = "No item is named. Write its code of the catalogue, or its name.";
            return Err((LineCode::ItemMissing, message.into()));
        };
        self.catalogue.find(&text).cloned().ok_or_else(|| {
            let message = format!(
                "The catalogue has no «{}». Write the code or the name that it has there, or have the item added.",
                shortened(&text)
            );
            (LineCode::ItemUnknown, message)
        })
    }

    fn expiry(
        &self,
        record: Record<'_>,
        item: Option<&Known>,
    ) -> Result<Option<NaiveDate>, (LineCode, String)> {
        let day = match date(record.cell(ImportColumn::ExpiresOn.key()), self.days) {
            Ok(day) => day,
            Err(NotDate::Empty) => {
                let Some(item) = item.filter(|item| item.perishable) else { return Ok(None) };
                let message =
                    format!("{} perishes. Write the day from which it must not be given out.", item.code);
                return Err((LineCode::ExpiryMissing, message));
            }
            Err(error) => return Err((LineCode::ExpiryInvalid, error.to_string())),
        };
        if day < self.received_on {
            let message =
                format!("This expired on {day}, before it came. Goods that have expired are not received.");
            return Err((LineCode::Expired, message));
        }
        Ok(Some(day))
    }

    /// The earlier line on which a folio stands, where it does.
    fn repeats(&mut self, reference: &str, line: u32) -> Option<u32> {
        let digest = Sha256::digest(reference);
        let key: [u8; 16] = digest.first_chunk().copied()?;
        let earlier = *self.references.entry(key).or_insert(line);
        (earlier != line).then_some(earlier)
    }
}

/// What a cell says as text; none where it is empty.
fn text(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Empty => None,
        Cell::Text(text) | Cell::Error(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Cell::Number(number) => Some(number.to_string()),
        Cell::Date(day) => Some(day.to_string()),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}

fn amount(record: Record<'_>) -> Result<i32, String> {
    // A merged quantity is written once, and counts once.
    if record.is_repeated(ImportColumn::Quantity.key()) {
        return Err("The quantity is merged with the line above. Write each line's own.".to_owned());
    }
    match whole(record.cell(ImportColumn::Quantity.key())).map_err(|error: NotWhole| error.to_string())? {
        0 => Err("The quantity is none. Leave the line out, or write how much there is.".to_owned()),
        amount => i32::try_from(amount).map_err(|_| NotWhole::TooLarge.to_string()),
    }
}

/// What to say where a line counts in another unit than its item.
fn other_unit(record: Record<'_>, unit: Unit) -> Option<String> {
    let text = text(record.cell(ImportColumn::Unit.key()))?;
    let written = folded(text.trim_end_matches('.'));
    let known = UNITS.iter().find(|(name, _)| *name == written).map(|(_, unit)| *unit);
    let known = known.or_else(|| Unit::parse(&written.to_uppercase()));
    (known != Some(unit)).then(|| format!("«{}» is another unit.", shortened(&text)))
}

fn condition(record: Record<'_>) -> Result<Condition, String> {
    let Some(text) = text(record.cell(ImportColumn::Condition.key())) else { return Ok(Condition::New) };
    let written = folded(&text);
    let known = CONDITIONS.iter().find(|(name, _)| *name == written).map(|(_, condition)| *condition);
    known.ok_or_else(|| format!("«{}» is no condition. Write nuevo, bueno or usado.", shortened(&text)))
}

fn reference(record: Record<'_>) -> Result<Option<String>, String> {
    let Some(text) = text(record.cell(ImportColumn::Reference.key())) else { return Ok(None) };
    if text.chars().count() > 100 || text.contains('\0') {
        return Err("A folio has at most 100 characters.".to_owned());
    }
    Ok(Some(text))
}
