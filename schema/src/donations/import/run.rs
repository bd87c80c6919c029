//! Running an import.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;

use chrono::NaiveDate;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use enlace_sheets::value::{DateOrder, Dates};
use enlace_sheets::{Cell, Header, Limits, Line as Row, Table, Total, Unreadable};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;

use super::columns::{self, Chosen};
use super::lines::{Catalogue, LineCode, Reading};
use super::{DayOrder, Import, ImportColumn, ImportMode, ImportOutcome, ImportedDonation, LineProblem, Told};
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::receipt::{Announced, Line, Receipt, catalogue};
use crate::donations::tables::lots;
use crate::error::{Code, Error, Result};
use crate::journal::{Begun, Outcome, Transaction};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::{GlobalId, Id, Identified};

/// How many lines are read before they are stored: what an import holds in memory.
const CHUNK: usize = 1000;
/// How many chunks may be read ahead.
const AHEAD: usize = 2;

/// Why an import stops without an outcome.
enum Stop {
    Failed(Error),
    /// Nobody listens any more.
    Unheard,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<diesel::result::Error> for Stop {
    fn from(error: diesel::result::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<Unreadable> for Stop {
    fn from(error: Unreadable) -> Self {
        Self::Failed(Error::new(Code::FileUnreadable, error.to_string()))
    }
}

/// A problem of a donation as a whole, as an error.
struct Refused(Error);

impl From<NotFound> for Refused {
    fn from(problem: NotFound) -> Self {
        Self(Error::new(Code::NotFound, problem.message).with("argument", problem.argument))
    }
}

impl From<InvalidValue> for Refused {
    fn from(problem: InvalidValue) -> Self {
        Self(Error::new(Code::InvalidArgument, problem.message).with("argument", problem.argument))
    }
}

impl From<StateConflict> for Refused {
    fn from(problem: StateConflict) -> Self {
        Self(Error::new(Code::StateConflict, problem.message))
    }
}

/// See [`super::import`].
pub(super) async fn run(
    context: Context,
    import: Import,
    file: File,
    digest: [u8; 32],
    tell: mpsc::Sender<Told>,
) {
    let told = match Run::new(&context, &import, digest, &tell) {
        Ok(run) => match run.all(file).await {
            Ok(outcome) => Told::Outcome(outcome),
            Err(Stop::Failed(error)) => Told::Failed(error),
            Err(Stop::Unheard) => return,
        },
        Err(error) => Told::Failed(error),
    };
    // Whoever asked may be gone.
    let _heard = tell.send(told).await;
}

struct Run<'r> {
    context: &'r Context,
    import: &'r Import,
    digest: [u8; 32],
    tell: &'r mpsc::Sender<Told>,
}

/// What was counted of a pass over the file.
#[derive(Default)]
struct Count {
    lines: u32,
    good: u32,
    problems: u32,
    articles: i64,
}

/// A chunk of a file, as it was read.
type Chunk = (Vec<Line>, Vec<LineProblem>);

impl<'r> Run<'r> {
    fn new(
        context: &'r Context,
        import: &'r Import,
        digest: [u8; 32],
        tell: &'r mpsc::Sender<Told>,
    ) -> Result<Self> {
        // Whoever may receive nothing is told so before the file is looked at.
        let record = enlace_policies::RecordType::Donation;
        if let enlace_policies::Answer::Refused(refusal) =
            context.answer(enlace_policies::Verb::Write, enlace_policies::Class::Inventory, record)
        {
            return Err(Error::new(Code::Forbidden, "You may not receive donations.")
                .with("policy", &*refusal.policy)
                .with("reason", &*refusal.reason)
                .with("policyVersion", context.policy_version()));
        }
        Ok(Self { context, import, digest, tell })
    }

    async fn all(&self, file: File) -> Result<ImportOutcome, Stop> {
        // The file is named by its content: another under the same key is another import.
        let body = (self.import, self.digest);
        let key = &self.import.key;
        let mut transaction = match Transaction::begin(self.context, "donations.importDonation", key, &body)
            .await?
        {
            Begun::Fresh(transaction) => transaction,
            Begun::Repeated(outcome) => return Ok(outcome),
            Begun::Conflict => {
                return Err(Error::new(Code::IdempotencyConflict, IdempotencyConflict::new().message).into());
            }
        };
        match self.receive(&mut transaction, file).await {
            Ok((outcome, Some(receipt))) => {
                let changes = receipt.changes()?;
                match transaction.commit(receipt.occurred_at, changes, outcome).await? {
                    Outcome::Done(outcome) | Outcome::Repeated(outcome) => Ok(outcome),
                    Outcome::Conflict => {
                        Err(Error::new(Code::IdempotencyConflict, IdempotencyConflict::new().message).into())
                    }
                }
            }
            Ok((outcome, None)) => {
                transaction.roll_back().await?;
                Ok(outcome)
            }
            Err(stop) => {
                transaction.roll_back().await?;
                Err(stop)
            }
        }
    }

    async fn receive(
        &self,
        transaction: &mut Transaction<'_, ImportOutcome>,
        file: File,
    ) -> Result<(ImportOutcome, Option<Receipt>), Stop> {
        let announced = Announced {
            donor: typed(&self.import.donor, "donor")?,
            location: typed(&self.import.location, "location")?,
            received_at: self.import.received_at,
            reference: self.import.donor_reference.as_deref(),
            campaign: None,
            file: Some(self.digest),
        };
        let chosen = self.import.columns.as_deref().map(Chosen::parse).transpose()?;
        let opened = Receipt::open::<_, Refused>(self.context, transaction, announced).await?;
        let mut receipt = opened.map_err(|Refused(error)| error)?;
        let catalogue = Arc::new(Catalogue::new(catalogue(self.context, transaction).await?));
        let sheet = self.import.sheet.clone();
        let stated = self.import.days.map(DateOrder::from);
        let opening = move || open(file, sheet.as_deref(), chosen.as_ref(), stated);
        let mut source = spawn_blocking(opening).await.map_err(Error::internal)??;

        let mut count = Count::default();
        if self.import.mode != ImportMode::Good {
            (count, source) = self.pass(source, &catalogue, transaction, &mut receipt, false).await?;
        }
        let receives = match self.import.mode {
            ImportMode::Check => false,
            ImportMode::All => count.problems == 0,
            ImportMode::Good => true,
        };
        if receives {
            (count, _) = self.pass(source, &catalogue, transaction, &mut receipt, true).await?;
            // Of two imports at once that bring the same, the later one meets what the earlier one stored.
            if self.import.mode == ImportMode::All && count.problems > 0 {
                return Ok((count.outcome(None), None));
            }
        }
        if !receives || receipt.lines == 0 {
            return Ok((count.outcome(None), None));
        }
        Ok((count.outcome(Some(&receipt)), Some(receipt)))
    }

    /// One pass over the lines, which are stored or only looked at.
    async fn pass(
        &self,
        source: Source,
        catalogue: &Arc<Catalogue>,
        transaction: &mut Transaction<'_, ImportOutcome>,
        receipt: &mut Receipt,
        stores: bool,
    ) -> Result<(Count, Source), Stop> {
        let (send, mut chunks) = mpsc::channel::<Chunk>(AHEAD);
        let (catalogue, received_on) = (Arc::clone(catalogue), receipt.donation.received_on);
        let reading = spawn_blocking(move || read(source, catalogue, received_on, &send));
        let mut count = Count::default();
        while let Some((lines, mut problems)) = chunks.recv().await {
            let (lines, known) = self.known(transaction, receipt, lines).await?;
            problems.extend(known.iter().map(already_given));
            let held = held_by(&lines);
            let left_out =
                if stores { receipt.add(self.context, transaction, lines).await? } else { Vec::new() };
            problems.extend(left_out.iter().map(already_given));
            problems.sort_by_key(|problem| problem.line);
            let without = held_by(&left_out);
            count.good += held.0 - without.0;
            count.articles += held.1 - without.1;
            for problem in problems {
                count.problems += 1;
                self.tell.send(Told::Problem(problem)).await.map_err(|_| Stop::Unheard)?;
            }
        }
        let (source, lines) = reading.await.map_err(Error::internal)??;
        count.lines = lines;
        Ok((count, source))
    }

    /// Divides lines into those that are new, and those whose folio goods of the donor bear already.
    async fn known(
        &self,
        transaction: &mut Transaction<'_, ImportOutcome>,
        receipt: &Receipt,
        lines: Vec<Line>,
    ) -> Result<(Vec<Line>, Vec<Line>), Stop> {
        let references: Vec<&str> = lines.iter().filter_map(|line| line.reference.as_deref()).collect();
        if references.is_empty() {
            return Ok((lines, Vec::new()));
        }
        let query = lots::table
            .filter(lots::donor_id.eq(receipt.donation.donor_id))
            .filter(lots::donor_reference.eq_any(&references))
            .filter(lots::donation_id.ne(receipt.donation.id.uuid()))
            .select(lots::donor_reference);
        let known: Vec<Option<String>> = Prepared(query).load(transaction.connection()?).await?;
        let known: HashSet<String> = known.into_iter().flatten().collect();
        let is_known = |line: &Line| line.reference.as_ref().is_some_and(|folio| known.contains(folio));
        Ok(lines.into_iter().partition(|line| !is_known(line)))
    }
}

/// The id of a kind of record.
fn typed<T: Identified>(text: &str, argument: &str) -> Result<Id<T>> {
    let found = GlobalId::parse(text).filter(|id| id.kind == T::KIND);
    found.map(|id| Id::new(id.uuid)).ok_or_else(|| {
        let message = format!("{argument} is the id of no such record.");
        Error::new(Code::InvalidId, message).with("argument", argument)
    })
}

impl Count {
    fn outcome(&self, receipt: Option<&Receipt>) -> ImportOutcome {
        ImportOutcome {
            lines: self.lines,
            good: self.good,
            problems: self.problems,
            articles: self.articles,
            donation: receipt.map(|receipt| ImportedDonation {
                id: receipt.donation.id.to_string(),
                code: receipt.donation.code.clone(),
            }),
        }
    }
}

/// How many lines there are, and how many articles they hold.
fn held_by(lines: &[Line]) -> (u32, i64) {
    lines.iter().fold((0, 0), |(count, articles), line| (count + 1, articles + i64::from(line.amount)))
}

fn already_given(line: &Line) -> LineProblem {
    LineProblem {
        line: u32::try_from(line.number).unwrap_or_default(),
        column: None,
        code: LineCode::ReferenceKnown,
        message: "Goods of this donor bear that folio already. Leave the line out, or correct its folio."
            .into(),
    }
}

/// A file that is open, with its columns and the order of its days.
struct Source {
    table: Table<File>,
    header: Header,
    days: DateOrder,
}

impl From<DayOrder> for DateOrder {
    fn from(order: DayOrder) -> Self {
        match order {
            DayOrder::DayFirst => Self::DayFirst,
            DayOrder::MonthFirst => Self::MonthFirst,
            DayOrder::YearFirst => Self::YearFirst,
        }
    }
}

/// Opens a file, finds its columns, and reads it once to learn in what order its days are written.
fn open(
    file: File,
    sheet: Option<&str>,
    chosen: Option<&Chosen>,
    stated: Option<DateOrder>,
) -> Result<Source, Stop> {
    let limits = Limits::default();
    let mut table = match sheet {
        Some(sheet) => Table::open_sheet(file, limits, sheet)?,
        None => Table::open(file, limits)?,
    };
    let header = columns::header(&mut table, chosen)?;
    let mut dates = Dates::default();
    let mut lines = table.lines(&header)?;
    while let Some(line) = lines.next_line()? {
        if let Row::Record(record) = line
            && let Cell::Text(text) = record.cell(ImportColumn::ExpiresOn.key())
        {
            dates.observe(text);
        }
    }
    drop(lines);
    let days = dates.decide(stated).map_err(|error| {
        let message = format!("{error} The parameter days states it.");
        Error::new(Code::FileUnreadable, message)
    })?;
    Ok(Source { table, header, days })
}

/// Reads the lines in chunks, as fast as they are taken; the file again, and how many lines it has.
fn read(
    source: Source,
    catalogue: Arc<Catalogue>,
    received_on: NaiveDate,
    send: &mpsc::Sender<Chunk>,
) -> Result<(Source, u32), Stop> {
    let Source { mut table, header, days } = source;
    let mut reading = Reading::new(catalogue, received_on, days, &header);
    let mut lines = table.lines(&header)?;
    let mut chunk: Chunk = (Vec::new(), Vec::new());
    let mut count = 0;
    while let Some(line) = lines.next_line()? {
        match line {
            Row::Record(record) => {
                count += 1;
                match reading.line(record) {
                    Ok(line) => chunk.0.push(line),
                    Err(problems) => chunk.1.extend(problems),
                }
            }
            Row::Total(total) => chunk.1.extend(check(&mut reading, &total)),
        }
        if chunk.0.len() + chunk.1.len() >= CHUNK {
            send.blocking_send(std::mem::take(&mut chunk)).map_err(|_| Stop::Unheard)?;
        }
    }
    drop(lines);
    send.blocking_send(chunk).map_err(|_| Stop::Unheard)?;
    Ok((Source { table, header, days }, count))
}

/// A total under lines is their sum, or that of all lines so far.
fn check(reading: &mut Reading, total: &Total<'_>) -> Option<LineProblem> {
    let since = std::mem::take(&mut reading.since_total);
    let key = ImportColumn::Quantity.key();
    let (_, cell) = total.amounts.iter().find(|(column, _)| *column == key)?;
    let said = enlace_sheets::value::whole(*cell).ok();
    if said == Some(since) || said == Some(reading.sum) {
        return None;
    }
    let message = format!(
        "The total does not agree with the lines above, which come to {since}. Correct a line, or the total."
    );
    Some(reading.problem(total.number, Some(ImportColumn::Quantity), LineCode::TotalDiffers, message))
}
