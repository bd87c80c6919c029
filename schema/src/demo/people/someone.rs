//! Who somebody is: invented, of names that are drawn from two lists and belong to nobody.

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::households::Stay;
use crate::census::{
    BedNeed, Family, Identity, IdentityDocument, Kinship, MaritalStatus, Migration, MigrationStatus,
    Placement, Sex, check_digit,
};
use crate::demo::{ENDS_ON, Random, STARTS_ON, id, local};
use crate::error::{Error, Result};
use crate::indicators::Traits;
use crate::scalars::PartialDate;
use crate::shelters::Segment;
use crate::vault::Key;

const WOMEN: [&str; 24] = [
    "Marie",
    "Rose",
    "Guerline",
    "Fabiola",
    "Nadège",
    "Mirlande",
    "Esther",
    "Judith",
    "Widline",
    "Claudette",
    "Yolande",
    "Magalie",
    "Roseline",
    "Kettly",
    "Jocelyne",
    "Islande",
    "Lovely",
    "Daphnée",
    "Ruth",
    "Sherly",
    "Wideline",
    "Carline",
    "Naomie",
    "Bettina",
];
const MEN: [&str; 24] = [
    "Jean",
    "Pierre",
    "Wilner",
    "Jacques",
    "Emmanuel",
    "Frantz",
    "Ricardo",
    "Wisly",
    "Jimmy",
    "Evens",
    "Stanley",
    "Samuel",
    "Dieudonné",
    "Kervens",
    "Lucner",
    "Mackenson",
    "Robenson",
    "Ysmael",
    "Patrick",
    "Junior",
    "Wendy",
    "Guyto",
    "Herold",
    "Nixon",
];
pub(super) const FAMILIES: [&str; 32] = [
    "Augustin",
    "Baptiste",
    "Belizaire",
    "Cadet",
    "Charles",
    "Célestin",
    "Desrosiers",
    "Dorvil",
    "Estimé",
    "Étienne",
    "Fleurimond",
    "François",
    "Germain",
    "Guerrier",
    "Hyppolite",
    "Jean-Louis",
    "Joseph",
    "Lafleur",
    "Laguerre",
    "Louissaint",
    "Mésidor",
    "Michel",
    "Noël",
    "Occéan",
    "Paul",
    "Petit-Frère",
    "Philistin",
    "Rémy",
    "Saintilus",
    "Toussaint",
    "Valcin",
    "Vilsaint",
];

/// An invented person.
pub(super) struct Someone {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) key: [u8; 32],
    pub(super) age: i32,
    pub(super) birth_year: i32,
    pub(super) identity: Identity,
    pub(super) family: Family,
    /// Whether they came with nobody.
    alone: bool,
}

impl Someone {
    pub(super) fn new(
        number: usize,
        kinship: Kinship,
        family_name: &str,
        has_partner: bool,
        stay: &Stay,
    ) -> Self {
        let code = format!("PER-{:05}", number + 1);
        let mut random = Random::seeded(&format!("persons/{code}"));
        let id = id("persons", &code, local(stay.arrived_on, 9));
        let age = match kinship {
            Kinship::Head | Kinship::Partner => random.between(19, 52),
            Kinship::Child => random.between(0, 17),
            Kinship::Relative => random.between(14, 70),
        };
        let sex = if random.chance(46) { Sex::Female } else { Sex::Male };
        let given = random.pick(if sex == Sex::Female { &WOMEN } else { &MEN }).copied().unwrap_or("Marie");
        let born_abroad = kinship == Kinship::Child && age < 5 && random.chance(45);
        let nationality = match (born_abroad, random.chance(60)) {
            (true, true) => "CHL",
            (true, false) => "BRA",
            (false, _) => "HTI",
        };
        let (month, day) = (random.between(1, 12), random.between(1, 28));
        // Nobody comes before they are born.
        let comes_first = age == 0 && (month, day) > month_and_day(stay.arrived_on);
        let birth_year = stay.arrived_on.year() - age - i32::from(comes_first);
        // Of many only the year is known, or the month.
        let known = random.below(10);
        let part = |value: i32, wanted: u32| u8::try_from(value).ok().filter(|_| known >= wanted);
        let birth_date =
            PartialDate::new(u16::try_from(birth_year).unwrap_or_default(), part(month, 1), part(day, 2));
        let marital_status = match kinship {
            Kinship::Head | Kinship::Partner if has_partner && random.chance(40) => MaritalStatus::Married,
            Kinship::Head | Kinship::Partner if has_partner => MaritalStatus::FreeUnion,
            _ if age > 55 && random.chance(30) => MaritalStatus::Widowed,
            _ => MaritalStatus::Single,
        };
        Self {
            id,
            key: hashed(&["key", &id.to_string()]),
            age,
            birth_year,
            identity: Identity {
                given_names: given.to_owned(),
                family_names: family_name.to_owned(),
                birth_date,
                sex,
                nationality: nationality.to_owned(),
                languages: languages(number, nationality),
                documents: document(number, nationality).into_iter().collect(),
                curp: curp(number, sex, birth_date),
                photograph: Some(format!("FOTO-{code}")),
            },
            family: Family { kinship, marital_status: (age >= 18).then_some(marital_status) },
            alone: stay.size == 1,
            code,
        }
    }

