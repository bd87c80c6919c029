//! What proposals are made of: two statements and the keys of the people, however many shelters there are.

use diesel::dsl::{Nullable, sql};
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use super::plan::{FreeBed, Kin, Plan, Room, Site, propose};
use super::{
    MOST, PROPOSALS, PlacementProposal, PlacementProposalsArguments, PlacementReason, ProposedPlace,
};
use crate::access::{InScope, Members};
use crate::census::tables::persons;
use crate::census::{BedNeed, Judged, PLACEMENT, PersonFacts, Placement, Standing, person_facts};
use crate::context::{Context, Scope, refused_root};
use crate::database::Prepared;
use crate::error::{Code, Error, Result};
use crate::lodging::fitting::Guest;
use crate::scalars::{Id, read_code};
use crate::shelters::Segment;
use crate::shelters::tables::shelters;

/// Who is to lodge.
enum Named {
    Household(Uuid),
    Persons(Vec<Uuid>),
    /// The household that shows this code.
    Code(String),
}

/// Somebody of the households of those who are to lodge.
struct Member {
    id: Uuid,
    household_id: Uuid,
    placement: Option<Placement>,
    judged: Judged,
    /// Where they are counted now.
    lodges: Option<Kin>,
    /// Whether they lie in a bed.
    lies: bool,
}

/// Where people could lodge, best first.
pub(super) async fn placement_proposals(
    context: Context,
    arguments: PlacementProposalsArguments,
) -> Result<Vec<PlacementProposal>> {
    let scope = context.personal_scope(Class::Placement, RecordType::Person)?.ok_or_else(refused_root)?;
    let (usual, most) = PROPOSALS;
    let first = arguments.first.unwrap_or(usual);
    let first = usize::try_from(first).ok().filter(|_| (1..=most).contains(&first));
    let first = first.ok_or_else(|| refused("first", "Ask for 1 to 20 proposals."))?;
    let Some(named) = named(arguments)? else { return Ok(Vec::new()) };
    let reader = context.reader().await?;
    let members = members(&context, &mut &*reader, &named, &scope).await?;
    let (guests, others) = guests_of(&named, members);
    if guests.len() > MOST {
        return Err(refused("household", "Ask about 20 people at once."));
    }
    if guests.is_empty() {
        return Ok(Vec::new());
    }
    context.discloses(guests.iter().map(|guest| guest.id));
    let by_code = matches!(named, Named::Code(_));
    let rooms = rooms(&context, &mut &*reader, guests.len()).await?;
    let within_reach = |room: &Room| guests.iter().all(|guest| may_lodge(guest, room, &scope, by_code));
    let rooms: Vec<Room> = rooms.into_iter().filter(within_reach).collect();
    let beside = |guest: &Member| {
        let pregnant = |member: &&Member| {
            member.household_id == guest.household_id
                && member.placement.as_ref().is_some_and(|placement| placement.segment == Segment::Pregnancy)
        };
        guests.iter().chain(&others).any(|member| pregnant(&member))
    };
    let lodgers: Vec<Guest> = guests
        .iter()
        .map(|guest| Guest { placement: guest.placement.clone(), beside_pregnant: beside(guest) })
        .collect();
    let kin: Vec<Kin> = others.into_iter().filter_map(|member| member.lodges).collect();
    let plans = propose(&lodgers, &kin, &rooms, first);
    Ok(plans.into_iter().filter_map(|plan| proposal(plan, &guests)).collect())
}

fn refused(argument: &str, message: &'static str) -> Error {
    Error::new(Code::InvalidArgument, message).with("argument", argument)
}

/// Who is named, in one way; none where nobody is.
fn named(arguments: PlacementProposalsArguments) -> Result<Option<Named>> {
    let PlacementProposalsArguments { household, persons, pickup_code, .. } = arguments;
    Ok(match (household, persons, pickup_code) {
        (None, None, None) => None,
        (Some(household), None, None) => Some(Named::Household(household.uuid())),
        (None, Some(persons), None) => {
            let mut people: Vec<Uuid> = Vec::with_capacity(persons.len());
            for person in persons.into_iter().map(Id::uuid) {
                if !people.contains(&person) {
                    people.push(person);
                }
            }
            if people.len() > MOST {
                return Err(refused("persons", "Ask about 20 people at once."));
            }
            Some(Named::Persons(people))
        }
        // Of a code that is nobody's, nothing.
        (None, None, Some(code)) => read_code(&code).map(Named::Code),
        _ => {
            return Err(refused(
                "persons",
                "Name a household, or people, or the code that a household shows.",
            ));
        }
    })
}

