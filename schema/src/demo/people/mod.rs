//! Who is cared for: 2,767 invented people in 922 households, with what they agreed to, to whom they were referred, how they
//! were found; and who was born to them.

mod births;
mod findings;
mod homes;
mod households;
mod leaving;
mod someone;

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use ring::hmac;
use tokio_postgres::{Client, Transaction};
use uuid::Uuid;

use findings::{CONCLUSIONS, EXAMINED, PREGNANT, findings};
pub(super) use homes::Home;
use households::{Stay, pickup_code, sizes};
pub(super) use leaving::Departure;
use leaving::Leaving;
use someone::{FAMILIES, Someone};
pub(super) use someone::{hashed, opened, sealed};

pub(super) use births::Birth;
use births::{Expecting, Pregnancy};

use super::{ENDS_ON, Random, copy, id, local, programme_id};
use crate::census::search::{Mark, RULES, marks_of};
use crate::census::{BedNeed, FAMILY, IDENTITY, Kinship, MIGRATION, PLACEMENT, Placement};
use crate::error::Result;
use crate::health::{CONCLUSION, Conclusion, Encounter, FINDINGS, Specialty, VISIT};
use crate::indicators::Traits;
use crate::shelters::Segment;

/// From when on those are seen to whom no consultation was advised.
const TURNS_FROM: NaiveDate = NaiveDate::from_ymd_opt(2022, 2, 1).expect("a date, checked by the compiler");

row! {
    /// A household.
    Household in "households" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        code: String = TEXT,
        pickup_code: String = TEXT,
        arrived_on: NaiveDate = DATE,
        closed_on: Option<NaiveDate> = DATE,
        shelter_id: Option<Uuid> = UUID,
        head_id: Uuid = UUID,
    }
}

impl Household {
    /// Whether it has come by a day, and not left.
    pub(super) fn is_here_on(&self, day: NaiveDate) -> bool {
        self.arrived_on <= day && self.closed_on.is_none_or(|closed_on| day < closed_on)
    }
}

row! {
    /// A person, sealed.
    Person in "persons" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        household_id: Uuid = UUID,
        code: String = TEXT,
        arrived_on: NaiveDate = DATE,
        adult_from: NaiveDate = DATE,
        shelter_id: Option<Uuid> = UUID,
        identity: Vec<u8> = BYTEA,
        family: Vec<u8> = BYTEA,
        migration: Vec<u8> = BYTEA,
        placement: Vec<u8> = BYTEA,
        tokens_of: i32 = INT4,
    }
}

row! {
    /// What a person is found by, hashed.
    Token in "person_tokens" {
        person_id: Uuid = UUID,
        kind: &'static str = TEXT,
        token: Vec<u8> = BYTEA,
    }
}

row! {
    /// That a person is here, or was.
    Episode in "episodes" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        arrived_on: NaiveDate = DATE,
        ended_on: Option<NaiveDate> = DATE,
        ending: Option<&'static str> = TEXT,
    }
}

row! {
    /// A consent.
    Consent in "consents" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        recipient: &'static str = TEXT,
        purpose: &'static str = TEXT,
        given_at: DateTime<Utc> = TIMESTAMPTZ,
        ends_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        withdrawn_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
    }
}

row! {
    /// A referral.
    Referral in "referrals" {
        id: Uuid = UUID,
        programme_id: Uuid = UUID,
        person_id: Uuid = UUID,
        sender: &'static str = TEXT,
        recipient: &'static str = TEXT,
        purpose: &'static str = TEXT,
        legal_basis: &'static str = TEXT,
        classes: Option<Vec<&'static str>> = TEXT_ARRAY,
        ends_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        opened_at: DateTime<Utc> = TIMESTAMPTZ,
        accepted_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        declined_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        ended_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
    }
}

row! {
    /// A medical assessment, sealed.
    Assessment in "assessments" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        assessed_at: DateTime<Utc> = TIMESTAMPTZ,
        findings: Vec<u8> = BYTEA,
    }
}

