//! Agencies in the schema.

use enlace_policies::Class;

use crate::agencies::{Agency, Agreement, Grant, User, Viewer, explain, grant, load, profile, withdraw};
use crate::context::Context;
use crate::error::Result;
use crate::graph::{Graph, NoArguments};

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<Agency>(|agency| {
        agency
            .many(
                "agreements",
                Class::Administration,
                "Its data-sharing agreements, oldest first.",
                |agency| Some(agency.id.uuid()),
                load::agreements_of,
                |agreement: &Agreement| agreement.agency_id,
            )
            .many(
                "users",
                Class::Administration,
                "Its accounts, as far as the caller may see them, by their subjects.",
                |agency| Some(agency.id.uuid()),
                load::users_of,
                |user: &User| user.agency_id,
            )
            .in_scope::<User>()
    });
    graph.object::<Agreement>(|agreement| agreement);
    graph.object::<User>(|user| {
        user.many(
            "grants",
            Class::Administration,
            "What it is and was granted, oldest first.",
            |user| Some(user.id.uuid()),
            load::grants_of,
            |grant: &Grant| grant.user_id,
        )
    });
    graph.object::<Grant>(|grant| {
        grant
            .one(
                "user",
                Class::Administration,
                "Who holds it.",
                |grant| Some(grant.user_id),
                load::users_by_ids,
                |user: &User| user.id.uuid(),
            )
            .in_scope::<User>()
    });
    graph.object::<Viewer>(|viewer| {
        viewer.one(
            "agency",
            Class::Public,
            "The agency that the caller acts for; null without a token.",
            |viewer| viewer.agency_id,
            load::by_ids,
            |agency: &Agency| agency.id.uuid(),
        )
    });
    profile::register(graph);
    explain::register(graph);
    graph.node::<Agency, _, _>(Class::Public, load::by_ids);
    graph.node::<User, _, _>(Class::Administration, load::users_by_ids);
    grant::register(graph);
    withdraw::register(graph);
    graph
        .query("agencies", Class::Public, "The agencies that take part, by code.")
        .list(|context: Context, _: NoArguments| load::all(context));
    graph.query("viewer", Class::Public, "The caller: who it is, and what it may do.").one(viewer);
}

async fn viewer(context: Context, _: NoArguments) -> Result<Option<Viewer>> {
    let actor = context.actor_if_any();
    let principal = actor.map(|actor| &actor.principal);
    let directory = context.system().directory.load();
    Ok(Some(Viewer {
        subject: actor.map(|actor| actor.subject.clone()),
        roles: principal.map(|principal| principal.roles.iter().cloned().collect()).unwrap_or_default(),
        shelters: principal.map(|principal| principal.shelters.iter().cloned().collect()).unwrap_or_default(),
        agreement_in_force: principal.map(|principal| principal.agreement_in_force),
        may: context.usable_roots(),
        programme: directory.programme.name.clone(),
        synthetic: directory.programme.demo_day.is_some(),
        now: context.now(),
        policy_version: context.policy_version().to_owned(),
        agency_id: actor.map(|actor| actor.agency),
        agency: principal.map(|principal| principal.agency.clone()),
    }))
}
