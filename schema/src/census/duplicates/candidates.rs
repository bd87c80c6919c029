//! Who may be the same person: by the tokens that two people have in common, with the reasons, and no verdict.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::census::tables::persons;
use crate::census::{FactRow, Judged, Person, PersonFacts, fact_columns, judged, load, person_facts};
use crate::context::{Context, refused_root};
use crate::database::Prepared;
use crate::error::Result;
use crate::graph::{Graph, graphql_enum, input, record};
use crate::scalars::Id;
use crate::shelters::tables::shelters;

/// How many are shown.
const MOST: usize = 20;

graphql_enum! {
    /// What two records have in common.
    pub enum DuplicateReason {
        /// The same CURP.
        Curp = "CURP",
        /// The number of an identity document.
        Document = "DOCUMENT",
        /// The same day of birth.
        BirthDate = "BIRTH_DATE",
        /// The same month of birth; of one at least no day is known, or another.
        BirthMonth = "BIRTH_MONTH",
        /// The same year of birth; of one at least no more is known, or something else.
        BirthYear = "BIRTH_YEAR",
        /// Parts of the name that are spelt alike.
        NameSpelt = "NAME_SPELT",
        /// Parts of the name that may sound alike.
        NameSounds = "NAME_SOUNDS",
        /// They belong to the same household.
        Household = "HOUSEHOLD",
    }
}

record! {
    /// A record that may be of the same person.
    pub struct DuplicateCandidate: "DuplicateCandidate" as Person {
        /// How much the two have in common; the more, the likelier. 30 is the least that is shown.
        score: i32 => Family,
        /// What they have in common.
        reasons: Vec<DuplicateReason> => Family,
        /// Whose record it is.
        person_id: Uuid,
        /// The facts of that person.
        judged: Judged,
    }
}

judged!(DuplicateCandidate);

input! {
    /// Of whom there may be another record.
    pub struct DuplicateCandidatesArguments {
        /// The person.
        pub person: Id<Person>,
    }
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<DuplicateCandidate>(|candidate| {
        candidate
            .one(
                "person",
                Class::Identity,
                "Whose record it is.",
                |candidate| Some(candidate.person_id),
                load::persons_by_ids,
                |person: &Person| person.id.uuid(),
            )
            .in_scope::<Person>()
    });
    graph
        .query(
            "duplicateCandidates",
            Class::Identity,
            "Records that may be of the same person as this one, the likeliest first, twenty at most: those that were merged and those that \
             somebody found to be another's are left out. Somebody decides, with mergePersons or dismissDuplicate. Needs a purpose.",
        )
        .identifying()
        .list(candidates);
}

/// What two people have in common.
#[derive(QueryableByName)]
struct Shared {
    #[diesel(sql_type = SqlUuid)]
    person_id: Uuid,
    #[diesel(sql_type = BigInt)]
    names: i64,
    #[diesel(sql_type = BigInt)]
    sounds: i64,
    /// How many of the year, the month and the day.
    #[diesel(sql_type = BigInt)]
    born: i64,
    #[diesel(sql_type = BigInt)]
    documents: i64,
    #[diesel(sql_type = BigInt)]
    curps: i64,
    #[diesel(sql_type = Bool)]
    together: bool,
    #[diesel(sql_type = Integer)]
    score: i32,
}

