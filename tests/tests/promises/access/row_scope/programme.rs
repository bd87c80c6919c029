//! A programme of chance: its people and what tells of them, what the journal has, and who asks.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::Utc;
use enlace::auth::dev::TokenRequest;
use enlace_policies::{Fact, ROLES, UserPrincipal};
use enlace_tests::{Client, World};
use proptest::prelude::*;
use uuid::Uuid;

use crate::reference::oracle::Record;

/// Two actors for every role, and more for those whose rules turn on people.
const MORE: [&str; 26] = [
    "clinician",
    "clinician",
    "clinician",
    "clinician",
    "coordinator",
    "coordinator",
    "coordinator",
    "coordinator",
    "coordinator",
    "adviser",
    "adviser",
    "adviser",
    "donor",
    "donor",
    "donor",
    "shelter_lead",
    "shelter_lead",
    "shelter_lead",
    "shelter_lead",
    "programmes",
    "programmes",
    "programmes",
    "programmes",
    "programmes",
    "educator",
    "partner",
];
const ACTORS: usize = 2 * ROLES.len() + MORE.len();
const PEOPLE: usize = 120;
/// Those of them whose health was assessed, and those whose record someone opens.
const PATIENTS: usize = 20;
const EMERGENCIES: usize = 8;
const HOUSEHOLDS: usize = 50;

/// Agencies that people are referred to, that teach, that offer work, and that act.
pub(super) const AGENCIES: [&str; 8] =
    ["INEA", "ACNUR", "OIM", "UNICEF", "NGO_LETRAS_EN_CAMINO", "ISESALUD", "DIF_ESTATAL", "ONU"];
/// Where an actor may be who is at none of those that its role has.
const ELSEWHERE: [&str; 6] = ["DIF_MUNICIPAL", "SEDENA", "DSPM", "CNDH", "NGO_PAN_DEL_VALLE", "RP"];
const PURPOSES: [&str; 2] = ["EDUCATION", "PROTECTION"];
/// What a referral carries.
const CARRIED: [Option<&[&str]>; 4] =
    [None, None, Some(&["IDENTITY", "EDUCATION"]), Some(&["IDENTITY", "MIGRATION"])];
/// Where a witness may be: other agencies have no key to make pseudonyms with.
const WITNESSES: [&str; 2] = ["CNDH", "CEDH"];
pub(super) const SHELTERS: [&str; 12] = [
    "ALB-01", "ALB-02", "ALB-03", "ALB-04", "ALB-05", "ALB-06", "ALB-07", "ALB-08", "ALB-09", "ALB-10",
    "ALB-11", "ALB-12",
];

/// A person, by the places of their shelter and household, and whether they are a minor.
#[derive(Debug, Clone)]
pub(super) struct Someone {
    pub(super) shelter: Option<usize>,
    pub(super) household: usize,
    pub(super) minor: bool,
}

/// A consent or a referral: of whom, to which agency, for what, by what right, and where it stands now.
#[derive(Debug, Clone)]
pub(super) struct Share {
    pub(super) person: usize,
    pub(super) sender: &'static str,
    pub(super) recipient: &'static str,
    pub(super) purpose: &'static str,
    pub(super) legal_basis: &'static str,
    /// The classes that a referral carries, where not all.
    pub(super) classes: Option<&'static [&'static str]>,
    pub(super) state: usize,
}

/// An actor, as the grants and the token have it.
#[derive(Debug, Clone)]
pub(super) struct Actor {
    pub(super) agency: &'static str,
    pub(super) granted: BTreeSet<&'static str>,
    /// Roles that were granted and are no longer.
    pub(super) ended: BTreeSet<&'static str>,
    pub(super) claimed: BTreeSet<&'static str>,
    pub(super) reads_as: &'static str,
    pub(super) own: BTreeSet<&'static str>,
    pub(super) claimed_shelters: BTreeSet<&'static str>,
    pub(super) purpose: Option<&'static str>,
    /// Whose record it opened in an emergency, and what became of that.
    pub(super) opened: Option<(usize, Emergency)>,
}

