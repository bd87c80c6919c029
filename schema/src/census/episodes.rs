//! When people arrived, and came back: one episode for each time that they were here. Registering begins the first.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::access::InScope;
use crate::census::duplicates::{MERGED, TAKES_NOTHING};
use crate::census::tables::{episodes, persons};
use crate::census::{
    FactRow, Judged, Person, PersonFacts, fact_columns, judged, load, person_facts, touched,
};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Facts, Graph, graphql_enum, input, record, union};
use crate::journal::{Change, Done, Part, Transaction, begin, constraint};
use crate::problem::{IdempotencyConflict, InvalidValue, NotFound, StateConflict};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

graphql_enum! {
    /// How somebody's time here ended.
    pub enum EpisodeEnding {
        /// They departed as was arranged.
        Departed = "DEPARTED",
        /// They went without saying so.
        Left = "LEFT",
        /// They died.
        Died = "DIED",
    }
}

record! {
    /// That a person was here, from their arrival until they left.
    pub struct Episode: "Episode" as Person, id "episode" {
        /// Global id.
        id: Id<Episode> => Public identifying,
        /// The day they arrived.
        arrived_on: NaiveDate => Identity,
        /// The first day on which they were gone; null while they are here.
        ended_on: Option<NaiveDate> => Identity,
        /// How it ended.
        ending: Option<EpisodeEnding> => Identity,
        /// Raised by each change; an update carries the version that it saw.
        version: i32 => Identity,
        /// Whose it is.
        person_id: Uuid,
        /// The facts of the person.
        judged: Judged,
    }
}

judged!(Episode);

/// An episode's row, and the facts of its person.
type Row = ((Uuid, NaiveDate, Option<NaiveDate>, Option<EpisodeEnding>, i32, Uuid), FactRow);

/// The episodes of some people, or those of some keys, as far as the caller may see them, oldest first.
async fn episodes(
    context: &Context,
    people: Option<Vec<Uuid>>,
    ids: Option<Vec<Uuid>>,
) -> Result<Vec<Episode>> {
    let Some(scope) = context.personal_scope(Class::Identity, RecordType::Person)? else {
        return Ok(Vec::new());
    };
    let at = scope.at();
    let mut query = episodes::table
        .inner_join(persons::table.left_join(shelters::table))
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .order((episodes::arrived_on, episodes::id))
        .select((
            (
                episodes::id,
                episodes::arrived_on,
                episodes::ended_on,
                episodes::ending,
                episodes::version,
                episodes::person_id,
            ),
            fact_columns(at),
        ))
        .into_boxed::<Pg>();
    if let Some(people) = people {
        query = query.filter(episodes::person_id.eq_any(people));
    }
    if let Some(ids) = ids {
        query = query.filter(episodes::id.eq_any(ids));
    }
    let rows: Vec<Row> = query.load(&mut &*context.reader().await?).await?;
    context.discloses(rows.iter().map(|((.., person), _)| *person));
    let episode = |((id, arrived_on, ended_on, ending, version, person_id), facts): Row| Episode {
        id: Id::new(id),
        arrived_on,
        ended_on,
        ending,
        version,
        person_id,
        judged: Judged::new(person_id, PersonFacts::of(facts, at)),
    };
    Ok(rows.into_iter().map(episode).collect())
}

/// The episodes of some people.
pub(super) async fn episodes_of(context: Context, people: Vec<Uuid>) -> Result<Vec<Episode>> {
    episodes(&context, Some(people), None).await
}

/// Episodes by key.
async fn episodes_by_ids(context: Context, ids: Vec<Uuid>) -> Result<Vec<Episode>> {
    episodes(&context, None, Some(ids)).await
}

input! {
    /// A person who comes back.
    pub struct OpenEpisode {
        /// The person.
        pub person: Id<Person>,
        /// The day they came back; that of `occurredAt`, where it is left out.
        pub arrived_on: Option<NaiveDate>,
        /// When it was stated; now, where it is left out.
        pub occurred_at: Option<DateTime<Utc>>,
        /// Names this change: sent again, it is answered and not repeated. 8 to 200 characters, kept 30 days.
        pub idempotency_key: String,
    }
}