row! {
    /// A visit, sealed.
    Visit in "visits" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        opened_at: DateTime<Utc> = TIMESTAMPTZ,
        closed_at: Option<DateTime<Utc>> = TIMESTAMPTZ,
        record: Vec<u8> = BYTEA,
    }
}

row! {
    /// A diagnosis, sealed.
    Diagnosis in "diagnoses" {
        id: Uuid = UUID,
        person_id: Uuid = UUID,
        assessment_id: Uuid = UUID,
        made_at: DateTime<Utc> = TIMESTAMPTZ,
        conclusion: Vec<u8> = BYTEA,
    }
}

/// Who needs a bed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Lodger {
    pub(super) person_id: Uuid,
    pub(super) household_id: Uuid,
    pub(super) shelter_id: Uuid,
    pub(super) segment: Segment,
    pub(super) bed_needs: Vec<BedNeed>,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
}

/// Who may learn something here, whether they have come yet or not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Learner {
    pub(super) person_id: Uuid,
    pub(super) code: String,
    pub(super) birth_year: i32,
    pub(super) arrived_on: NaiveDate,
    pub(super) leaves_on: NaiveDate,
    /// The shelter, and the days from and until which they lodge there.
    pub(super) lodging: Option<(Uuid, NaiveDate, NaiveDate)>,
}

/// The rows of these capabilities as they stand at an instant.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) households: Vec<Household>,
    /// Those who came.
    pub(super) persons: Vec<Person>,
    /// Those who were born here.
    pub(in crate::demo) newborns: Vec<Person>,
    pub(in crate::demo) births: Vec<Birth>,
    pub(in crate::demo) pregnancies: Vec<Pregnancy>,
    /// What tables tell people apart by.
    pub(super) traits: HashMap<Uuid, Traits>,
    /// What everyone is found by.
    marks: Vec<(Uuid, BTreeSet<Mark>)>,
    episodes: Vec<Episode>,
    pub(in crate::demo) departures: Vec<Departure>,
    pub(in crate::demo) consents: Vec<Consent>,
    pub(in crate::demo) referrals: Vec<Referral>,
    pub(in crate::demo) assessments: Vec<Assessment>,
    pub(super) visits: Vec<Visit>,
    pub(in crate::demo) diagnoses: Vec<Diagnosis>,
    /// Who lodges at some time, household by household.
    pub(super) lodgers: Vec<Lodger>,
    /// Where all of them are to live.
    pub(super) homes: Vec<Home>,
    /// Everyone, those who are yet to come too: who is chosen among them is the same on every day.
    pub(super) learners: Vec<Learner>,
}

impl Rows {
    /// Makes them as they stand on `day` at `now`.
    pub(super) fn generate(day: NaiveDate, now: DateTime<Utc>) -> Result<Self> {
        let mut rows = Self::default();
        let (mut people, mut expecting) = (0, Vec::new());
        let stays = Stay::all(&sizes());
        rows.homes = Home::all(&stays);
        let leaving = Leaving::all(&rows.homes);
        for (number, (stay, leaving)) in stays.into_iter().zip(&leaving).enumerate() {
            let (household, members) = household(number, people, (&stay, leaving), (day, now));
            if stay.arrived_on <= day {
                rows.arrive(&household, &members, (&stay, leaving), (day, now))?;
            }
            let household_id = household.id;
            if stay.arrived_on <= day {
                rows.households.push(household);
            }
            rows.learners.extend(members.iter().map(|someone| Learner {
                person_id: someone.id,
                code: someone.code.clone(),
                birth_year: someone.birth_year,
                arrived_on: stay.arrived_on,
                leaves_on: stay.leaves_on,
                lodging: stay.lodging,
            }));
            let pregnant = members.into_iter().filter(Someone::is_pregnant);
            expecting.extend(pregnant.map(|mother| {
                let recorded_at = assessed_at(&mother, &stay).1 + TimeDelta::minutes(20);
                Expecting::new(mother, (household_id, leaving.clone()), recorded_at, &stay)
            }));
            people += stay.size;
        }
        rows.births(&expecting, day, now)?;
        Ok(rows)
    }

