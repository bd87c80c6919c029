//! The journal as a list, scoped to its reader.

use chrono::{DateTime, Utc};
use diesel::dsl::{count_star, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::{FactSource, InScope};
use crate::agencies::{Agency, User};
use crate::census::{Person, Purpose};
use crate::context::{Context, Scope};
use crate::error::{Error, Result};
use crate::graph::{Connection, Wanted, input};
use crate::journal::entry::{Header, Part};
use crate::journal::graphql::{JournalEntry, JournalRefusal};
use crate::journal::record::{PersonalDataRead, PolicyExplained};
use crate::journal::refusals::CallerRefused;
use crate::journal::tables::{journal_entries, journal_index};
use crate::paging::{Place, asked, shown_count};
use crate::scalars::Id;
use crate::vault::Keys;

input! {
    /// Which entries, and which page of them. They come in the order of the journal.
    pub struct JournalArguments {
        /// Only what this agency did.
        pub agency: Option<Id<Agency>>,
        /// Only what this user did.
        pub actor: Option<Id<User>>,
        /// Only this: `shelters.adjustOccupancy`; `journal.read` for reads of people in care, `journal.explain` for questions about access.
        pub operation: Option<String>,
        /// Only what belongs to a capability: `shelters`, `donations`, `journal`.
        pub capability: Option<String>,
        /// Only what tells of this data class: `IDENTITY`.
        pub class: Option<String>,
        /// Only what tells of this person.
        pub person: Option<Id<Person>> => Journal of JournalSubject,
        /// Only what was recorded at this time or later.
        pub recorded_from: Option<DateTime<Utc>>,
        /// Only what was recorded before this time.
        pub recorded_before: Option<DateTime<Utc>>,
        /// How many rows from the start, or after `after`: 1 to 500; 50 where neither `first` nor `last` is given.
        pub first: Option<i32>,
        /// Go on after this cursor.
        pub after: Option<String>,
        /// How many rows from the end, or before `before`.
        pub last: Option<i32>,
        /// Go back from this cursor.
        pub before: Option<String>,
    }
}

/// What selects entries: a cursor is bound to it.
#[derive(Serialize)]
struct Selects {
    programme: Uuid,
    agency: Option<Uuid>,
    actor: Option<Uuid>,
    operation: Option<String>,
    capability: Option<String>,
    class: Option<String>,
    person: Option<Uuid>,
    recorded_from: Option<DateTime<Utc>>,
    recorded_before: Option<DateTime<Utc>>,
}

impl Selects {
    fn new(programme: Uuid, arguments: &JournalArguments) -> Self {
        Self {
            programme,
            agency: arguments.agency.map(Id::uuid),
            actor: arguments.actor.map(Id::uuid),
            operation: arguments.operation.clone(),
            capability: arguments.capability.clone(),
            class: arguments.class.clone(),
            person: arguments.person.map(Id::uuid),
            recorded_from: arguments.recorded_from,
            recorded_before: arguments.recorded_before,
        }
    }
}

#[derive(Queryable)]
struct Row {
    index: i64,
    id: Uuid,
    agency: Option<String>,
    header: Option<Vec<u8>>,
    classes: Option<Vec<String>>,
    detail: Option<Vec<u8>>,
    subjects: Vec<Uuid>,
}

fn entry_facts(fact: Fact) -> Option<FactSource> {
    (fact == Fact::Agency).then_some(FactSource::Column("journal_entries.agency"))
}

/// Entries, scoped to the caller.
pub(super) async fn entries(
    context: Context,
    arguments: JournalArguments,
    wanted: Wanted,
) -> Result<Connection<JournalEntry>> {
    let selects = Selects::new(context.programme_id(), &arguments);
    let scope = context.root_scope(Class::Journal, RecordType::JournalEntry)?;
    let of_subjects = context.scope(Class::Journal, RecordType::JournalSubject);
    let (binding, window) = asked!(context, arguments, "journal", &selects);
    let agency = selects.agency.map(|agency| context.agency_code(agency));

    let selected = || {
        let mut query = journal_index::table
            .inner_join(journal_entries::table)
            .filter(journal_entries::programme_id.eq(selects.programme))
            .filter(InScope::new(&scope, entry_facts))
            .into_boxed::<Pg>();
        if let Some(agency) = &agency {
            query = query.filter(journal_entries::agency.eq(agency.clone()));
        }
        if let Some(actor) = selects.actor {
            query = query.filter(journal_entries::actor.eq(actor));
        }
        if let Some(operation) = &selects.operation {
            query = query.filter(journal_entries::operation.eq(operation.clone()));
        }
        if let Some(capability) = &selects.capability {
            let named = sql::<Text>("split_part(journal_entries.operation, '.', 1)");
            query = query.filter(named.eq(capability.clone()));
        }
        if let Some(class) = &selects.class {
            query = query.filter(journal_entries::classes.contains(vec![class.clone()]));
        }
        if let Some(person) = selects.person {
            // The second condition is what the index knows of its rows.
            query = query
                .filter(journal_entries::persons.contains(vec![person]))
                .filter(journal_entries::persons.ne(Vec::<Uuid>::new()));
        }
        if let Some(from) = selects.recorded_from {
            query = query.filter(journal_entries::recorded_at.ge(from));
        }
        if let Some(before) = selects.recorded_before {
            query = query.filter(journal_entries::recorded_at.lt(before));
        }
        query
    };
    let mut query = selected();
    query = if window.backward {
        query.order(journal_index::index.desc())
    } else {
        query.order(journal_index::index.asc())
    };
    if let Some(place) = &window.from {
        let index: i64 = place.key.as_deref().and_then(|key| key.parse().ok()).unwrap_or_default();
        query = if window.backward {
            query.filter(journal_index::index.lt(index))
        } else {
            query.filter(journal_index::index.gt(index))
        };
    }
    let reader = context.reader().await?;
    let rows = query
        .limit(window.limit())
        .select((
            journal_index::index,
            journal_entries::id,
            journal_entries::agency,
            part_content(0),
            journal_entries::classes,
            part_content(1),
            journal_entries::persons,
        ))
        .load::<Row>(&mut &*reader)
        .await?;
    let total = if wanted.total_count {
        Some(shown_count(selected().select(count_star()).first(&mut &*reader).await?))
    } else {
        None
    };
    let page = window.page(
        rows,
        &binding,
        |row: &Row| Place { key: Some(row.index.to_string()), id: row.id },
        total,
        wanted,
    )?;
    let shown = page.rows.into_iter().map(|row| shown(&context, row, of_subjects.as_ref()));
    Ok(Connection { rows: shown.collect::<Result<_>>()?, facts: page.facts })
}

/// The content of one part of an entry, if it tells of no person: what does is sealed.
fn part_content(ordinal: u8) -> diesel::expression::SqlLiteral<Nullable<Binary>> {
    let place = ordinal + 1;
    sql(&format!("CASE WHEN part_subjects[{place}] IS NULL THEN part_contents[{place}] END"))
}

/// An entry as its reader sees it. Whom it tells of is left out where the reader may not know.
fn shown(context: &Context, row: Row, of_subjects: Option<&Scope>) -> Result<JournalEntry> {
    let header: Header =
        serde_json::from_slice(row.header.as_deref().unwrap_or_default()).map_err(Error::internal)?;
    let detail = Part { class: String::new(), subject: None, content: row.detail.unwrap_or_default() };
    let keys = Keys::default();
    let read: Option<PersonalDataRead> = detail.change(&keys)?;
    let refused: Option<CallerRefused> = detail.change(&keys)?;
    let question: Option<PolicyExplained> = detail.change(&keys)?;
    let mut entry = JournalEntry {
        index: row.index.to_string(),
        operation: header.operation,
        actor: header.user.map(Id::new),
        roles: header.roles,
        policy_version: header.policy_version,
        occurred_at: header.occurred_at,
        recorded_at: header.recorded_at,
        classes: row.classes.unwrap_or_default(),
        purpose: read
            .as_ref()
            .map(|read| read.purpose.as_str())
            .or_else(|| question.as_ref()?.purpose.as_deref())
            .and_then(Purpose::parse),
        break_glass_id: read.as_ref().and_then(|read| read.break_glass),
        document: read.map(|read| read.document),
        coordinate: question.as_ref().map(|question| question.coordinate.clone()),
        asked_about: question.and_then(|question| question.about),
        subject_count: i32::try_from(row.subjects.len()).unwrap_or(i32::MAX),
        other_refusals: refused
            .as_ref()
            .map_or(0, |refused| i32::try_from(refused.others).unwrap_or(i32::MAX)),
        refusals: refused.map(|refused| refusals(refused, row.agency.as_deref())).unwrap_or_default(),
        agency_id: row.agency.as_deref().map(|code| context.agency(code)).transpose()?,
        agency: row.agency,
        subjects: Vec::new(),
    };
    if of_subjects.is_some_and(|scope| scope.has(&entry)) {
        entry.subjects = row.subjects;
        context.hide_order(&mut entry.subjects, |person| *person);
    }
    Ok(entry)
}

/// What an entry tells of refusals.
fn refusals(refused: CallerRefused, agency: Option<&str>) -> Vec<JournalRefusal> {
    let shown = refused.refusals.into_iter().map(|refusal| JournalRefusal {
        code: refusal.code,
        coordinate: refusal.coordinate,
        class: refusal.class,
        policy: refusal.policy,
        policy_version: refusal.policy_version,
        purpose: refusal.purpose,
        times: i32::try_from(refusal.times).unwrap_or(i32::MAX),
        first_at: refusal.first_at,
        last_at: refusal.last_at,
        agency: agency.map(str::to_owned),
    });
    shown.collect()
}