record! {
    /// A person who is here again.
    #[derive(Serialize, Deserialize)]
    pub struct OpenEpisodePayload: "OpenEpisodePayload" as Person {
        /// The person.
        person_id: Uuid,
        /// The episode that began.
        episode_id: Uuid,
        /// The key, as policies compare it.
        key: String,
        /// What else policies turn on.
        facts: PersonFacts,
    }
}

impl Facts for OpenEpisodePayload {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Person { Some(&self.key) } else { self.facts.fact(fact) }
    }

    fn members(&self, fact: Fact) -> &[String] {
        self.facts.members(fact)
    }
}

union! {
    /// The person, who is here again; or why they are not.
    pub enum OpenEpisodeResult {
        Payload(OpenEpisodePayload),
        NotFound(NotFound),
        InvalidValue(InvalidValue),
        StateConflict(StateConflict),
        IdempotencyConflict(IdempotencyConflict),
    }
}

/// In the journal: a person arrived, or came back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct EpisodeOpened {
    pub(super) episode: Uuid,
    pub(super) arrived_on: NaiveDate,
}

impl Change for EpisodeOpened {
    const NAME: &'static str = "census.episodeOpened";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<Episode>(|episode| {
        episode
            .one(
                "person",
                Class::Identity,
                "Whose it is.",
                |episode| Some(episode.person_id),
                load::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    graph.object::<OpenEpisodePayload>(|payload| {
        payload
            .one(
                "person",
                Class::Identity,
                "The person as they are known now.",
                |payload| Some(payload.person_id),
                load::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
            .one(
                "episode",
                Class::Identity,
                "The episode that began.",
                |payload| Some(payload.episode_id),
                episodes_by_ids,
                |episode: &Episode| episode.id.uuid(),
            )
            .in_scope::<Episode>()
    });
    graph.node::<Episode, _, _>(Class::Identity, episodes_by_ids);
    graph
        .mutation(
            "openEpisode",
            Class::Identity,
            "Records that a person who had left is here again. Registering begins the first episode by itself. Needs a purpose.",
        )
        .either(RecordType::Person, open_episode);
}

async fn open_episode(context: Context, input: OpenEpisode) -> Result<OpenEpisodeResult> {
    context.personal_scope(Class::Identity, RecordType::Person)?;
    let mut transaction = begin!(&context, "census.openEpisode", &input, OpenEpisodeResult);
    let done = open(&context, &mut transaction, &input).await;
    transaction.conclude(done).await
}

async fn open(
    context: &Context,
    transaction: &mut Transaction<'_, OpenEpisodePayload>,
    input: &OpenEpisode,
) -> Result<std::result::Result<Done<OpenEpisodePayload>, OpenEpisodeResult>> {
    let occurred_at = input.occurred_at.unwrap_or_else(|| context.now());
    if occurred_at > context.now() {
        return Ok(Err(InvalidValue::new("occurredAt", "Nothing is stated in the future.").into()));
    }
    let day = context.day_of(occurred_at);
    let arrived_on = input.arrived_on.unwrap_or(day);
    if arrived_on > day {
        let message = "People come back on the day that it is stated, or before.";
        return Ok(Err(InvalidValue::new("arrivedOn", message).into()));
    }
    let person = input.person.uuid();
    let Some(facts) = load::facts_within_reach(context, person).await? else {
        return Ok(Err(NotFound::new("person").into()));
    };
    let episode = context.new_uuid()?;
    let payload =
        OpenEpisodePayload { person_id: person, episode_id: episode, key: person.to_string(), facts };
    context.authorize_write(Class::Identity, RecordType::Person, &payload)?;
    let row = (episodes::id.eq(episode), episodes::person_id.eq(person), episodes::arrived_on.eq(arrived_on));
    let opening = diesel::insert_into(episodes::table).values(row);
    match opening.execute(transaction.connection()?).await {
        Ok(_) => {}
        Err(error) if constraint(&error) == Some("episodes_no_overlap") => {
            let message = "The person was here on that day: they have not left yet, or had not.";
            return Ok(Err(StateConflict::new(message).into()));
        }
        Err(error) if constraint(&error) == Some(TAKES_NOTHING) => {
            return Ok(Err(StateConflict::new(MERGED).into()));
        }
        Err(error) => return Err(error.into()),
    }
    let change = EpisodeOpened { episode, arrived_on };
    let changes =
        vec![Part::of(Class::Identity, Some(person), &change)?, touched(vec![person], occurred_at)?];
    Ok(Ok(Done { occurred_at, changes, payload }))
}
