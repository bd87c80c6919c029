//! Running an import.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use enlace_sheets::Unreadable;
use enlace_sheets::value::DateOrder;
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::columns::Chosen;
use super::lines::{Catalogue, LineCode};
use super::mapping::mapping_of;
use super::progress::{EVERY, ImportPhase, Progress};
use super::source::{Chunk, Source, open, read};
use super::{
    Count, DayOrder, Import, ImportMode, ImportOutcome, ImportedDonation, LineProblem, Told, may_receive,
};
use crate::context::Context;
use crate::database::Prepared;
use crate::donations::receipt::{Announced, Line, Receipt, catalogue, hexadecimal};
use crate::donations::tables::lots;
use crate::error::{Code, Error, Result};
use crate::journal::{Begun, Outcome, Transaction};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::{GlobalId, Id, Identified};

/// How many chunks may be read ahead.
const AHEAD: usize = 2;

/// Why an import stops without an outcome.
pub(super) enum Stop {
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

/// Which column is which, in what sheet, and in which order days are written, as far as it is said.
type Layout = (Option<String>, Option<String>, Option<DayOrder>);

impl<'r> Run<'r> {
    fn new(
        context: &'r Context,
        import: &'r Import,
        digest: [u8; 32],
        tell: &'r mpsc::Sender<Told>,
    ) -> Result<Self> {
        may_receive(context)?;
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
            Ok(Received { count, progress, receipt: Some(receipt) }) => {
                let changes = receipt.changes()?;
                let outcome = count.outcome(Some(&receipt));
                let committed = transaction.commit(receipt.occurred_at, changes, outcome).await;
                match committed {
                    Ok(Outcome::Done(outcome)) => {
                        let donation = Some(receipt.donation.id.uuid());
                        progress.tell(ImportPhase::Received, &count, Some(count.lines), donation).await;
                        Ok(outcome)
                    }
                    Ok(Outcome::Repeated(outcome)) => Ok(outcome),
                    Ok(Outcome::Conflict) => {
                        Err(Error::new(Code::IdempotencyConflict, IdempotencyConflict::new().message).into())
                    }
                    Err(error) => {
                        progress.tell(ImportPhase::Failed, &count, Some(count.lines), None).await;
                        Err(error.into())
                    }
                }
            }
            Ok(Received { count, progress, receipt: None }) => {
                transaction.roll_back().await?;
                progress.tell(ImportPhase::NotReceived, &count, Some(count.lines), None).await;
                Ok(count.outcome(None))
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
    ) -> Result<Received<'_>, Stop> {
        let announced = Announced {
            donor: typed(&self.import.donor, "donor")?,
            location: typed(&self.import.location, "location")?,
            received_at: self.import.received_at,
            reference: self.import.donor_reference.as_deref(),
            campaign: self.import.campaign.as_deref().map(|text| typed(text, "campaign")).transpose()?,
            file: Some(self.digest),
        };
        let opened = Receipt::open::<_, Refused>(self.context, transaction, announced).await?;
        let mut receipt = opened.map_err(|Refused(error)| error)?;
        let progress = Progress {
            context: self.context,
            import: self.import,
            file: hexadecimal(self.digest),
            donor: Id::new(receipt.donation.donor_id),
            donor_agency: receipt.donation.donor_agency.clone(),
        };
        let taken = self.lines(transaction, file, &mut receipt, &progress).await;
        match taken {
            Ok((count, any)) => {
                let receipt = Some(receipt).filter(|receipt| any && receipt.lines > 0);
                Ok(Received { count, progress, receipt })
            }
            Err(stop) => {
                progress.tell(ImportPhase::Failed, &Count::default(), None, None).await;
                Err(stop)
            }
        }
    }

