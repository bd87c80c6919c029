//! `policyExplain`: why someone may or may not use a coordinate of the schema, and what would allow it.
//!
//! Everyone may ask of itself; of others, who may use the argument `as`. It tells no fact of a record that whoever asks may not
//! read: what is said of another then depends on the record, though its id was given. Each question is in the journal before
//! it is answered.

use std::collections::BTreeSet;

use enlace_policies::{
    Answer, Cited, Class, Explanation, Fact, Known, Level, NamedFacts, Principal, ROLES, RecordType, Remedy,
    UserPrincipal,
};

use crate::census::Purpose;
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::graph::{Coordinate, Facts, Graph, graphql_enum, input, record};
use crate::journal::{PolicyExplained, record_question};
use crate::scalars::GlobalId;

graphql_enum! {
    /// An answer of the policies.
    pub enum PolicyAnswer {
        /// It is allowed.
        Allowed = "ALLOWED",
        /// It is refused.
        Refused = "REFUSED",
        /// It turns on facts of the record: no id was given, or the caller may not know them.
        Depends = "DEPENDS",
    }
}

graphql_enum! {
    /// What a policy does where it applies.
    pub enum PolicyEffect {
        /// It allows, unless another forbids.
        Permit = "PERMIT",
        /// It refuses, whatever others allow.
        Forbid = "FORBID",
    }
}

input! {
    /// Someone who holds one role.
    pub struct AskedAs {
        /// Code of the agency.
        pub agency: String,
        /// Code of the role.
        pub role: String,
        /// Code of the shelter that is its own.
        pub shelter: Option<String>,
        /// For what it needs data of people in care.
        pub purpose: Option<Purpose>,
    }
}

input! {
    /// What is asked.
    pub struct PolicyExplainArguments {
        /// A field, an operation or an argument: `Person.givenNames`, `Mutation.moveStock`, `Query.donationItems(donor:)`.
        pub coordinate: String,
        /// The record that is meant; any where it is left out. Of an edge that shows records by rules of their own, one of those.
        pub id: Option<GlobalId>,
        /// About whom; about the caller itself where it is left out.
        pub r#as: Option<AskedAs> => Administration,
    }
}

record! {
    /// Why someone may or may not use a coordinate of the schema. It tells no fact of a record that the caller may not read.
    pub struct PolicyExplanation: "PolicyExplanation" as Explanation {
        /// The coordinate.
        coordinate: String => Public,
        /// The answer.
        answer: PolicyAnswer => Public,
        /// What decides on the coordinate: a verb and a data class, `read INVENTORY`.
        action: String => Public,
        /// The type of record that it is decided on, as the policies name it.
        record_type: String => Public,
        /// Where the answer depends on the record: what that must be.
        depends_on: Option<String> => Public,
        /// The policies that were asked.
        policy_version: String => Public,
        /// What the answer rests on.
        determining: Vec<Cited>,
        /// What would permit it to others.
        unmet: Vec<Cited>,
        /// What would allow it.
        would_allow: Vec<Remedy>,
        /// The answer in a list.
        in_lists: Option<Box<PolicyExplanation>>,
    }
}

record! {
    /// A policy and where it stands.
    pub struct PolicyCitation: "PolicyCitation" as Explanation {
        /// Its `@id`.
        policy: String => Public,
        /// What it does where it applies.
        effect: PolicyEffect => Public,
        /// Its file, by its name in the folder of policies.
        file: String => Public,
        /// The line that it begins on, counted from 1.
        line: i32 => Public,
        /// What it does, in one sentence.
        reason: String => Public,
        /// Its conditions that do not hold, with the values that they meet as far as the caller may know them.
        failed: Vec<String> => Public,
    }
}

record! {
    /// Something that would allow what is refused: everything that it names, together.
    pub struct PolicyRemedy: "PolicyRemedy" as Explanation {
        /// All of it, in words.
        text: String => Public,
        /// To hold this role,
        role: Option<String> => Public,
        /// in this agency; a code that ends in `*` stands for those that begin like it.
        agency: Option<String> => Public,
        /// To have this shelter as one's own.
        shelter: Option<String> => Public,
        /// To state this purpose.
        purpose: Option<String> => Public,
        /// That the agency's agreement be in force.
        agreement: bool => Public,
        /// A record of which this holds.
        record: Option<String> => Public,
    }
}

