//! People as they change, for those who may see them; and for those who no longer may, that they are gone.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use futures_util::FutureExt;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::Members;
use crate::census::tables::persons;
use crate::census::{Judged, Person, PersonFacts, Standing, load, person_facts};
use crate::context::{Context, Instant};
use crate::error::Result;
use crate::graph::{Admission, Changes, Facts, Graph, input, record};
use crate::journal::{Change, Entry, Part};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

/// In the journal: something of these people changed, or who may see them. It names them by opaque keys alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeopleTouched {
    people: Vec<Uuid>,
    /// When the change took effect: whoever saw them until then saw them before it.
    at: DateTime<Utc>,
}

impl Change for PeopleTouched {
    const NAME: &'static str = "census.peopleTouched";
}

/// The part by which an entry's change of people is followed. It is the journal's own, as that of a read is.
pub(crate) fn touched(people: Vec<Uuid>, at: DateTime<Utc>) -> Result<Part> {
    Part::of_journal(&PeopleTouched { people, at })
}

record! {
    /// A change of people, or of who may see them. The message's `extensions.stream.index` is its place in the journal.
    pub struct PeopleChange: "PeopleChange" as Person {
        /// When it took effect.
        occurred_at: DateTime<Utc> => Public,
        /// Their keys.
        people: Vec<Uuid>,
    }
}

/// None: whom it tells of is scoped one by one.
impl Facts for PeopleChange {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

record! {
    /// That a person is no longer to be seen: what is kept of them is to be let go.
    pub struct PersonGone: "PersonGone" as Person {
        /// Global id.
        id: Id<Person> => Public identifying,
    }
}

impl Facts for PersonGone {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

input! {
    /// Whom to follow.
    pub struct PeopleChangedArguments {
        /// One person: then the identity of a minor is sent too, which the stream of all leaves out. All whom the caller may see, where it is left out.
        pub person: Option<Id<Person>>,
    }
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<PersonGone>(|gone| gone);
    graph.object::<PeopleChange>(|change| {
        change
            .makes_many(
                "people",
                Class::Identity,
                "Those of them whom the caller may see, as they are now.",
                |context, change: PeopleChange| load::persons_by_ids(context, change.people),
            )
            .in_scope::<Person>()
            .makes_many(
                "gone",
                Class::Identity,
                "Those of them whom the caller could see before, and no longer may.",
                gone,
            )
            .in_scope::<Person>()
    });
    graph
        .subscription(
            "peopleChanged",
            Class::Identity,
            "Each change of people whom the caller may see, and the loss of those whom it no longer may: consent that is withdrawn, a case \
             that ends. Needs a purpose. What it sends is in the journal before, as reads are. It is never coalesced: what was left out \
             might be what took a person from sight.",
        )
        .bounded_by("person")
        .events(Changes::new(change).admitted(concerns).in_scope());
}

fn change(arguments: &PeopleChangedArguments, entry: &Entry) -> Result<Option<PeopleChange>> {
    let Some(PeopleTouched { mut people, at }) = entry.change()? else { return Ok(None) };
    if let Some(person) = arguments.person {
        people.retain(|touched| *touched == person.uuid());
    }
    Ok((!people.is_empty()).then_some(PeopleChange { occurred_at: at, people }))
}

/// Whether it is of anybody whom the caller may see, or could.
#[expect(clippy::unnecessary_wraps, reason = "some subscriptions ask nothing of some events")]
fn concerns(_: &PeopleChangedArguments, change: &PeopleChange) -> Option<Admission> {
    let change = change.clone();
    Some(Box::new(|context| {
        async move {
            let is = seen(&context, &change, context.instant()).await?;
            Ok(!is.is_empty() || !seen_before(&context, &change).await?.is_empty())
        }
        .boxed()
    }))
}

/// Those whom the caller could see before, and may not now.
async fn gone(context: Context, change: PeopleChange) -> Result<Vec<PersonGone>> {
    let was = seen_before(&context, &change).await?;
    let is = seen(&context, &change, context.instant()).await?;
    let gone = was.into_iter().filter(|person| !is.contains(person));
    Ok(gone.map(|person| PersonGone { id: Id::new(person) }).collect())
}

/// Where a person lodged at a time, which comes between: as their stays tell it, of which one at most holds a moment. Who never had one
/// lodges where it is said.
const SHELTER: [&str; 2] = [
    "CASE WHEN EXISTS (SELECT FROM stays WHERE stays.person_id = persons.id) THEN (SELECT there.code \
     FROM stays JOIN beds ON beds.id = stays.bed_id JOIN spaces ON spaces.id = beds.space_id \
         JOIN shelters there ON there.id = spaces.shelter_id \
     WHERE stays.person_id = persons.id AND tstzrange(stays.began_at, stays.ended_at) @> ",
    ") ELSE shelters.code END",
];

/// Which of them the caller could see in the moment before the change took effect.
async fn seen_before(context: &Context, change: &PeopleChange) -> Result<Vec<Uuid>> {
    let time = change.occurred_at - TimeDelta::microseconds(1);
    seen(context, change, Instant { time, day: context.day_of(time) }).await
}

/// A person's row, and since when their data is withheld.
type SeenRow = (Uuid, Option<String>, Standing, Option<DateTime<Utc>>, Vec<String>);

/// Which of them the caller may see by what is shared at a time, and by where they lodge then. It tells nothing else of them.
async fn seen(context: &Context, change: &PeopleChange, at: Instant) -> Result<Vec<Uuid>> {
    let Some(scope) = context.scope(Class::Identity, RecordType::Person) else { return Ok(Vec::new()) };
    let [before, after] = SHELTER;
    let shelter = sql::<Nullable<Text>>(before).bind::<Timestamptz, _>(at.time).sql(after);
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::id.eq_any(&change.people))
        .filter(persons::programme_id.eq(context.programme_id()))
        .order(persons::id)
        .select((
            persons::id,
            shelter,
            (persons::adult_from, persons::withheld),
            persons::withheld_since,
            Members::new(person_facts, Fact::SharedWith, at),
        ));
    let reader = context.reader().await?;
    let rows: Vec<SeenRow> = query.load(&mut &*reader).await?;
    let judged = rows.into_iter().map(|(person, shelter, (adult_from, withheld), since, shared_with)| {
        let standing = (adult_from, withheld.filter(|_| since.is_some_and(|since| since <= at.time)));
        (person, Judged::new(person, PersonFacts::new(shelter, standing, shared_with, at)))
    });
    Ok(judged.filter(|(_, judged)| scope.has(judged)).map(|(person, _)| person).collect())
}
