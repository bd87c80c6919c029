//! `accessProfile`: what a caller may read and write, coordinate by coordinate, for building a user interface.

use enlace_policies::{Answer, Class};

use crate::context::Context;
use crate::error::Result;
use crate::graph::{Coordinate, Facts, Graph, NoArguments, graphql_enum, may_select, record};

graphql_enum! {
    /// What the policies answer of a coordinate.
    pub enum AccessLevel {
        /// On every record.
        Allowed = "ALLOWED",
        /// On the records that meet what the policies ask.
        Depends = "DEPENDS",
    }
}

record! {
    /// What the caller may read and write.
    pub struct AccessProfile: "AccessProfile" as Account {
        /// The policies in force.
        policy_version: String => Public,
        /// The fields, arguments and operations that are open to it.
        coordinates: Vec<CoordinateAccess>,
    }
}

impl Facts for AccessProfile {
    fn fact(&self, _: enlace_policies::Fact) -> Option<&str> {
        None
    }
}

record! {
    /// What the caller may do with a field, an argument or an operation.
    pub struct CoordinateAccess: "CoordinateAccess" as Account {
        /// `Shelter.name`, `Query.shelters`, `Query.donationItems(donor:)`.
        coordinate: String => Public,
        /// The data class that decides.
        class: String => Public,
        /// Whether the caller may read it; of a mutation, whether it may write.
        access: AccessLevel => Public,
        /// The policies that ask something of the record; none where it is allowed on every one.
        policies: Vec<String> => Public,
    }
}

impl Facts for CoordinateAccess {
    fn fact(&self, _: enlace_policies::Fact) -> Option<&str> {
        None
    }
}

/// Declares this part of the schema.
pub(super) fn register(graph: &mut Graph) {
    graph.object::<CoordinateAccess>(|access| access);
    graph.object::<AccessProfile>(|profile| {
        profile.carries_many(
            "coordinates",
            Class::Public,
            "The fields, arguments and operations that are open to the caller, on some record at least, by name.",
            |profile| profile.coordinates.clone(),
        )
    });
    graph
        .query(
            "accessProfile",
            Class::Public,
            "What the caller may read and write, for building a user interface.",
        )
        .one(access_profile);
}

async fn access_profile(context: Context, _: NoArguments) -> Result<Option<AccessProfile>> {
    let open = |Coordinate { name, verb, class, record, selects_from, .. }| {
        let answer = context.answer(verb, class, record);
        let selects = |(verb, class, record)| may_select(context.answer(verb, class, record), answer);
        let (access, policies) = match answer {
            Answer::Allowed | Answer::Depends(_) if !selects_from.is_none_or(selects) => return None,
            Answer::Allowed => (AccessLevel::Allowed, Vec::new()),
            Answer::Depends(dependence) => {
                (AccessLevel::Depends, dependence.policies.iter().map(ToString::to_string).collect())
            }
            Answer::Refused(_) => return None,
        };
        Some(CoordinateAccess { coordinate: name, class: class.as_str().to_owned(), access, policies })
    };
    let coordinates = context.system().graph.coordinates().into_iter().filter_map(open).collect();
    Ok(Some(AccessProfile { policy_version: context.policy_version().to_owned(), coordinates }))
}