/// They are about no record of the programme.
macro_rules! without_facts {
    ($($name:ident),+) => {
        $( impl Facts for $name {
            fn fact(&self, _: Fact) -> Option<&str> {
                None
            }
        } )+
    };
}
without_facts!(PolicyExplanation, PolicyCitation, PolicyRemedy);

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<PolicyCitation>(|policy| policy);
    graph.object::<PolicyRemedy>(|remedy| remedy);
    graph.object::<PolicyExplanation>(|explanation| {
        explanation
            .carries_many(
                "determining",
                Class::Public,
                "The policies that the answer rests on; none where it is refused because no policy permits it.",
                |explanation: &PolicyExplanation| explanation.determining.iter().map(PolicyCitation::of).collect(),
            )
            .carries_many(
                "unmet",
                Class::Public,
                "Where no policy permits it: those that would permit it to others, and why they do not here.",
                |explanation| explanation.unmet.iter().map(PolicyCitation::of).collect(),
            )
            .carries_many(
                "wouldAllow",
                Class::Public,
                "What would allow it, where it is refused: each of these alone.",
                |explanation| explanation.would_allow.iter().map(PolicyRemedy::of).collect(),
            )
            .carries(
                "inLists",
                Class::Public,
                "The answer where the record is one of many, if that is another; else null.",
                |explanation| explanation.in_lists.as_deref().cloned(),
            )
    });
    graph
        .query(
            "policyExplain",
            Class::Public,
            "Why the caller, or another, may or may not use a coordinate. Needs a token; each question is in the journal.",
        )
        .one(policy_explain);
}

async fn policy_explain(
    context: Context,
    arguments: PolicyExplainArguments,
) -> Result<Option<PolicyExplanation>> {
    let actor = context.actor()?;
    let coordinates = context.system().graph.coordinates();
    let coordinate = coordinates
        .into_iter()
        .find(|known| known.name == arguments.coordinate)
        .ok_or_else(unknown_coordinate)?;
    let about = arguments.r#as.as_ref();
    let principal = match about {
        Some(about) => Principal::User(about.principal(&context)?),
        None => actor.as_principal(),
    };
    let question = PolicyExplained {
        coordinate: coordinate.name.clone(),
        about: about.map(|about| format!("{}/{}", about.agency, about.role)),
        shelter: about.and_then(|about| about.shelter.clone()),
        about_purpose: about.and_then(|about| about.purpose),
        record: arguments.id.as_ref().map(ToString::to_string),
        purpose: actor.principal.purpose.clone(),
    };
    // What it takes to know the record is not a read of its own: the question's entry says whom it tells of.
    let aside = context.aside();
    let found = match arguments.id {
        Some(id) => Some(find(&aside, &coordinate, id).await?),
        None => None,
    };
    let mut disclosed = aside.disclosed();
    if let Some(Some(record)) = &found {
        let told = record.told.iter().map(|fact| coordinate.record.shows(*fact).1);
        disclosed.classes.extend(told.filter(|class| class.is_personal()));
    }
    record_question(&context, &question, disclosed).await?;
    let record = match found {
        Some(None) => {
            return Err(Error::new(Code::NotFound, "There is no such record within your reach. Check id."));
        }
        Some(found) => found,
        None => None,
    };

    let policies = context.system().policies();
    let of_itself = about.is_none();
    // Every way to be allowed is tried, which takes milliseconds.
    let explained = tokio::task::spawn_blocking(move || {
        let explain = |known: &Known<'_>| {
            let alone = coordinate.explain(&policies, &principal, known)?;
            let in_lists = coordinate.explain_in_lists(&policies, &principal, known, &alone)?;
            let told = |explanation| PolicyExplanation::of(&coordinate.name, explanation, policies.version());
            Ok(PolicyExplanation { in_lists: in_lists.map(told).map(Box::new), ..told(alone) })
        };
        match &record {
            Some(FoundRecord { facts, told }) => explain(&Known {
                facts,
                told: &|fact| told.contains(&fact),
                answer_by_told: !of_itself,
                every: false,
            }),
            None => explain(&Known::NOTHING),
        }
    });
    let explained: Result<_, enlace_policies::Error> = explained.await.map_err(Error::internal)?;
    explained.map(Some).map_err(Error::internal)
}

fn unknown_coordinate() -> Error {
    Error::new(
        Code::InvalidArgument,
        "The schema has no such coordinate. Name a field as Type.field, an operation as Query.root or Mutation.root, an \
         argument as Query.root(argument:).",
    )
}

