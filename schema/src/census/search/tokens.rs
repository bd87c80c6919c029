//! What a person is found by, and the tokens that are kept of it in the place of it.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{Array, Binary, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ring::hmac;
use uuid::Uuid;

use super::spelling;
use crate::census::Identity;
use crate::census::tables::person_tokens;
use crate::database::Prepared;
use crate::scalars::PartialDate;

/// How long a token is, in bytes.
const LENGTH: usize = 16;

/// What a mark is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A part of a name, in its plainest spelling.
    Name,
    /// What a part of a name may sound like.
    Sound,
    /// The date of birth, and each coarser one that it is within.
    Born,
    /// The date of birth where no finer one is known: the year, or the month.
    BornNoFiner,
    /// The number of an identity document.
    Document,
    /// The CURP.
    Curp,
}

impl Kind {
    /// The name by which it is kept.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Name => "NAME",
            Self::Sound => "SOUND",
            Self::Born => "BORN",
            Self::BornNoFiner => "BORN_NO_FINER",
            Self::Document => "DOCUMENT",
            Self::Curp => "CURP",
        }
    }
}

/// Something by which a person is found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark {
    pub(crate) kind: Kind,
    value: String,
}

impl Mark {
    fn new(kind: Kind, value: impl Into<String>) -> Self {
        Self { kind, value: value.into() }
    }

    /// What is kept of it: nothing leads back without the key.
    pub(crate) fn token(&self, key: &hmac::Key) -> Vec<u8> {
        let mut hash = hmac::Context::with_key(key);
        hash.update(self.kind.as_str().as_bytes());
        hash.update(&[0]);
        hash.update(self.value.as_bytes());
        hash.sign().as_ref().iter().copied().take(LENGTH).collect()
    }
}

/// Everything that somebody is found by.
pub(crate) fn marks_of(identity: &Identity) -> BTreeSet<Mark> {
    let names = format!("{} {}", identity.given_names, identity.family_names);
    let mut marks: BTreeSet<Mark> = name_marks(&names).into_iter().flatten().collect();
    if let Some(born) = identity.birth_date {
        let known = coarser(born);
        marks.extend(known.iter().map(|date| Mark::new(Kind::Born, date)));
        if known.len() < 3 {
            marks.insert(Mark::new(Kind::BornNoFiner, born.to_string()));
        }
    }
    let numbers = identity.documents.iter().filter_map(|document| number_mark(document.number()));
    marks.extend(numbers);
    marks.extend(identity.curp.iter().map(|curp| curp_mark(curp)));
    marks
}

/// The marks of each part of a name, any of which is that part.
pub(super) fn name_marks(name: &str) -> Vec<BTreeSet<Mark>> {
    let of = |part: BTreeSet<String>| {
        let sounds = part.iter().flat_map(|spelt| spelling::sounds(spelt));
        let sounds: Vec<Mark> = sounds.map(|sound| Mark::new(Kind::Sound, sound)).collect();
        part.into_iter().map(|spelt| Mark::new(Kind::Name, spelt)).chain(sounds).collect()
    };
    spelling::parts(name).into_iter().map(of).collect()
}

/// The marks of whoever may be born then, as far as it is known of them.
pub(super) fn birth_marks(born: PartialDate) -> BTreeSet<Mark> {
    let mut dates = coarser(born);
    let whole = dates.pop();
    let within = whole.map(|date| Mark::new(Kind::Born, date));
    dates.into_iter().map(|date| Mark::new(Kind::BornNoFiner, date)).chain(within).collect()
}

/// The year, the month and the day of a date, as far as it is known.
fn coarser(date: PartialDate) -> Vec<String> {
    let text = date.to_string();
    [4, 7, 10].into_iter().filter_map(|length| text.get(..length)).map(str::to_owned).collect()
}

/// The mark of a document's number; none where there is no letter or digit in it.
pub(super) fn number_mark(number: &str) -> Option<Mark> {
    let plain = spelling::number(number);
    (!plain.is_empty()).then(|| Mark::new(Kind::Document, plain))
}

/// The mark of a CURP.
pub(super) fn curp_mark(curp: &str) -> Mark {
    Mark::new(Kind::Curp, spelling::number(curp))
}

/// Writes the tokens of some people who have none.
pub(crate) async fn insert(
    connection: &mut AsyncPgConnection,
    key: &hmac::Key,
    people: &[(Uuid, &Identity)],
) -> QueryResult<()> {
    let (mut persons, mut kinds, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
    for (person, identity) in people {
        for mark in marks_of(identity) {
            persons.push(*person);
            kinds.push(mark.kind.as_str());
            tokens.push(mark.token(key));
        }
    }
    let inserting = diesel::sql_query(
        "INSERT INTO person_tokens (person_id, kind, token) SELECT * FROM unnest($1, $2, $3)",
    )
    .bind::<Array<SqlUuid>, _>(persons)
    .bind::<Array<Text>, _>(kinds)
    .bind::<Array<Binary>, _>(tokens);
    Prepared(inserting).execute(connection).await?;
    Ok(())
}

/// Puts the tokens of what is known of a person now in the place of those that they had.
pub(crate) async fn replace(
    connection: &mut AsyncPgConnection,
    key: &hmac::Key,
    person: Uuid,
    identity: Option<&Identity>,
) -> QueryResult<()> {
    let had = person_tokens::table.filter(person_tokens::person_id.eq(person));
    diesel::delete(had).execute(connection).await?;
    match identity {
        Some(identity) => insert(connection, key, &[(person, identity)]).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meet(sought: &str, known: &str) -> bool {
        let [sought, known] = [sought, known].map(|text| PartialDate::parse(text).unwrap());
        let mut marks: BTreeSet<Mark> =
            coarser(known).iter().map(|date| Mark::new(Kind::Born, date)).collect();
        if marks.len() < 3 {
            marks.insert(Mark::new(Kind::BornNoFiner, known.to_string()));
        }
        !birth_marks(sought).is_disjoint(&marks)
    }

    /// What is known of a birth and what is asked meet where they can mean one day.
    #[test]
    fn dates_meet_as_far_as_both_are_known() {
        let dates = ["1985", "1985-03", "1985-03-12", "1985-03-13", "1985-04", "1986", "1986-03-12"];
        for one in dates {
            for other in dates {
                let [a, b] = [one, other].map(|text| PartialDate::parse(text).unwrap());
                assert_eq!(meet(one, other), a.agrees_with(b), "{one} {other}");
            }
        }
    }

    #[test]
    fn a_token_is_of_its_kind_value_and_key() {
        let key = |byte| hmac::Key::new(hmac::HMAC_SHA256, &[byte; 32]);
        let token = Mark::new(Kind::Name, "marie").token(&key(1));
        assert_eq!(token.len(), LENGTH);
        assert_eq!(token, Mark::new(Kind::Name, "marie").token(&key(1)));
        assert_ne!(token, Mark::new(Kind::Sound, "marie").token(&key(1)));
        assert_ne!(token, Mark::new(Kind::Name, "mari").token(&key(1)));
        assert_ne!(token, Mark::new(Kind::Name, "marie").token(&key(2)));
    }
}
