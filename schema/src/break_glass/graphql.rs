//! Break-glass in the schema.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use enlace_policies::{Class, Fact, RecordType};

use crate::agencies::{self, Agency};
use crate::break_glass::operations::{
    BreakGlassOpened, BreakGlassPayload, EndBreakGlassPayload, break_glass, end_break_glass,
};
use crate::break_glass::{BreakGlassAccess, load};
use crate::graph::{Changes, ConnectionKind, Facts, Graph, NoArguments, Record, record};

record! {
    /// The notice that a person's record was opened. The message's `extensions.index` is its place in the journal.
    pub struct BreakGlassNotice: "BreakGlassNotice" as BreakGlassAccess {
        /// When, by the real clock.
        opened_at: DateTime<Utc> => Journal,
        /// Key of the access.
        access_id: Uuid,
        /// Code of the agency that its user acted for.
        agency: String,
    }
}

impl Facts for BreakGlassNotice {
    fn fact(&self, fact: Fact) -> Option<&str> {
        (fact == Fact::Agency).then_some(&self.agency)
    }
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<BreakGlassAccess>(|access| {
        access.one(
            "agency",
            Class::Journal,
            "The agency that the user acted for.",
            |access| Some(access.agency_id),
            agencies::by_ids,
            |agency: &Agency| agency.id.uuid(),
        )
    });
    leads_to_access::<BreakGlassPayload>(graph, |payload| Some(payload.access_id));
    leads_to_access::<EndBreakGlassPayload>(graph, |payload| Some(payload.access_id));
    leads_to_access::<BreakGlassNotice>(graph, |notice| Some(notice.access_id));
    graph.node::<BreakGlassAccess, _, _>(Class::Journal, load::by_ids);
    graph
        .query(
            "breakGlassAccesses",
            Class::Journal,
            "Whose record was opened in an emergency, by whom and why, in the order of the openings.",
        )
        .connection(
            ConnectionKind {
                node: "BreakGlassAccess",
                connection: "BreakGlassAccessConnection",
                edge: "BreakGlassAccessEdge",
            },
            load::all,
        );
    graph
        .mutation(
            "breakGlass",
            Class::Journal,
            "Opens the record of one person in an emergency, for at most four hours. It is in the journal, and told to the coordinator and the witnesses.",
        )
        .either(RecordType::BreakGlassAccess, break_glass);
    graph
        .mutation("endBreakGlass", Class::Journal, "Ends an access before its time.")
        .either(RecordType::BreakGlassAccess, end_break_glass);
    graph
        .subscription(
            "breakGlassOpened",
            Class::Journal,
            "The notice that someone's record was opened in an emergency, as it happens.",
        )
        .events(Changes::new(|_: &NoArguments, entry| {
            let opened: Option<BreakGlassOpened> = entry.change()?;
            Ok(opened.map(|BreakGlassOpened { access, agency, opened_at, .. }| BreakGlassNotice {
                opened_at,
                access_id: access,
                agency,
            }))
        }));
}

/// An object that names an access by its key.
fn leads_to_access<R: Record>(graph: &mut Graph, key: fn(&R) -> Option<Uuid>) {
    graph.object::<R>(|object| {
        object
            .one("access", Class::Journal, "The access.", key, load::by_ids, |access: &BreakGlassAccess| {
                access.id.uuid()
            })
            .in_scope::<BreakGlassAccess>()
    });
}