/// Whether somebody may lodge in a shelter as far as the caller may see them there. Whoever shows a code lodges in no other.
fn may_lodge(guest: &Member, room: &Room, scope: &Scope, by_code: bool) -> bool {
    let elsewhere = guest.judged.facts.shelter.as_ref().is_some_and(|shelter| *shelter != room.site.code);
    !(by_code && elsewhere) && scope.has(&lodging_in(&guest.judged, &room.site))
}

/// Somebody as one who lodges in a shelter.
fn lodging_in(judged: &Judged, site: &Site) -> Judged {
    let mut judged = judged.clone();
    judged.facts.shelter = Some(site.code.clone());
    judged
}

/// Those who are to lodge, in their order, and the others of their households. Nobody, where one who is named is out of reach.
fn guests_of(named: &Named, members: Vec<Member>) -> (Vec<Member>, Vec<Member>) {
    let (mut guests, others): (Vec<Member>, Vec<Member>) =
        members.into_iter().partition(|member| match named {
            Named::Household(_) | Named::Code(_) => !member.lies,
            Named::Persons(people) => people.contains(&member.id),
        });
    if let Named::Persons(people) = named {
        guests.sort_by_key(|guest| people.iter().position(|person| *person == guest.id));
        if guests.len() < people.len() {
            guests.clear();
        }
    }
    (guests, others)
}

/// A member's row, still sealed.
type Row = (Uuid, Uuid, Vec<u8>, bool, Option<(Uuid, String, Uuid)>, Standing, Vec<String>);

type SiteColumns = Nullable<(shelters::id, shelters::code, shelters::centre_id)>;

/// Everyone of the households of those who are named whom the caller may see, by registration; where a household shows its code, everyone.
async fn members(
    context: &Context,
    connection: &mut &AsyncPgConnection,
    named: &Named,
    scope: &Scope,
) -> Result<Vec<Member>> {
    let at = scope.at();
    let site: SiteColumns = (shelters::id, shelters::code, shelters::centre_id).nullable();
    let query = persons::table
        .left_join(shelters::table)
        .filter(persons::programme_id.eq(context.programme_id()))
        // Of whom all was to be let go nothing is used any more.
        .filter(persons::withheld.is_null())
        .order(persons::id)
        .select((
            persons::id,
            persons::household_id,
            persons::placement,
            sql::<Bool>("EXISTS (SELECT FROM stays WHERE stays.person_id = persons.id AND ended_at IS NULL)"),
            site,
            (persons::adult_from, persons::withheld),
            Members::new(person_facts, Fact::SharedWith, at),
        ))
        .into_boxed::<Pg>();
    let query = match named {
        Named::Household(household) => {
            query.filter(persons::household_id.eq(*household)).filter(InScope::new(scope, person_facts))
        }
        Named::Persons(people) => query
            .filter(
                sql::<Bool>("persons.household_id IN (SELECT household_id FROM persons WHERE id = ANY(")
                    .bind::<Array<SqlUuid>, _>(people.clone())
                    .sql("))"),
            )
            .filter(InScope::new(scope, person_facts)),
        Named::Code(code) => query.filter(
            sql::<Bool>("persons.household_id IN (SELECT id FROM households WHERE pickup_code = ")
                .bind::<Text, _>(code.clone())
                .sql(")"),
        ),
    };
    let rows: Vec<Row> = query.load(connection).await?;
    let keys = context.vault().keys(rows.iter().map(|row| row.0).collect()).await?;
    rows.into_iter()
        .map(|(id, household_id, sealed, lies, site, standing, shared_with)| {
            let shelter = site.as_ref().map(|(_, code, _)| code.clone());
            Ok(Member {
                id,
                household_id,
                placement: keys.open(id, PLACEMENT, &sealed)?,
                judged: Judged::new(id, PersonFacts::new(shelter, standing, shared_with, at)),
                lodges: site.map(|(shelter, _, centre)| Kin { shelter, centre }),
                lies,
            })
        })
        .collect()
}