    /// Writes them.
    pub(super) async fn copy(
        &self,
        transaction: &Transaction<'_>,
        search_key: &hmac::Key,
    ) -> Result<(), tokio_postgres::Error> {
        copy(transaction, &self.households).await?;
        copy(transaction, &self.persons).await?;
        copy(transaction, &self.newborns).await?;
        copy(transaction, &self.tokens(search_key)).await?;
        copy(transaction, &self.episodes).await?;
        copy(transaction, &self.departures).await?;
        // Whoever is registered from here on comes after them.
        let [households, persons] = [self.households.len(), self.persons.len() + self.newborns.len()]
            .map(|count| i64::try_from(count).unwrap_or_default());
        transaction
            .execute(
                "SELECT setval('household_numbers', $1::bigint + 1, false), setval('person_numbers', $2::bigint + 1, false)",
                &[&households, &persons],
            )
            .await?;
        copy(transaction, &self.consents).await?;
        copy(transaction, &self.referrals).await?;
        copy(transaction, &self.assessments).await?;
        copy(transaction, &self.visits).await?;
        copy(transaction, &self.diagnoses).await?;
        self.copy_births(transaction, search_key).await
    }

    fn tokens(&self, search_key: &hmac::Key) -> Vec<Token> {
        let of = |person_id: Uuid, mark: &Mark| Token {
            person_id,
            kind: mark.kind.as_str(),
            token: mark.token(search_key),
        };
        self.marks.iter().flat_map(|(person, marks)| marks.iter().map(|mark| of(*person, mark))).collect()
    }

    /// Writes everyone's key to the database that holds them, where what is there already is the same key; the key that people are
    /// searched for by, which may be there already and another.
    pub(super) async fn write_keys(&self, keys: &Client) -> Result<hmac::Key, tokio_postgres::Error> {
        let ids: Vec<Uuid> = self.persons.iter().chain(&self.newborns).map(|person| person.id).collect();
        let bytes: Vec<Vec<u8>> = ids.iter().map(|id| hashed(&["key", &id.to_string()]).to_vec()).collect();
        keys.execute(
            "INSERT INTO person_keys (person_id, key) SELECT * FROM unnest($1::uuid[], $2::bytea[]) \
             ON CONFLICT (person_id) DO NOTHING",
            &[&ids, &bytes],
        )
        .await?;
        write_search_key(keys).await
    }

    /// A household comes.
    fn arrive(
        &mut self,
        household: &Household,
        members: &[Someone],
        (stay, leaving): (&Stay, &Leaving),
        (day, now): (NaiveDate, DateTime<Utc>),
    ) -> Result<()> {
        for someone in members {
            self.person(someone, household, day)?;
            let began = (local(household.arrived_on, 9), household.arrived_on);
            self.episode(someone, began, leaving, now)?;
            self.lodger(someone, household, stay);
            self.relations(someone, stay, leaving.at, now);
            self.care(someone, stay, now)?;
        }
        Ok(())
    }

    fn person(&mut self, someone: &Someone, household: &Household, day: NaiveDate) -> Result<()> {
        self.persons.push(Person {
            id: someone.id,
            programme_id: programme_id(),
            household_id: household.id,
            code: someone.code.clone(),
            arrived_on: household.arrived_on,
            adult_from: someone.adult_from(),
            shelter_id: household.shelter_id,
            identity: someone.seal(IDENTITY, &someone.identity)?,
            family: someone.seal(FAMILY, &someone.family)?,
            migration: someone.seal(MIGRATION, &someone.migration(day))?,
            placement: someone.seal(PLACEMENT, &someone.placement())?,
            tokens_of: RULES,
        });
        self.marks.push((someone.id, marks_of(&someone.identity)));
        self.traits.insert(someone.id, someone.traits());
        Ok(())
    }