/// What became of a record that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Emergency {
    Open,
    EndedBefore,
    Over,
}

/// A whole programme of chance.
#[derive(Debug, Clone)]
pub(super) struct Programme {
    pub(super) households: Vec<Option<usize>>,
    pub(super) people: Vec<Someone>,
    pub(super) consents: Vec<Share>,
    pub(super) referrals: Vec<Share>,
    /// By person and agency.
    pub(super) enrolments: Vec<(usize, &'static str)>,
    /// By person.
    pub(super) assessments: Vec<usize>,
    /// By assessment.
    pub(super) diagnoses: Vec<usize>,
    /// Emergencies that are long over, by person and agency.
    pub(super) emergencies: Vec<(usize, &'static str)>,
    /// What the journal has: who acted.
    pub(super) entries: Vec<Option<&'static str>>,
    pub(super) actors: Vec<Actor>,
    /// The agencies whose agreement is not in force.
    pub(super) lapsed: BTreeSet<&'static str>,
}

fn one_of(values: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop::sample::select(values)
}

fn some_of(
    values: &'static [&'static str],
    count: RangeInclusive<usize>,
) -> impl Strategy<Value = BTreeSet<&'static str>> {
    prop::sample::subsequence(values, count).prop_map(BTreeSet::from_iter)
}

/// Consents count in states 0 and 1, referrals in state 0, unless they are on the ground of consent.
fn shares(count: usize) -> impl Strategy<Value = Vec<Share>> {
    let parties = (0..PEOPLE, one_of(&["DIF_MUNICIPAL", "SEDENA"]), one_of(&AGENCIES));
    let ground = one_of(&["CONSENT", "VITAL_INTEREST", "LEGAL_DUTY"]);
    let share = (parties, one_of(&PURPOSES), ground, prop::sample::select(&CARRIED[..]), 0_usize..5);
    let share = share.prop_map(|((person, sender, recipient), purpose, legal_basis, classes, state)| {
        // On the ground of consent nothing is narrowed. As many count as do not.
        let classes = classes.filter(|_| legal_basis != "CONSENT");
        Share { person, sender, recipient, purpose, legal_basis, classes, state: state.saturating_sub(1) }
    });
    prop::collection::vec(share, count)
}

/// Most of those who opened a record have it open still.
fn opened() -> impl Strategy<Value = Option<(usize, Emergency)>> {
    let state = prop_oneof![4 => Just(Emergency::Open), 1 => Just(Emergency::EndedBefore), 1 => Just(Emergency::Over)];
    prop::option::weighted(0.9, (0..EMERGENCIES, state))
}

fn actor(base: usize) -> impl Strategy<Value = Actor> {
    let role = match MORE.get(base) {
        Some(code) => ROLES.iter().find(|role| role.code == *code).unwrap(),
        None => &ROLES[base % ROLES.len()],
    };
    let home = match role.agencies[0] {
        "NGO_*" => "NGO_LETRAS_EN_CAMINO",
        "*" => "ACNUR",
        agency => agency,
    };
    let homes: Vec<&'static str> =
        role.agencies.iter().copied().filter(|agency| !agency.ends_with('*')).chain([home]).collect();
    let codes: Vec<&'static str> = ROLES.iter().map(|role| role.code).collect();
    let others = prop::sample::subsequence(codes.clone(), 0..=2);
    (
        (prop::sample::select(homes), one_of(&ELSEWHERE), 0..10),
        (others, 0..10, 0..10),
        prop::sample::select(codes),
        (some_of(&SHELTERS, 2..=8), some_of(&SHELTERS, 4..=12)),
        (one_of(&PURPOSES), 0..12),
        opened(),
    )
        .prop_map(
            move |(
                (home, elsewhere, where_at),
                (others, alone, odd),
                reads_as,
                shelters,
                (purpose, stated),
                opened,
            )| {
                let mut granted = BTreeSet::from([role.code]);
                // A few hold several roles, also such as nobody should be granted together: the policies hold even so.
                if alone < 3 {
                    granted.extend(others.iter().copied());
                }
                let mut claimed = granted.clone();
                claimed.extend(others.first().copied().filter(|_| odd < 3));
                let ended = others.last().copied().filter(|role| odd == 9 && !granted.contains(role));
                claimed.extend(ended);
                if odd == 8 && granted.len() > 1 {
                    claimed.remove(role.code);
                }
                let reads = granted.contains("integrator").then_some(reads_as);
                let agency = if where_at < 2 { elsewhere } else { home };
                let watches = granted.contains("witness") || reads == Some("witness");
                Actor {
                    agency: if watches && !WITNESSES.contains(&agency) {
                        WITNESSES[usize::from(where_at % 2 == 0)]
                    } else {
                        agency
                    },
                    opened,
                    granted,
                    ended: ended.into_iter().collect(),
                    claimed,
                    reads_as,
                    own: shelters.0,
                    claimed_shelters: shelters.1,
                    purpose: match stated {
                        0 => None,
                        1 => Some("HOUSING"),
                        _ => Some(purpose),
                    },
                }
            },
        )
}