    /// Somebody who is born to a mother, of her household and its name.
    pub(super) fn newborn(number: usize, mother: &Self, born_at: DateTime<Utc>, born_on: NaiveDate) -> Self {
        let code = format!("PER-{:05}", number + 1);
        let mut random = Random::seeded(&format!("persons/{code}"));
        let id = id("persons", &code, born_at);
        let sex = if random.chance(50) { Sex::Female } else { Sex::Male };
        let given = random.pick(if sex == Sex::Female { &WOMEN } else { &MEN }).copied().unwrap_or("Marie");
        let part = |number: u32| u8::try_from(number).ok();
        let kinship = match mother.family.kinship {
            Kinship::Head | Kinship::Partner => Kinship::Child,
            Kinship::Child | Kinship::Relative => Kinship::Relative,
        };
        Self {
            id,
            key: hashed(&["key", &id.to_string()]),
            age: 0,
            birth_year: born_on.year(),
            identity: Identity {
                given_names: given.to_owned(),
                family_names: mother.identity.family_names.clone(),
                birth_date: PartialDate::new(
                    u16::try_from(born_on.year()).unwrap_or_default(),
                    part(born_on.month()),
                    part(born_on.day()),
                ),
                sex,
                nationality: "MEX".to_owned(),
                languages: Vec::new(),
                documents: Vec::new(),
                curp: None,
                photograph: None,
            },
            family: Family { kinship, marital_status: None },
            alone: false,
            code,
        }
    }

    /// What tables tell them apart from others by.
    pub(super) fn traits(&self) -> Traits {
        let Identity { sex, birth_date, nationality, .. } = &self.identity;
        Traits { sex: *sex, birth_date: *birth_date, nationality: nationality.clone() }
    }

    pub(super) fn is_minor(&self) -> bool {
        self.age < 18
    }