/// Of all, the likeliest; whom the caller may see comes after.
const SHARED: &str = "
    WITH shared AS (
        SELECT theirs.person_id,
            count(*) FILTER (WHERE theirs.kind = 'NAME') AS names,
            count(*) FILTER (WHERE theirs.kind = 'SOUND') AS sounds,
            count(*) FILTER (WHERE theirs.kind = 'BORN') AS born,
            count(*) FILTER (WHERE theirs.kind = 'DOCUMENT') AS documents,
            count(*) FILTER (WHERE theirs.kind = 'CURP') AS curps
        FROM person_tokens AS mine
            JOIN person_tokens AS theirs ON theirs.token = mine.token AND theirs.person_id <> mine.person_id
        WHERE mine.person_id = $1 GROUP BY theirs.person_id),
    scored AS (
        SELECT shared.*, persons.household_id = asked.household_id AS together,
            (60 * curps + 50 * least(documents, 1) + CASE born WHEN 3 THEN 25 WHEN 2 THEN 15 WHEN 1 THEN 5 ELSE 0 END
                + greatest(12 * least(names, 3), 8 * least(sounds, 3))
                + 5 * (persons.household_id = asked.household_id)::integer)::integer AS score
        FROM shared JOIN persons ON persons.id = shared.person_id JOIN persons AS asked ON asked.id = $1
        WHERE persons.programme_id = $2 AND asked.programme_id = $2
            AND persons.merged_into IS NULL AND asked.merged_into IS NULL
            AND NOT EXISTS (SELECT FROM dismissed_duplicates
                WHERE one_id = least($1, persons.id) AND other_id = greatest($1, persons.id)))
    SELECT * FROM scored WHERE score >= 30 ORDER BY score DESC, person_id LIMIT 200";

impl Shared {
    fn reasons(&self) -> Vec<DuplicateReason> {
        let born = match self.born {
            3.. => Some(DuplicateReason::BirthDate),
            2 => Some(DuplicateReason::BirthMonth),
            1 => Some(DuplicateReason::BirthYear),
            _ => None,
        };
        let name = match (self.names, self.sounds) {
            (1.., _) => Some(DuplicateReason::NameSpelt),
            (_, 1..) => Some(DuplicateReason::NameSounds),
            _ => None,
        };
        [
            (self.curps > 0).then_some(DuplicateReason::Curp),
            (self.documents > 0).then_some(DuplicateReason::Document),
            born,
            name,
            self.together.then_some(DuplicateReason::Household),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// A person's facts.
type Row = (Uuid, FactRow);

/// Who may be the same person, as far as the caller may see both.
async fn candidates(
    context: Context,
    arguments: DuplicateCandidatesArguments,
) -> Result<Vec<DuplicateCandidate>> {
    let scope = context.personal_scope(Class::Identity, RecordType::Person)?.ok_or_else(refused_root)?;
    let person = arguments.person.uuid();
    if !load::reaches(&context, person).await? {
        return Ok(Vec::new());
    }
    let reader = context.reader().await?;
    let shared =
        diesel::sql_query(SHARED).bind::<SqlUuid, _>(person).bind::<SqlUuid, _>(context.programme_id());
    let shared: Vec<Shared> = Prepared(shared).load(&mut &*reader).await?;
    let ids: Vec<Uuid> = shared.iter().map(|shared| shared.person_id).collect();
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::id.eq_any(&ids))
        .filter(InScope::new(&scope, person_facts))
        .select((persons::id, fact_columns(scope.at())));
    let seen: Vec<Row> = query.load(&mut &*reader).await?;
    // Whose key was destroyed is nobody any more.
    let keys = context.vault().keys(ids.into_iter().chain([person]).collect()).await?;
    if !keys.have(person) {
        return Ok(Vec::new());
    }
    let seen = seen.into_iter().filter(|row| keys.have(row.0));
    let mut seen: HashMap<Uuid, Judged> =
        seen.map(|(id, facts)| (id, Judged::new(id, PersonFacts::of(facts, scope.at())))).collect();
    let shown = |shared: &Shared| {
        let judged = seen.remove(&shared.person_id)?;
        let reasons = shared.reasons();
        Some(DuplicateCandidate { score: shared.score, reasons, person_id: shared.person_id, judged })
    };
    let found: Vec<DuplicateCandidate> = shared.iter().filter_map(shown).take(MOST).collect();
    // That two have something in common tells of both.
    if !found.is_empty() {
        context.discloses(found.iter().map(|candidate| candidate.person_id).chain([person]));
    }
    Ok(found)
}
