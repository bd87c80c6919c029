//! Finding a person by what is known of them: a name, however it is spelt, and something besides, so that nobody is listed.
//!
//! Names and numbers lie sealed. They are looked for by tokens, which are made here of what is asked as they were made of what is known.

mod renewing;
mod spelling;
mod tokens;

use std::collections::BTreeSet;

use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Binary};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use enlace_policies::{Class, RecordType};

use crate::access::InScope;
use crate::census::tables::{households, person_tokens, persons};
use crate::census::{Person, SealedPerson, load, person_facts};
use crate::context::{Context, refused_root};
use crate::error::{Code, Error, Result};
use crate::graph::{Graph, input};
use crate::journal::{Change, Part, record_notice};
use crate::scalars::PartialDate;
use crate::shelters::tables::shelters;

pub(crate) use renewing::renew_tokens;
use tokens::{Kind, birth_marks, curp_mark, name_marks, number_mark};
pub(crate) use tokens::{Mark, insert, marks_of, replace};

/// By which rules tokens are made. Another number has all of them made anew.
pub(crate) const RULES: i32 = 1;

/// How many people are shown, and how many parts a name has, at most.
const MOST: i64 = 20;
const PARTS: usize = 8;
/// The longest text that is looked for.
const LONGEST: usize = 200;

input! {
    /// Who is looked for: a name, and at least one thing more. All that is given must fit.
    pub struct PersonSearchArguments {
        /// Given and family names in any order, as far as they are known; 1 to 200 characters. Each part of it must fit, by its spelling without accents or by its sound in French, Creole or Spanish.
        pub name: String,
        /// The date of birth, the month, or the year; it fits whoever may be born then, as far as that is known.
        pub birth_date: Option<PartialDate>,
        /// The number of an identity document, however it is punctuated.
        pub document_number: Option<String>,
        /// The CURP.
        pub curp: Option<String>,
        /// The folio of the household.
        pub household_code: Option<String> => Family,
    }
}

/// In the journal: somebody was looked for. It says by what, and not whom: the terms would tell of people who may not be here.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PeopleSearched {
    /// For what, as the asker stated it.
    purpose: String,
    /// The arguments that were given.
    by: Vec<String>,
    /// How many were found.
    found: usize,
}

impl Change for PeopleSearched {
    const NAME: &'static str = "census.peopleSearched";
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph
        .query(
            "personSearch",
            Class::Identity,
            "Finds a person by a name and one thing more: a date of birth, a document's number, a CURP or a household's folio. Twenty at \
             most, those that are spelt as they were asked for first: of more, say more. Needs a purpose; each search is in the journal, \
             without what was looked for. It is a list: a minor whom it finds is read by their id.",
        )
        .identifying()
        .list(person_search);
}

/// What is looked for, as tokens.
struct Sought {
    /// Of each of these somebody has one at least.
    all: Vec<Vec<Vec<u8>>>,
    /// Who has most of these is shown first.
    spelt: Vec<Vec<u8>>,
    household: Option<String>,
    /// Which arguments were given.
    by: Vec<&'static str>,
}

impl Sought {
    fn new(context: &Context, arguments: PersonSearchArguments) -> Result<Self> {
        let PersonSearchArguments { name, birth_date, document_number, curp, household_code } = arguments;
        for text in [Some(&name), document_number.as_ref(), curp.as_ref(), household_code.as_ref()] {
            if text.is_some_and(|text| text.chars().count() > LONGEST) {
                return Err(unfit("A text that is looked for has 200 characters at most."));
            }
        }
        let parts = name_marks(&name);
        if !(1..=PARTS).contains(&parts.len()) {
            return Err(unfit("name has 1 to 8 parts with a letter or a digit each."));
        }
        let document = match document_number.as_deref().map(number_mark) {
            Some(None) => return Err(unfit("documentNumber has a letter or a digit.")),
            known => known.flatten(),
        };
        let curp = curp.as_deref().map(curp_mark);
        let given = [
            ("birthDate", birth_date.is_some()),
            ("documentNumber", document.is_some()),
            ("curp", curp.is_some()),
            ("householdCode", household_code.is_some()),
        ];
        let by: Vec<&str> = given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        if by.is_empty() {
            let message = "A name alone lists people. Say one thing more: birthDate (the year will do), documentNumber, curp or householdCode.";
            return Err(unfit(message));
        }
        let key = context.vault().search_key();
        let spelt = parts.iter().flatten().filter(|mark| mark.kind == Kind::Name);
        let spelt = spelt.map(|mark| mark.token(key)).collect();
        let single = |mark: Mark| BTreeSet::from([mark]);
        let others =
            birth_date.map(birth_marks).into_iter().chain(document.map(single)).chain(curp.map(single));
        let tokens =
            |marks: BTreeSet<Mark>| -> Vec<Vec<u8>> { marks.iter().map(|mark| mark.token(key)).collect() };
        let all = parts.into_iter().chain(others).map(tokens).collect();
        let household = household_code.map(|code| code.trim().to_uppercase());
        Ok(Self { all, spelt, household, by })
    }
}

fn unfit(message: &'static str) -> Error {
    Error::new(Code::InvalidArgument, message)
}

/// The people who fit, scoped to the caller; those whose key was destroyed are nobody any more.
async fn person_search(context: Context, arguments: PersonSearchArguments) -> Result<Vec<Person>> {
    let scope = context.personal_scope(Class::Identity, RecordType::Person)?.ok_or_else(refused_root)?;
    let sought = Sought::new(&context, arguments)?;
    let mut query = persons::table
        .left_join(shelters::table)
        .filter(persons::programme_id.eq(context.programme_id()))
        .filter(InScope::new(&scope, person_facts))
        .into_boxed::<Pg>();
    for tokens in &sought.all {
        let having = person_tokens::table.filter(person_tokens::token.eq_any(tokens));
        query = query.filter(persons::id.eq_any(having.select(person_tokens::person_id)));
    }
    if let Some(code) = &sought.household {
        let of_code = households::table
            .filter(households::programme_id.eq(context.programme_id()))
            .filter(households::code.eq(code));
        query = query.filter(persons::household_id.eq_any(of_code.select(households::id)));
    }
    let spelt_alike = sql::<BigInt>(
        "(SELECT count(*) FROM person_tokens AS spelt WHERE spelt.person_id = persons.id AND spelt.token = ANY(",
    )
    .bind::<Array<Binary>, _>(&sought.spelt)
    .sql("))");
    let query =
        query.order((spelt_alike.desc(), persons::id)).limit(MOST).select(load::person_columns(&context));
    let rows: Vec<SealedPerson> = query.load(&mut &*context.reader().await?).await?;
    let found = load::open_known(&context, rows, scope.at()).await?;
    let searched = PeopleSearched {
        purpose: context.actor()?.principal.purpose.clone().unwrap_or_default(),
        by: sought.by.into_iter().map(str::to_owned).collect(),
        found: found.len(),
    };
    record_notice(&context, "census.searchPeople", Part::of_journal(&searched)?).await?;
    Ok(found)
}