/// Assessments, the diagnoses that rest on them, and emergencies.
fn health() -> impl Strategy<Value = (Vec<usize>, Vec<usize>, Vec<(usize, &'static str)>)> {
    const ASSESSMENTS: usize = 160;
    (
        prop::collection::vec(0..PATIENTS, ASSESSMENTS),
        prop::collection::vec(0..ASSESSMENTS, 40),
        prop::collection::vec((0..PEOPLE, one_of(&AGENCIES)), 60),
    )
}

pub(super) fn programme() -> impl Strategy<Value = Programme> {
    let someone = (prop::option::of(0..SHELTERS.len()), 0..HOUSEHOLDS, any::<bool>())
        .prop_map(|(shelter, household, minor)| Someone { shelter, household, minor });
    let actors: Vec<_> = (0..ACTORS).map(actor).collect();
    (
        prop::collection::vec(prop::option::of(0..SHELTERS.len()), HOUSEHOLDS),
        prop::collection::vec(someone, PEOPLE),
        shares(420),
        shares(240),
        prop::collection::vec((0..PEOPLE, one_of(&AGENCIES)), 120),
        health(),
        prop::collection::vec(prop::option::weighted(0.9, one_of(&AGENCIES)), 60),
        actors,
        some_of(&["SEDENA", "ONU", "RP", "BISOM", "PCE", "CDM"], 0..=3),
    )
        .prop_map(
            |(households, people, consents, referrals, enrolments, health, entries, actors, lapsed)| {
                let (assessments, diagnoses, emergencies) = health;
                Programme {
                    households,
                    people,
                    consents,
                    referrals,
                    enrolments,
                    assessments,
                    diagnoses,
                    emergencies,
                    entries,
                    actors,
                    lapsed,
                }
            },
        )
}

/// Whether what is known of a person is withheld: of one in four, half of whom were erased.
pub(super) fn withheld(person: usize) -> Option<&'static str> {
    match person % 8 {
        3 => Some("BLOCKED"),
        6 => Some("ERASED"),
        _ => None,
    }
}

/// Keys that say of what kind and which they are.
pub(super) fn key(kind: u128, number: usize) -> Uuid {
    Uuid::from_u128((kind << 64) | number as u128)
}

pub(super) const HOUSEHOLD: u128 = 1;
pub(super) const PERSON: u128 = 2;
pub(super) const CONSENT: u128 = 3;
pub(super) const REFERRAL: u128 = 4;
pub(super) const ENROLMENT: u128 = 5;
pub(super) const ENTRY: u128 = 6;
pub(super) const ASSESSMENT: u128 = 7;
pub(super) const DIAGNOSIS: u128 = 8;
pub(super) const ACCESS: u128 = 9;
pub(super) const EMPLOYER: u128 = 10;
pub(super) const VACANCY: u128 = 11;
pub(super) const PROFILE: u128 = 12;
pub(super) const APPLICATION: u128 = 13;
pub(super) const DWELLING: u128 = 14;
pub(super) const LEASE: u128 = 15;
pub(super) const TENANCY: u128 = 16;
pub(super) const INTAKE: u128 = 17;
pub(super) const CUSTODY: u128 = 18;