    /// Their time here, and how they leave.
    fn episode(
        &mut self,
        someone: &Someone,
        (began_at, arrived_on): (DateTime<Utc>, NaiveDate),
        leaving: &Leaving,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let episode = id("episodes", &someone.code, began_at);
        self.departures.extend(leaving.member(someone, (episode, began_at), now)?);
        let ended_on = leaving.gone_on(now);
        self.episodes.push(Episode {
            id: episode,
            person_id: someone.id,
            arrived_on,
            ended_on,
            ending: ended_on.map(|_| "DEPARTED"),
        });
        Ok(())
    }

    /// Where they are to lie, if they lodge.
    fn lodger(&mut self, someone: &Someone, household: &Household, stay: &Stay) {
        let Some((shelter_id, from, until)) = stay.lodging else { return };
        let Placement { segment, bed_needs } = someone.placement();
        self.lodgers.push(Lodger {
            person_id: someone.id,
            household_id: household.id,
            shelter_id,
            segment,
            bed_needs,
            from: local(from, 10),
            until: local(until, 10),
        });
    }

    /// What they agreed to, and where their case was sent.
    fn relations(&mut self, someone: &Someone, stay: &Stay, leaves_at: DateTime<Utc>, now: DateTime<Utc>) {
        let mut random = Random::seeded(&format!("consents/{}", someone.code));
        let given_at =
            local(stay.arrived_on + Days::new(1), 10) + TimeDelta::minutes(random.between(0, 359).into());
        let asked: [(&'static str, &'static str, u32); 7] = [
            ("ACNUR", "PROTECTION", 40),
            ("OIM", "PROTECTION", 25),
            ("INEA", "EDUCATION", if someone.is_minor() { 0 } else { 20 }),
            ("UNICEF", "EDUCATION", if someone.is_minor() { 45 } else { 5 }),
            ("NGO_MANOS_DEL_DESIERTO", "ASSISTANCE", 35),
            ("NGO_PUENTE_CACHANILLA", "HOUSING", 15),
            ("NGO_LETRAS_EN_CAMINO", "EDUCATION", 15),
        ];
        let mut standing = Vec::new();
        for (recipient, purpose, percent) in asked {
            let (agrees, withdraws, open) = (random.chance(percent), random.chance(6), random.chance(50));
            let withdrawn_at = given_at + TimeDelta::days(random.between(5, 30).into());
            if agrees && !withdraws {
                standing.push((recipient, purpose));
            }
            if agrees && given_at <= now {
                self.consents.push(Consent {
                    id: id("consents", &format!("{}/{recipient}/{purpose}", someone.code), given_at),
                    programme_id: programme_id(),
                    person_id: someone.id,
                    recipient,
                    purpose,
                    given_at,
                    ends_at: (!open).then(|| local(ENDS_ON, 24)),
                    withdrawn_at: (withdraws && withdrawn_at <= now).then_some(withdrawn_at),
                });
            }
        }
        let sent: [(&'static str, &'static str, &'static str, &'static str, u32); 4] = [
            ("DIF_MUNICIPAL", "OIM", "PROTECTION", "CONSENT", 6),
            ("DIF_MUNICIPAL", "INEA", "EDUCATION", "CONSENT", if someone.is_minor() { 0 } else { 8 }),
            ("DIF_MUNICIPAL", "ACNUR", "PROTECTION", "PUBLIC_INTEREST", 5),
            ("DIF_MUNICIPAL", "NGO_BOTIQUIN_SOLIDARIO", "HEALTH_CARE", "VITAL_INTEREST", 4),
        ];
        let mut carrying = Random::seeded(&format!("carried/{}", someone.code));
        for (sender, recipient, purpose, legal_basis, percent) in sent {
            let opened_at = given_at + TimeDelta::days(random.between(2, 20).into());
            let answered_at = opened_at + TimeDelta::hours(random.between(3, 96).into());
            let ended_at = answered_at + TimeDelta::days(random.between(7, 40).into());
            let (chosen, accepts, ends) = (random.chance(percent), random.chance(80), random.chance(40));
            // Who leaves has no case here any more, answered or not.
            let answered = answered_at < leaves_at;
            let ended_at = if ends { ended_at.min(leaves_at) } else { leaves_at };
            let (accepted, declined) = (answered && accepts, answered && !accepts);
            // Without a consent that stands, the case goes on another ground.
            let legal_basis = if legal_basis == "CONSENT" && !standing.contains(&(recipient, purpose)) {
                "PUBLIC_INTEREST"
            } else {
                legal_basis
            };
            let (is_narrowed, is_open) = (carrying.chance(40), carrying.chance(50));
            let is_narrowed = is_narrowed && legal_basis != "CONSENT";
            if chosen && opened_at < leaves_at && opened_at <= now {
                self.referrals.push(Referral {
                    id: id("referrals", &format!("{}/{recipient}/{purpose}", someone.code), opened_at),
                    programme_id: programme_id(),
                    person_id: someone.id,
                    sender,
                    recipient,
                    purpose,
                    legal_basis,
                    classes: is_narrowed.then(|| carried(purpose)),
                    ends_at: (!is_open).then(|| local(ENDS_ON, 24)),
                    opened_at,
                    accepted_at: (accepted && answered_at <= now).then_some(answered_at),
                    declined_at: (declined && answered_at <= now).then_some(answered_at),
                    ended_at: (!declined && ended_at <= now).then_some(ended_at),
                });
            }
        }
    }