/// The facts of a record, and which of them the caller may be told.
struct FoundRecord {
    facts: NamedFacts,
    told: BTreeSet<Fact>,
}

/// Finds the record that is meant; `None` where it is out of the caller's reach, or not there.
async fn find(context: &Context, coordinate: &Coordinate, id: GlobalId) -> Result<Option<FoundRecord>> {
    let graph = &context.system().graph;
    let record = coordinate.record;
    let object = graph.nodes.get(id.kind.as_str()).and_then(|kind| graph.object_named(kind.object));
    let Some(object) = object.filter(|object| object.record() == record) else {
        return Err(Error::new(
            Code::InvalidId,
            format!(
                "This coordinate is decided on records of the type {record}. Give the id of one, or leave id out."
            ),
        ));
    };
    let Some(answer) = graph.find_node(context.clone(), id).await? else { return Ok(None) };
    let mut found = None;
    object.row(&answer.page, 0, &mut |row| {
        let told = |fact: &&Fact| may_be_told(context, record, **fact, row.facts());
        found = Some(FoundRecord {
            facts: NamedFacts::of(record, row.facts()),
            told: record.facts().iter().filter(told).copied().collect(),
        });
    });
    Ok(found)
}

/// Whether the caller reads a fact of this record somewhere in the schema.
fn may_be_told(context: &Context, record: RecordType, fact: Fact, facts: &dyn Facts) -> bool {
    let (verb, class, shown_on) = record.shows(fact);
    match context.answer(verb, class, shown_on) {
        Answer::Allowed => true,
        // With whom else a record is shared is told to those who read every consent.
        Answer::Depends(dependence) => fact != Fact::SharedWith && dependence.condition.holds(facts),
        Answer::Refused(_) => false,
    }
}

/// Whom the policies take someone else for: no record is its own account.
const SOMEONE_ELSE: &str = "someone else";

impl AskedAs {
    fn principal(&self, context: &Context) -> Result<UserPrincipal> {
        let wrong = |message: String| Error::new(Code::InvalidArgument, message);
        let Some(role) = ROLES.iter().find(|role| role.code == self.role) else {
            return Err(wrong("as.role is not the code of a role.".to_owned()));
        };
        let agreement = context.system().directory.load().agreement_in_force(&self.agency, context.now());
        let Some(agreement_in_force) = agreement.filter(|_| role.held_by(&self.agency)) else {
            return Err(wrong(format!(
                "as.agency is not the code of an agency that holds this role. These do: {}.",
                role.agencies.join(", ")
            )));
        };
        Ok(UserPrincipal {
            user: SOMEONE_ELSE.to_owned(),
            agency: self.agency.clone(),
            roles: [self.role.clone()].into(),
            reads_as: None,
            shelters: self.shelter.iter().cloned().collect(),
            agreement_in_force,
            purpose: self.purpose.map(|purpose| purpose.as_str().to_owned()),
            opened: None,
        })
    }
}

impl PolicyExplanation {
    fn of(coordinate: &str, explanation: Explanation, policy_version: &str) -> Self {
        let Explanation { verb, class, record, answer, depends_on, determining, unmet, would_allow } =
            explanation;
        Self {
            coordinate: coordinate.to_owned(),
            answer: match answer {
                Level::Allowed => PolicyAnswer::Allowed,
                Level::Refused => PolicyAnswer::Refused,
                Level::Depends => PolicyAnswer::Depends,
            },
            action: format!("{verb} {class}"),
            record_type: record.as_str().to_owned(),
            depends_on,
            policy_version: policy_version.to_owned(),
            determining,
            unmet,
            would_allow,
            in_lists: None,
        }
    }
}

impl PolicyCitation {
    fn of(cited: &Cited) -> Self {
        Self {
            policy: cited.policy.clone(),
            effect: if cited.permits { PolicyEffect::Permit } else { PolicyEffect::Forbid },
            file: cited.file.clone(),
            line: i32::try_from(cited.line).unwrap_or(i32::MAX),
            reason: cited.reason.clone(),
            failed: cited.failed.clone(),
        }
    }
}

impl PolicyRemedy {
    fn of(remedy: &Remedy) -> Self {
        Self {
            text: remedy.to_string(),
            role: remedy.role.clone(),
            agency: remedy.agency.clone(),
            shelter: remedy.shelter.clone(),
            purpose: remedy.purpose.clone(),
            agreement: remedy.agreement,
            record: remedy.record.clone(),
        }
    }
}
