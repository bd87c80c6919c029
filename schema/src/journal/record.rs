//! What the journal has beside changes of rows: reads of personal data, which stand in it before the data leave (R9, R21),
//! questions about access, and changes of the policies.

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::census::Purpose;
use crate::context::{Context, Disclosed};
use crate::database::Prepared;
use crate::error::Result;
use crate::journal::insert::{NewEntry, Told, inserting};
use crate::journal::{Change, Part};
use crate::system::System;

/// In the journal: someone read of people in care. It names them by opaque keys, and nothing of what was read.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonalDataRead {
    /// For what, as the reader stated it.
    pub(crate) purpose: String,
    /// The data classes that were read.
    pub(crate) classes: Vec<String>,
    /// SHA-256 of the document that asked, in hexadecimal digits.
    pub(crate) document: String,
    /// How many people.
    pub(crate) count: usize,
    /// Their keys.
    pub(crate) persons: Vec<Uuid>,
    /// Key of the access by which an emergency let it read more of one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) break_glass: Option<Uuid>,
}

impl Change for PersonalDataRead {
    const NAME: &'static str = "journal.personalDataRead";
}

/// Puts into the journal what a request reads of people in care, if it does.
pub(crate) async fn record_read(context: &Context, document: &str) -> Result<()> {
    let disclosed = context.disclosed();
    if disclosed.persons.is_empty() {
        return Ok(());
    }
    let break_glass = context.broken_glass(&disclosed);
    let persons: Vec<Uuid> = disclosed.persons.into_iter().collect();
    let read = PersonalDataRead {
        purpose: context.actor()?.principal.purpose.clone().unwrap_or_default(),
        classes: disclosed.classes.iter().map(|class| class.as_str().to_owned()).collect(),
        document: document.to_owned(),
        count: persons.len(),
        persons: persons.clone(),
        break_glass,
    };
    let parts = vec![Part::of_journal(&read)?];
    let told = Told { persons, classes: read.classes };
    let entry = NewEntry::of_caller(context, "journal.read", context.now(), parts, told).await?;
    entry.insert(context.system()).await
}

/// In the journal: someone asked what they, or another, may do and why. What was told of a record's facts follows from it and
/// from the policies; it names records and people by opaque ids alone.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PolicyExplained {
    /// The coordinate of the schema.
    pub(crate) coordinate: String,
    /// About whom, `AGENCY/role`; none where someone asked of itself.
    pub(crate) about: Option<String>,
    /// The shelter that the question took for theirs.
    pub(crate) shelter: Option<String>,
    /// The purpose that it took them to state.
    pub(crate) about_purpose: Option<Purpose>,
    /// Global id of the record that was meant, whether or not it was found.
    pub(crate) record: Option<String>,
    /// For what the asker needed it, as it stated.
    pub(crate) purpose: Option<String>,
}

impl Change for PolicyExplained {
    const NAME: &'static str = "journal.policyExplained";
}

/// Puts a question about access into the journal, with the people whom its answer tells of.
pub(crate) async fn record_question(
    context: &Context,
    question: &PolicyExplained,
    disclosed: Disclosed,
) -> Result<()> {
    let parts = vec![Part::of_journal(question)?];
    let told = Told {
        persons: disclosed.persons.into_iter().collect(),
        classes: disclosed.classes.iter().map(|class| class.as_str().to_owned()).collect(),
    };
    let entry = NewEntry::of_caller(context, "journal.explain", context.now(), parts, told).await?;
    entry.insert(context.system()).await
}

/// In the journal: other policies came into force.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PoliciesReplaced {
    /// The version that they replace.
    pub(crate) before: String,
    /// The version in force from here on.
    pub(crate) after: String,
}

impl Change for PoliciesReplaced {
    const NAME: &'static str = "journal.policiesReplaced";
}

/// Puts a change of the policies into the journal.
pub(crate) async fn record_policies(system: &System, before: String, after: String) -> Result<()> {
    let parts = vec![Part::of_journal(&PoliciesReplaced { before, after: after.clone() })?];
    NewEntry::of_server(system, "journal.replacePolicies", after, parts).await?.insert(system).await
}

/// Puts into the journal, in a transaction of the caller's, what the server itself changed.
pub(crate) async fn enter_of_server(
    system: &System,
    connection: &mut AsyncPgConnection,
    operation: &str,
    changes: Vec<Part>,
) -> Result<()> {
    let version = system.policies().version().to_owned();
    let entry = NewEntry::of_server(system, operation, version, changes).await?;
    Prepared(inserting!(entry, "SELECT 1")).execute(connection).await?;
    Ok(())
}

/// Changes something as the server itself, in a transaction of its own with its entry in the journal. `change` says what it changed;
/// nothing, where somebody else was faster.
pub(crate) async fn change_of_server(
    system: &System,
    operation: &str,
    change: impl AsyncFnOnce(&mut AsyncPgConnection) -> Result<Option<Vec<Part>>>,
) -> Result<()> {
    let mut transaction = system.database.begin("BEGIN").await?;
    let connection = transaction.get()?;
    let Some(changes) = change(connection).await? else { return transaction.commit().await };
    enter_of_server(system, connection, operation, changes).await?;
    transaction.commit().await?;
    system.feed.wake();
    Ok(())
}

/// Puts something into the journal that its caller did and that changed no row.
pub(crate) async fn record_notice(context: &Context, operation: &str, notice: Part) -> Result<()> {
    let entry = NewEntry::of_caller(context, operation, context.now(), vec![notice], Told::default()).await?;
    entry.insert(context.system()).await
}