    /// How they were found.
    fn care(&mut self, someone: &Someone, stay: &Stay, now: DateTime<Utc>) -> Result<()> {
        let (mut random, assessed_at) = assessed_at(someone, stay);
        if assessed_at <= now {
            let assessment_id = id("assessments", &someone.code, assessed_at);
            let ill = random.chance(18);
            let findings = findings(&mut random, someone, ill);
            let opened_at = if findings.consultation_advised {
                soon(someone, assessed_at)
            } else {
                in_turn(someone, stay)
            };
            self.visit(someone, opened_at, now)?;
            self.assessments.push(Assessment {
                id: assessment_id,
                person_id: someone.id,
                assessed_at,
                findings: someone.seal(FINDINGS, &findings)?,
            });
            let made_at = assessed_at + TimeDelta::minutes(random.between(10, 600).into());
            if ill && made_at <= now {
                let (code, note) = if someone.is_pregnant() {
                    PREGNANT
                } else {
                    *random.pick(&CONCLUSIONS).unwrap_or(&EXAMINED)
                };
                let conclusion = Conclusion { code: code.to_owned(), note: note.to_owned() };
                self.diagnoses.push(Diagnosis {
                    id: id("diagnoses", &someone.code, made_at),
                    person_id: someone.id,
                    assessment_id,
                    made_at,
                    conclusion: someone.seal(CONCLUSION, &conclusion)?,
                });
            }
        }
        Ok(())
    }
}

impl Rows {
    /// Everyone's visit.
    fn visit(&mut self, someone: &Someone, opened_at: DateTime<Utc>, now: DateTime<Utc>) -> Result<()> {
        let mut random = Random::seeded(&format!("visited/{}", someone.code));
        let closed_at = opened_at + TimeDelta::minutes(random.between(10, 45).into());
        let specialty = match random.below(20) {
            _ if someone.is_pregnant() => Specialty::Prenatal,
            0..2 => Specialty::Psychological,
            2 => Specialty::Specialist,
            _ => Specialty::General,
        };
        if opened_at <= now {
            let is_over = closed_at <= now;
            let note = is_over.then(|| "Consulta de seguimiento".to_owned());
            self.visits.push(Visit {
                id: id("visits", &someone.code, opened_at),
                person_id: someone.id,
                opened_at,
                closed_at: is_over.then_some(closed_at),
                record: someone.seal(VISIT, &Encounter { specialty, note })?,
            });
        }
        Ok(())
    }
}