/// The subject of whoever takes down every intake that is open.
pub(super) const TAKER: &str = "dif_municipal.coordinator";

/// The operation of the entries that are made here.
pub(super) const OPERATION: &str = "promise.chance";

impl Programme {
    /// A consent stands once for each person, agency and purpose: two at once would overlap.
    pub(super) fn consents(&self) -> Vec<&Share> {
        let mut seen = BTreeSet::new();
        self.consents
            .iter()
            .filter(|share| seen.insert((share.person, share.recipient, share.purpose)))
            .collect()
    }

    /// A case is open once with each agency for a purpose.
    pub(super) fn referrals(&self) -> Vec<&Share> {
        let mut seen = BTreeSet::new();
        self.referrals
            .iter()
            .filter(|share| seen.insert((share.person, share.recipient, share.purpose)))
            .collect()
    }

    /// How custody was handed on: of whom, by which agency, and to which. As cases were referred, and every other time back.
    pub(super) fn custody(&self) -> Vec<(usize, &'static str, &'static str)> {
        let handed_on = |(number, share): (usize, &Share)| {
            let Share { person, sender, recipient, .. } = *share;
            if number.is_multiple_of(2) { (person, recipient, sender) } else { (person, sender, recipient) }
        };
        self.referrals().into_iter().enumerate().map(handed_on).collect()
    }

    /// With whom, and for what, the data of each person is shared.
    fn shared(&self) -> Vec<BTreeSet<String>> {
        let mut shared = vec![BTreeSet::new(); PEOPLE];
        let consents = self.consents().into_iter().filter(|share| share.state <= 1);
        // On the ground of consent, it is the consent that shares.
        let referrals = self.referrals().into_iter();
        let referrals = referrals.filter(|share| share.state == 0 && share.legal_basis != "CONSENT");
        let (narrowed, whole): (Vec<_>, Vec<_>) = referrals.partition(|share| share.classes.is_some());
        for share in consents.chain(whole) {
            shared[share.person].insert(format!("{}/{}", share.recipient, share.purpose));
        }
        for share in narrowed {
            let carried = share.classes.unwrap().iter();
            let carried = carried.map(|class| format!("{}/{}/{class}", share.recipient, share.purpose));
            shared[share.person].extend(carried);
        }
        shared
    }

    /// What a rule may ask of each person.
    pub(super) fn people(&self) -> Vec<Record> {
        let shared = self.shared();
        let record = |(number, (someone, shared)): (usize, (&Someone, BTreeSet<String>))| {
            Record::default()
                .with(Fact::Person, Some(&key(PERSON, number).to_string()))
                .with(Fact::Shelter, someone.shelter.map(|place| SHELTERS[place]))
                .with(Fact::AgeGroup, Some(if someone.minor { "minor" } else { "adult" }))
                .with(Fact::Withheld, withheld(number))
                .with_set(Fact::SharedWith, shared)
        };
        self.people.iter().zip(shared).enumerate().map(record).collect()
    }

    pub(super) fn households(&self) -> Vec<Record> {
        let shared = self.shared();
        let record = |(number, shelter): (usize, &Option<usize>)| {
            let members = self.people.iter().zip(&shared).filter(|(someone, _)| someone.household == number);
            let of_members = members.flat_map(|(_, shared)| shared.iter().cloned());
            Record::default()
                .with(Fact::Shelter, shelter.map(|place| SHELTERS[place]))
                .with_set(Fact::SharedWith, of_members.collect::<BTreeSet<_>>())
        };
        self.households.iter().enumerate().map(record).collect()
    }

