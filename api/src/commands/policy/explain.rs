//! `enlace policy explain`.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use enlace_policies::{
    Class, Explanation, Fact, Known, NamedFacts, Principal, RecordType, UserPrincipal, Verb,
};
use enlace_schema::{Coordinate, Purpose};

use crate::commands::Failure;
use crate::commands::caller::caller;
use crate::commands::output::Output;
use crate::config::Config;
use crate::server;

/// For instance `enlace policy explain ACNUR/donor DonationItem.donor donorAgency=DIF_ESTATAL`.
#[derive(Args)]
pub(in crate::commands) struct Arguments {
    /// Who: an agency and the role that it holds there, with further roles behind `+`; or `public` for no token.
    #[arg(value_name = "AGENCY/ROLE")]
    caller: String,
    /// What: a coordinate of the schema, `Person.givenNames`, `Mutation.moveStock`, `Query.donationItems(donor:)`; or what
    /// decides on one, "read DONOR on Lot".
    #[arg(value_name = "COORDINATE")]
    coordinate: String,
    /// What is known of the record, `stockKind=food`; several times for a set, and without a value where it is known to be
    /// absent. Nothing is taken for granted of a fact that is left out.
    #[arg(value_name = "FACT=VALUE")]
    facts: Vec<String>,
    /// Code of a shelter that is the caller's own; may be given several times.
    #[arg(long, value_name = "CODE")]
    shelter: Vec<String>,
    /// The purpose that the caller states.
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// The agreement of the caller's agency is not in force.
    #[arg(long)]
    without_agreement: bool,
    /// A folder of policies; those that are built in where it is left out.
    #[arg(long, value_name = "FOLDER")]
    policies: Option<std::path::PathBuf>,
    #[command(flatten)]
    output: Output,
}

/// What is printed.
#[derive(Serialize)]
struct Answer<'a> {
    caller: &'a str,
    coordinate: &'a str,
    policy_version: &'a str,
    #[serde(flatten)]
    explanation: Explanation,
    /// The answer where the record is one of many, if that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_lists: Option<Explanation>,
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> Result<(), Failure> {
    let policies = server::policies(arguments.policies.as_deref().or(config.policies.as_deref()))?;
    let coordinate = coordinate(&arguments.coordinate)?;
    let facts = Given::read(coordinate.record, &arguments.facts)?;
    let told = |fact: Fact| facts.names.contains(&fact);
    let known = Known { facts: &facts.values, told: &told, answer_by_told: true, every: false };
    let principal = arguments.principal()?;
    let explanation = coordinate.explain(&policies, &principal, &known)?;
    let in_lists = coordinate.explain_in_lists(&policies, &principal, &known, &explanation)?;
    let answer = Answer {
        caller: &arguments.caller,
        coordinate: &coordinate.name,
        policy_version: policies.version(),
        explanation,
        in_lists,
    };
    arguments.output.show(&answer, || answer.text())
}

impl Answer<'_> {
    fn text(&self) -> String {
        let Self { caller, coordinate, policy_version, explanation, in_lists } = self;
        let mut text =
            format!("{coordinate} for {caller}, by the policies {policy_version}\n{explanation}\n");
        if let Some(in_lists) = in_lists {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "\nIn a list of many:\n{in_lists}");
        }
        text
    }
}

impl Arguments {
    fn principal(&self) -> Result<Principal, Failure> {
        let mut principal = caller(&self.caller)?;
        if let Some(purpose) = &self.purpose
            && Purpose::parse(purpose).is_none()
        {
            return Err(format!("`{purpose}` is no purpose; the schema's enum Purpose lists them").into());
        }
        if let Principal::User(user) = &mut principal {
            let UserPrincipal { shelters, purpose, agreement_in_force, .. } = user;
            shelters.extend(self.shelter.iter().cloned());
            purpose.clone_from(&self.purpose);
            *agreement_in_force = !self.without_agreement;
        }
        Ok(principal)
    }
}

/// A coordinate by its name, or by what decides on it: `read DONOR on Lot`.
fn coordinate(text: &str) -> Result<Coordinate, Failure> {
    if let Some(known) = enlace_schema::coordinates().into_iter().find(|known| known.name == text) {
        return Ok(known);
    }
    let mut words = text.split_whitespace();
    let mut next = || words.next().unwrap_or_default();
    let (verb, class, on, record) =
        (Verb::named(next()), Class::named(next()), next(), RecordType::named(next()));
    match (verb, class, on, record, words.next()) {
        (Some(verb), Some(class), "on", Some(record), None) => Ok(Coordinate {
            name: text.to_owned(),
            verb,
            class,
            record,
            selects_from: None,
            is_listed_apart: false,
        }),
        _ => Err(format!(
            "the schema has no coordinate `{text}`; name one as Type.field, Query.root, Mutation.root or \
             Query.root(argument:), or what decides on it as \"read DONOR on Lot\""
        )
        .into()),
    }
}

/// The facts that are given, and which they are.
struct Given {
    names: Vec<Fact>,
    values: NamedFacts,
}

impl Given {
    fn read(record: RecordType, texts: &[String]) -> Result<Self, Failure> {
        let mut given: Vec<(&str, Vec<String>)> = Vec::new();
        for text in texts {
            let (name, value) = text.split_once('=').ok_or_else(|| format!("`{text}` is not FACT=VALUE"))?;
            let value = (!value.is_empty()).then(|| value.to_owned());
            match given.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.extend(value),
                None => given.push((name, value.into_iter().collect())),
            }
        }
        let absent = |name: &str| Fact::named(name).is_some_and(|fact| record.facts().contains(&fact));
        let names = given.iter().filter_map(|(name, _)| Fact::named(name)).collect();
        // What is known to be absent has no value.
        given.retain(|(name, values)| !values.is_empty() || !absent(name));
        let values = NamedFacts::new(record, given)?;
        Ok(Self { names, values })
    }
}