/// Writes the key that people are searched for by, which may be there already and another.
pub(super) async fn write_search_key(keys: &Client) -> Result<hmac::Key, tokio_postgres::Error> {
    let fresh = hashed(&["search key"]).to_vec();
    let statement = "INSERT INTO search_keys (key) VALUES ($1) ON CONFLICT (single) DO NOTHING";
    keys.execute(statement, &[&fresh]).await?;
    let key: Vec<u8> = keys.query_one("SELECT key FROM search_keys", &[]).await?.get(0);
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &key))
}

/// A household and its members.
fn household(
    number: usize,
    before: usize,
    (stay, leaving): (&Stay, &Leaving),
    (day, now): (NaiveDate, DateTime<Utc>),
) -> (Household, Vec<Someone>) {
    let code = format!("HOG-{:04}", number + 1);
    let mut random = Random::seeded(&format!("households/{code}"));
    let family_name = *random.pick(&FAMILIES).unwrap_or(&"Paul");
    let has_partner = stay.size > 1 && random.chance(70);
    let member = |place: usize| {
        let kinship = match place {
            0 => Kinship::Head,
            1 if has_partner => Kinship::Partner,
            _ if random.chance(85) => Kinship::Child,
            _ => Kinship::Relative,
        };
        Someone::new(before + place, kinship, family_name, has_partner, stay)
    };
    let members: Vec<Someone> = (0..stay.size).map(member).collect();
    let household = Household {
        id: id("households", &code, local(stay.arrived_on, 8)),
        programme_id: programme_id(),
        pickup_code: pickup_code(&code),
        arrived_on: stay.arrived_on,
        closed_on: leaving.gone_on(now),
        code,
        shelter_id: stay.shelter_on(day),
        head_id: members.first().map_or_else(Uuid::nil, |head| head.id),
    };
    (household, members)
}

/// When somebody is assessed, the day after they came, and the chance of what is found.
fn assessed_at(someone: &Someone, stay: &Stay) -> (Random, DateTime<Utc>) {
    let mut random = Random::seeded(&format!("assessments/{}", someone.code));
    let after = TimeDelta::minutes(random.between(0, 479).into());
    (random, local(stay.arrived_on + Days::new(1), 8) + after)
}

/// When somebody is seen to whom a consultation was advised, some days later: on the default day a few still wait.
fn soon(someone: &Someone, assessed_at: DateTime<Utc>) -> DateTime<Utc> {
    let mut random = Random::seeded(&format!("visits/{}", someone.code));
    assessed_at
        + TimeDelta::days(random.between(0, 12).into())
        + TimeDelta::minutes(random.between(60, 240).into())
}

/// When everyone else is seen: from February on, until they leave.
fn in_turn(someone: &Someone, stay: &Stay) -> DateTime<Utc> {
    let until = stay.leaves_on - Days::new(1);
    let days = u32::try_from((until - TURNS_FROM).num_days()).unwrap_or_default();
    let mut random = Random::seeded(&format!("visits/{}", someone.code));
    let day = TURNS_FROM + Days::new(random.below(days).into());
    local(day, 8) + TimeDelta::minutes(random.between(0, 540).into())
}

/// The classes that a referral for a purpose carries, where it does not carry all.
fn carried(purpose: &str) -> Vec<&'static str> {
    match purpose {
        "PROTECTION" => vec!["IDENTITY", "MIGRATION"],
        "EDUCATION" => vec!["IDENTITY", "EDUCATION"],
        _ => vec!["IDENTITY"],
    }
}

#[cfg(test)]
mod tests {
    use super::super::{NOON, STARTS_ON};
    use super::households::{HOUSEHOLDS, LARGEST, PEOPLE};
    use super::*;

    fn on(day: NaiveDate) -> Rows {
        Rows::generate(day, local(day, NOON)).unwrap()
    }

    #[test]
    fn everyone_of_the_ficha_came_in_as_many_households() {
        let made = on(super::super::DEFAULT_DAY);
        assert_eq!((made.persons.len(), made.households.len()), (PEOPLE, HOUSEHOLDS));
        assert!(sizes().iter().all(|size| (1..=LARGEST).contains(size)));
        assert_eq!(on(ENDS_ON).persons.len(), PEOPLE);
    }