    /// Of two who live by each lease, with whom the data of one at least is shared who is not withheld.
    pub(super) fn leases(&self) -> Vec<Record> {
        let shared: Vec<BTreeSet<String>> = self.shared();
        let known = |person: usize| withheld(person).is_none();
        let record = |home: usize| {
            let tenants = (2 * home..self.people.len().min(2 * home + 2)).filter(|person| known(*person));
            let of_tenants = tenants.flat_map(|person| shared[person].iter().cloned());
            Record::default().with_set(Fact::SharedWith, of_tenants.collect::<BTreeSet<_>>())
        };
        (0..self.people.len().div_ceil(2)).map(record).collect()
    }

    /// An intake of each person: of two in three it is open.
    pub(super) fn intakes(&self) -> Vec<Record> {
        let taker = |number: usize| (!number.is_multiple_of(3)).then_some(TAKER);
        let people = self.people().into_iter().enumerate();
        people.map(|(number, person)| person.with(Fact::User, taker(number))).collect()
    }

    /// Of whom each assessment tells.
    pub(super) fn assessments(&self) -> Vec<Record> {
        let record = |person: &usize| {
            Record::default()
                .with(Fact::Person, Some(&key(PERSON, *person).to_string()))
                .with(Fact::Withheld, withheld(*person))
        };
        self.assessments.iter().map(record).collect()
    }

    /// Of whom each diagnosis tells.
    pub(super) fn diagnoses(&self) -> Vec<Record> {
        let assessments = self.assessments();
        self.diagnoses.iter().map(|assessment| assessments[*assessment].clone()).collect()
    }

    /// Every record that was opened: of whom, by which actor, for which agency, and what became of it.
    pub(super) fn accesses(&self) -> Vec<(usize, usize, &'static str, Emergency)> {
        let now = self.actors.iter().enumerate().filter_map(|(number, actor)| {
            let (person, state) = actor.opened?;
            Some((person, number, actor.agency, state))
        });
        let before = self.emergencies.iter().enumerate();
        let before = before.map(|(number, (person, agency))| {
            (*person, number % self.actors.len(), *agency, Emergency::Over)
        });
        now.chain(before).collect()
    }

    /// For which agency each record was opened.
    pub(super) fn opened(&self) -> Vec<Record> {
        let accesses = self.accesses().into_iter();
        accesses.map(|(_, _, agency, _)| Record::default().with(Fact::Agency, Some(agency))).collect()
    }

    /// As the policies know an actor.
    pub(super) fn principal(&self, actor: &Actor) -> UserPrincipal {
        let held: BTreeSet<&str> = actor.granted.intersection(&actor.claimed).copied().collect();
        let shelters =
            actor.own.intersection(&actor.claimed_shelters).filter(|_| held.contains("shelter_lead"));
        UserPrincipal {
            user: "self".to_owned(),
            agency: actor.agency.to_owned(),
            reads_as: held.contains("integrator").then(|| actor.reads_as.to_owned()),
            shelters: shelters.map(|code| (*code).to_owned()).collect(),
            roles: held.into_iter().map(str::to_owned).collect(),
            agreement_in_force: !self.lapsed.contains(actor.agency),
            purpose: actor.purpose.map(str::to_owned),
            opened: actor
                .opened
                .filter(|(_, state)| *state == Emergency::Open)
                .map(|(person, _)| key(PERSON, person).to_string()),
        }
    }
}

pub(super) fn subject(number: usize) -> String {
    format!("chance.{number}")
}

/// A client with an actor's token and purpose.
pub(super) fn client(world: &World, number: usize, actor: &Actor) -> Client {
    let texts = |set: &BTreeSet<&'static str>| set.iter().map(|text| (*text).to_owned()).collect();
    let request = TokenRequest {
        agency: actor.agency.to_owned(),
        roles: texts(&actor.claimed),
        shelters: texts(&actor.claimed_shelters),
        user: Some(subject(number)),
        ttl: Duration::from_hours(1),
    };
    let client = Client::new(world.address, Some(world.issuer.mint(&request, Utc::now()).unwrap()));
    actor.purpose.map_or_else(|| client.clone(), |purpose| client.stating(purpose))
}