    /// All lines, in as many passes as it takes; whether they are received.
    async fn lines(
        &self,
        transaction: &mut Transaction<'_, ImportOutcome>,
        file: File,
        receipt: &mut Receipt,
        progress: &Progress<'_>,
    ) -> Result<(Count, bool), Stop> {
        let catalogue = Arc::new(Catalogue::new(catalogue(self.context, transaction).await?));
        let (columns, sheet, days) = self.layout(transaction, receipt.donation.donor_id).await?;
        let chosen = columns.as_deref().map(Chosen::parse).transpose()?;
        let stated = days.map(DateOrder::from);
        let opening = move || open(file, sheet.as_deref(), chosen.as_ref(), stated);
        let mut source = spawn_blocking(opening).await.map_err(Error::internal)??;
        let mut count = Count::default();
        let mut of = None;
        if self.import.mode != ImportMode::Good {
            let pass = Pass { catalogue: &catalogue, progress, stores: false, of };
            (count, source) = self.pass(source, pass, transaction, receipt).await?;
            of = Some(count.lines);
        }
        let receives = match self.import.mode {
            ImportMode::Check => false,
            ImportMode::All => count.problems == 0,
            ImportMode::Good => true,
        };
        if receives {
            let pass = Pass { catalogue: &catalogue, progress, stores: true, of };
            (count, _) = self.pass(source, pass, transaction, receipt).await?;
        }
        // Of two imports at once that bring the same, the later one meets what the earlier one stored.
        let met = self.import.mode == ImportMode::All && count.problems > 0;
        Ok((count, receives && !met))
    }

    /// How the file is to be read: as it was said, or else as the donor's lists are.
    async fn layout(
        &self,
        transaction: &mut Transaction<'_, ImportOutcome>,
        donor: Uuid,
    ) -> Result<Layout, Stop> {
        let Import { columns, sheet, days, .. } = self.import;
        if columns.is_some() || sheet.is_some() || days.is_some() {
            return Ok((columns.clone(), sheet.clone(), *days));
        }
        let kept = mapping_of(transaction.connection()?, donor).await?;
        Ok(kept.map(|kept| (kept.columns, kept.sheet, kept.days)).unwrap_or_default())
    }

    /// One pass over the lines, which are stored or only looked at.
    async fn pass(
        &self,
        source: Source,
        pass: Pass<'_>,
        transaction: &mut Transaction<'_, ImportOutcome>,
        receipt: &mut Receipt,
    ) -> Result<(Count, Source), Stop> {
        let phase = if pass.stores { ImportPhase::Storing } else { ImportPhase::Checking };
        let (send, mut chunks) = mpsc::channel::<Chunk>(AHEAD);
        let (catalogue, received_on) = (Arc::clone(pass.catalogue), receipt.donation.received_on);
        let reading = spawn_blocking(move || read(source, catalogue, received_on, &send));
        let (mut count, mut told) = (Count::default(), 0);
        pass.progress.tell(phase, &count, pass.of, None).await;
        while let Some(Chunk { lines, mut problems, read }) = chunks.recv().await {
            let (lines, known) = self.known(transaction, receipt, lines).await?;
            problems.extend(known.iter().map(already_given));
            let held = held_by(&lines);
            let left_out =
                if pass.stores { receipt.add(self.context, transaction, lines).await? } else { Vec::new() };
            problems.extend(left_out.iter().map(already_given));
            problems.sort_by_key(|problem| problem.line);
            let without = held_by(&left_out);
            count.good += held.0 - without.0;
            count.articles += held.1 - without.1;
            count.lines = read;
            for problem in problems {
                count.problems += 1;
                self.tell.send(Told::Problem(problem)).await.map_err(|_| Stop::Unheard)?;
            }
            if read - told >= EVERY {
                told = read;
                pass.progress.tell(phase, &count, pass.of, None).await;
            }
        }
        Ok((count, reading.await.map_err(Error::internal)??))
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

/// What an import came to, before it is committed or given up.
struct Received<'r> {
    count: Count,
    progress: Progress<'r>,
    /// What was received; none where nothing was.
    receipt: Option<Receipt>,
}

/// What a pass needs beside the file.
struct Pass<'p> {
    catalogue: &'p Arc<Catalogue>,
    progress: &'p Progress<'p>,
    /// Whether lines are stored, or only looked at.
    stores: bool,
    /// How many lines there are, where it is known.
    of: Option<u32>,
}