    #[test]
    fn seven_came_on_the_first_day() {
        let made = on(STARTS_ON);
        assert_eq!((made.persons.len(), made.households.len()), (7, 2));
    }

    #[test]
    fn nothing_lies_after_the_instant_of_loading() {
        for day in [STARTS_ON, STARTS_ON + Days::new(20), super::super::DEFAULT_DAY, ENDS_ON] {
            let (made, now) = (on(day), local(day, NOON));
            assert!(made.consents.iter().all(|consent| consent.given_at <= now));
            assert!(made.consents.iter().filter_map(|consent| consent.withdrawn_at).all(|at| at <= now));
            assert!(made.referrals.iter().all(|referral| referral.opened_at <= now));
            assert!(made.assessments.iter().all(|assessment| assessment.assessed_at <= now));
            assert!(made.diagnoses.iter().all(|diagnosis| diagnosis.made_at <= now));
            assert!(made.visits.iter().all(|visit| visit.closed_at.unwrap_or(visit.opened_at) <= now));
        }
    }

    #[test]
    fn nobody_lodges_at_the_end_and_most_do_on_the_default_day() {
        assert!(on(ENDS_ON).persons.iter().all(|person| person.shelter_id.is_none()));
        let lodging =
            on(super::super::DEFAULT_DAY).persons.iter().filter(|person| person.shelter_id.is_some()).count();
        assert!((2_000..PEOPLE).contains(&lodging), "{lodging}");
    }

    #[test]
    fn every_kind_of_record_is_there_in_number() {
        let made = on(super::super::DEFAULT_DAY);
        let few = [made.consents.len(), made.referrals.len(), made.diagnoses.len()];
        assert!(few.iter().all(|count| *count > 100), "{few:?}");
        assert_eq!(made.assessments.len(), PEOPLE);
        assert!((400..1_500).contains(&made.visits.len()), "{}", made.visits.len());
        let minors =
            made.persons.iter().filter(|person| person.adult_from > super::super::DEFAULT_DAY).count();
        assert!((600..1_500).contains(&minors), "{minors}");
    }

    #[test]
    fn fourteen_are_born_until_the_end_and_some_by_the_default_day() {
        let (earlier, all) = (on(super::super::DEFAULT_DAY), on(ENDS_ON));
        assert_eq!((all.newborns.len(), all.births.len()), (14, 14));
        assert!((3..12).contains(&earlier.newborns.len()), "{}", earlier.newborns.len());
        assert!(all.births.starts_with(&earlier.births), "a later day only adds");
        let codes: Vec<String> = (1..=14).map(|number| format!("PER-{:05}", PEOPLE + number)).collect();
        assert_eq!(all.newborns.iter().map(|newborn| newborn.code.clone()).collect::<Vec<_>>(), codes);
        assert!(all.pregnancies.len() > 2 * 14 - 2);
        // They are persons, and no entries.
        assert_eq!(all.episodes.len(), PEOPLE + 14);
        let born: BTreeSet<Uuid> = all.newborns.iter().map(|newborn| newborn.id).collect();
        assert!(all.persons.iter().all(|person| !born.contains(&person.id)));
    }

    #[test]
    fn everyone_was_seen_when_the_programme_closes() {
        let made = on(ENDS_ON);
        let mut seen: Vec<Uuid> = made
            .visits
            .iter()
            .filter(|visit| visit.closed_at.is_some())
            .map(|visit| visit.person_id)
            .collect();
        seen.sort_unstable();
        seen.dedup();
        let mut came: Vec<Uuid> = made.persons.iter().map(|person| person.id).collect();
        came.sort_unstable();
        assert_eq!((seen, made.visits.len()), (came, PEOPLE));
    }

    #[test]
    fn two_loads_are_the_same_and_no_two_codes_are() {
        let made = on(ENDS_ON);
        assert_eq!(made, on(ENDS_ON));
        let mut ids: Vec<Uuid> = made.persons.iter().map(|person| person.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), PEOPLE);
    }
}