    /// The first of January after the year in which they turn 18.
    pub(super) fn adult_from(&self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.birth_year + 19, 1, 1).unwrap_or(ENDS_ON)
    }

    pub(super) fn migration(&self, day: NaiveDate) -> Migration {
        let mut random = Random::seeded(&format!("migration/{}", self.code));
        let (roll, settled) = (random.below(100), day > STARTS_ON + Days::new(30));
        let status = match roll {
            0..35 => MigrationStatus::AsylumSeeker,
            35..60 if settled => MigrationStatus::HumanitarianVisitor,
            60..66 if settled => MigrationStatus::Refugee,
            _ => MigrationStatus::Undocumented,
        };
        let procedure =
            (status != MigrationStatus::Undocumented).then(|| format!("SINT-{:06}", random.below(1_000_000)));
        Migration { status: Some(status), procedure }
    }

    pub(super) fn is_pregnant(&self) -> bool {
        self.identity.sex == Sex::Female
            && (18..42).contains(&self.age)
            && Random::seeded(&format!("pregnant/{}", self.code)).chance(9)
    }

    pub(super) fn placement(&self) -> Placement {
        let mut random = Random::seeded(&format!("placement/{}", self.code));
        let pregnant = self.is_pregnant();
        let segment = if pregnant {
            Segment::Pregnancy
        } else if random.chance(6) {
            Segment::RespiratoryRisk
        } else if self.age > 40 && random.chance(20) {
            Segment::ChronicIllness
        } else if self.alone && self.identity.sex == Sex::Female {
            Segment::SingleWomen
        } else if self.alone {
            Segment::SingleMen
        } else {
            Segment::FamilyNucleus
        };
        let mut bed_needs = Vec::new();
        if self.age < 2 {
            bed_needs.push(BedNeed::Cot);
        }
        if pregnant || self.age > 60 {
            bed_needs.extend([BedNeed::LowerBed, BedNeed::NearToilets]);
        }
        if segment == Segment::RespiratoryRisk {
            bed_needs.push(BedNeed::Apart);
        }
        Placement { segment, bed_needs }
    }

    pub(super) fn seal(&self, part: &str, value: &impl Serialize) -> Result<Vec<u8>> {
        sealed(self.id, part, "", value)
    }
}

/// A part of what is known of a person, sealed under their key. Its nonce is of the person, the part and, where there are several of
/// it, `of` which: of each there is one.
pub(in crate::demo) fn sealed(person: Uuid, part: &str, of: &str, value: &impl Serialize) -> Result<Vec<u8>> {
    let nonce = hashed(&["nonce", part, of, &person.to_string()]);
    let key = Key::new(&hashed(&["key", &person.to_string()]))?;
    key.seal(person, part, nonce.first_chunk().copied().unwrap_or_default(), value)
}

/// What was sealed of a person by [`sealed`].
pub(in crate::demo) fn opened<T: DeserializeOwned>(person: Uuid, part: &str, sealed: &[u8]) -> Result<T> {
    let opened = Key::new(&hashed(&["key", &person.to_string()]))?.open(person, part, sealed);
    let opened = opened.ok_or_else(|| Error::internal("what the demonstration sealed does not open"))?;
    serde_json::from_slice(&opened).map_err(Error::internal)
}

fn month_and_day(date: NaiveDate) -> (i32, i32) {
    (date.month().cast_signed(), date.day().cast_signed())
}

/// The languages of somebody of a nationality.
fn languages(number: usize, nationality: &str) -> Vec<String> {
    let also = match nationality {
        "CHL" => Some("es"),
        "BRA" => Some("pt"),
        _ if number.is_multiple_of(3) => Some("fr"),
        _ if number.is_multiple_of(5) => Some("es"),
        _ => None,
    };
    ["ht"].into_iter().chain(also).map(str::to_owned).collect()
}

/// A passport that nobody has, of two in three.
fn document(number: usize, nationality: &str) -> Option<IdentityDocument> {
    let has_one = !number.is_multiple_of(3);
    has_one
        .then(|| IdentityDocument::parse(&format!("PASSPORT {nationality} DEMO-{:05}", number + 1)))
        .flatten()
}

/// A CURP that nobody has, in whose place of a name stands `XXXX`; of a few whose date of birth is known.
fn curp(number: usize, sex: Sex, born: Option<PartialDate>) -> Option<String> {
    let date = born.filter(|_| number.is_multiple_of(7))?.to_string();
    let [century, year, month, day] = [date.get(..2)?, date.get(2..4)?, date.get(5..7)?, date.get(8..10)?];
    let sex = if sex == Sex::Female { 'M' } else { 'H' };
    let homoclave = if century == "19" { '0' } else { 'A' };
    let first = format!("XXXX{year}{month}{day}{sex}NEXXX{homoclave}");
    check_digit(&first).map(|check| format!("{first}{check}"))
}

impl fmt::Debug for Someone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)
    }
}

/// Bytes that are the same in every load: the demonstration's keys are no secret, as its people are nobody.
pub(in crate::demo) fn hashed(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new().chain_update("enlace/demo");
    for part in parts {
        hash.update([0]);
        hash.update(part);
    }
    hash.finalize().into()
}
