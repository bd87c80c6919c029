//! The journal in the schema.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use enlace_policies::{Class, Fact};

use crate::agencies::{self, Agency, User};
use crate::break_glass::{self, BreakGlassAccess};
use crate::census::{Person, Purpose};
use crate::graph::{ConnectionKind, Facts, Graph, record};
use crate::journal::list;
use crate::scalars::Id;

record! {
    /// Something that was done, or read of people in care, and who did it under which policies.
    pub struct JournalEntry: "JournalEntry" as JournalEntry {
        /// Its place in the journal; consecutive from 0.
        index: String => Journal,
        /// What was done: `shelters.adjustOccupancy`; `journal.read` for a read of people in care, `journal.explain` for a
        /// question about access.
        operation: String => Journal,
        /// The user who did it; null where the server itself did.
        actor: Option<Id<User>> => Journal,
        /// The roles that the user held.
        roles: Vec<String> => Journal,
        /// The policies under which it was allowed.
        policy_version: String => Journal,
        /// When it happened, by the programme clock or by the client's, where it was offline.
        occurred_at: DateTime<Utc> => Journal,
        /// When it was recorded, by the programme clock.
        recorded_at: DateTime<Utc> => Journal,
        /// The data classes that it tells of.
        classes: Vec<String> => Journal,
        /// Of a read: the purpose that the reader stated.
        purpose: Option<Purpose> => Journal,
        /// Of a read: SHA-256 of the document that asked, in hexadecimal digits.
        document: Option<String> => Journal,
        /// Of a question about access: the coordinate that was asked about.
        coordinate: Option<String> => Journal,
        /// Of a question about another's access: whose, `AGENCY/role`.
        asked_about: Option<String> => Journal,
        /// How many people it tells of.
        subject_count: i32 => Journal,
        /// Of refusals: how many others there were, where there were too many different ones to tell apart.
        other_refusals: i32 => Journal,
        /// Of a read in an emergency: key of the access that let it read more.
        break_glass_id: Option<Uuid>,
        /// Key of the agency that acted.
        agency_id: Option<Uuid>,
        /// Its code.
        agency: Option<String>,
        /// Whom it tells of, as far as the caller may know.
        subjects: Vec<Uuid>,
        /// What was refused.
        refusals: Vec<JournalRefusal>,
    }
}

impl Facts for JournalEntry {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Agency { self.agency.as_deref() } else { None }
    }
}

record! {
    /// Something that a caller was refused, and how often within a minute.
    pub struct JournalRefusal: "JournalRefusal" as JournalEntry {
        /// From the list of error codes.
        code: String => Journal,
        /// The field, argument or operation; null where a withdrawn token or account was turned away.
        coordinate: Option<String> => Journal,
        /// The data class that was asked for.
        class: Option<String> => Journal,
        /// The policies that decided, `default-deny` where none permits.
        policy: Option<String> => Journal,
        /// The policies in force.
        policy_version: String => Journal,
        /// The purpose that the caller stated.
        purpose: Option<String> => Journal,
        /// How often.
        times: i32 => Journal,
        /// The first time, by the programme clock.
        first_at: DateTime<Utc> => Journal,
        /// The last time, by the programme clock.
        last_at: DateTime<Utc> => Journal,
        /// Code of the caller's agency.
        agency: Option<String>,
    }
}

impl Facts for JournalRefusal {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Agency { self.agency.as_deref() } else { None }
    }
}

record! {
    /// A person whom an entry of the journal tells of.
    pub struct JournalSubject: "JournalSubject" as JournalSubject {
        /// The person, opaque: `node` and `persons` show more to those who may see it.
        person: Id<Person> => Journal identifying,
        /// Code of the agency that acted.
        agency: Option<String>,
    }
}

impl Facts for JournalSubject {
    fn fact(&self, fact: Fact) -> Option<&str> {
        if fact == Fact::Agency { self.agency.as_deref() } else { None }
    }
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<JournalSubject>(|subject| subject);
    graph.object::<JournalRefusal>(|refusal| refusal);
    graph.object::<JournalEntry>(|entry| {
        entry
            .one(
                "agency",
                Class::Journal,
                "The agency that acted; null where the server itself did.",
                |entry| entry.agency_id,
                agencies::by_ids,
                |agency: &Agency| agency.id.uuid(),
            )
            .one(
                "breakGlass",
                Class::Journal,
                "Of a read in an emergency: the access that let its reader read more.",
                |entry| entry.break_glass_id,
                break_glass::by_ids,
                |access: &BreakGlassAccess| access.id.uuid(),
            )
            .in_scope::<BreakGlassAccess>()
            .carries_many("subjects", Class::Journal, "Whom it tells of.", |entry| {
                let of =
                    |person: &Uuid| JournalSubject { person: Id::new(*person), agency: entry.agency.clone() };
                entry.subjects.iter().map(of).collect()
            })
            .in_scope::<JournalSubject>()
            .carries_many("refusals", Class::Journal, "What was refused.", |entry| entry.refusals.clone())
    });
    graph.query("journal", Class::Journal, "What was done and read, oldest first.").connection(
        ConnectionKind {
            node: "JournalEntry",
            connection: "JournalEntryConnection",
            edge: "JournalEntryEdge",
        },
        list::entries,
    );
}