/// A free bed, with the space and the shelter that it is in.
#[derive(QueryableByName)]
struct BedRow {
    #[diesel(sql_type = SqlUuid)]
    bed: Uuid,
    #[diesel(sql_type = Text)]
    bed_code: String,
    #[diesel(sql_type = Array<Text>)]
    suits: Vec<BedNeed>,
    #[diesel(sql_type = BigInt)]
    free: i64,
    #[diesel(sql_type = SqlUuid)]
    space: Uuid,
    #[diesel(sql_type = Text)]
    space_code: String,
    #[diesel(sql_type = Text)]
    segment: Segment,
    #[diesel(sql_type = SqlUuid)]
    shelter: Uuid,
    #[diesel(sql_type = Text)]
    shelter_code: String,
    #[diesel(sql_type = SqlUuid)]
    centre: Uuid,
}

/// The spaces of open shelters that have free beds: in each, of the beds that suit the same needs as many as there are guests.
async fn rooms(context: &Context, connection: &mut &AsyncPgConnection, guests: usize) -> Result<Vec<Room>> {
    let asking = diesel::sql_query(
        "SELECT spare.id AS bed, spare.code AS bed_code, suits, free, spaces.id AS space, spaces.code AS space_code, segment, \
             shelters.id AS shelter, shelters.code AS shelter_code, centre_id AS centre \
         FROM (SELECT id, code, suits, space_id, row_number() OVER (PARTITION BY space_id, suits ORDER BY code COLLATE \"C\") AS place, \
                   count(*) OVER (PARTITION BY space_id) AS free \
               FROM beds WHERE NOT occupied AND blocked_for IS NULL AND (hold_id IS NULL OR held_until <= $2)) AS spare \
             JOIN spaces ON spaces.id = space_id JOIN shelters ON shelters.id = shelter_id \
         WHERE place <= $3 AND shelters.programme_id = $1 AND closed_on IS NULL \
         ORDER BY spaces.id, spare.code COLLATE \"C\"",
    )
    .bind::<SqlUuid, _>(context.programme_id())
    .bind::<Timestamptz, _>(context.now())
    .bind::<BigInt, _>(i64::try_from(guests).unwrap_or(i64::MAX));
    let rows: Vec<BedRow> = Prepared(asking).load(connection).await?;
    let mut rooms: Vec<Room> = Vec::new();
    for row in rows {
        let bed = FreeBed { id: row.bed, code: row.bed_code, suits: row.suits };
        match rooms.last_mut().filter(|room| room.id == row.space) {
            Some(room) => room.beds.push(bed),
            None => rooms.push(Room {
                id: row.space,
                code: row.space_code,
                segment: row.segment,
                site: Site { id: row.shelter, code: row.shelter_code, centre: row.centre },
                free: usize::try_from(row.free).unwrap_or_default(),
                beds: vec![bed],
            }),
        }
    }
    Ok(rooms)
}

/// A plan as it is shown; nobody is proposed nothing.
fn proposal(plan: Plan, guests: &[Member]) -> Option<PlacementProposal> {
    let penalty = plan.penalty();
    let places: Vec<ProposedPlace> = guests
        .iter()
        .zip(plan.places)
        .map(|(guest, place)| ProposedPlace {
            segment_fits: place.fit.segment,
            unmet_needs: place.fit.unmet,
            person_id: guest.id,
            bed_id: place.bed,
            judged: lodging_in(&guest.judged, &plan.site),
        })
        .collect();
    let judged = places.as_slice().first()?.judged.clone();
    let reasons = plan
        .reasons
        .into_iter()
        .map(|reason| PlacementReason {
            ground: reason.ground,
            text: reason.ground.text(reason.count),
            count: reason.count,
            penalty: reason.penalty,
            judged: judged.clone(),
        })
        .collect();
    Some(PlacementProposal {
        penalty,
        room_left: plan.room_left,
        reasons,
        places,
        shelter_id: plan.site.id,
        judged,
    })
}
