//! A household, in one transaction by hand: the same rows as Enlace's, nothing sealed, nothing entered in a journal.

use chrono::{NaiveDate, Utc};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_postgres::{Client, Statement};
use uuid::Uuid;

use super::Failure;

const HOUSEHOLD: &str = "INSERT INTO households (id, programme_id, arrived_on, head_id) \
    SELECT $1, id, current_date, $2 FROM programmes LIMIT 1 RETURNING code";
const PERSONS: &str = "\
INSERT INTO persons (id, programme_id, household_id, arrived_on, adult_from, identity, family, migration, placement) \
SELECT id, (SELECT id FROM programmes LIMIT 1), $1, current_date, adult_from, identity, family, migration, placement \
FROM unnest($2::uuid[], $3::date[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[]) \
    AS members (id, adult_from, identity, family, migration, placement)";
const CONSENTS: &str = "\
INSERT INTO consents (id, programme_id, person_id, recipient, purpose, given_at) \
SELECT given.id, agencies.programme_id, person, agencies.code, purpose, $5 \
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS given (id, person, agency, purpose) \
    JOIN agencies ON agencies.id = agency";

#[derive(Deserialize)]
struct Request<'r> {
    #[serde(borrow)]
    variables: Variables<'r>,
}

#[derive(Deserialize)]
struct Variables<'r> {
    #[serde(borrow)]
    members: Vec<Member<'r>>,
}

#[derive(Deserialize)]
struct Member<'r> {
    #[serde(borrow)]
    identity: &'r RawValue,
    #[serde(borrow)]
    family: &'r RawValue,
    #[serde(borrow)]
    migration: &'r RawValue,
    #[serde(borrow)]
    placement: &'r RawValue,
    #[serde(borrow)]
    consents: Vec<Consent<'r>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Born {
    birth_date: NaiveDate,
}

#[derive(Deserialize)]
struct Consent<'r> {
    recipient: &'r str,
    purpose: &'r str,
}

pub(super) struct Registering {
    household: Statement,
    persons: Statement,
    consents: Statement,
}

impl Registering {
    pub(super) async fn prepare(client: &Client) -> Result<Self, Failure> {
        Ok(Self {
            household: client.prepare(HOUSEHOLD).await?,
            persons: client.prepare(PERSONS).await?,
            consents: client.prepare(CONSENTS).await?,
        })
    }

    pub(super) async fn register(&self, client: &Client, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let Request { variables: Variables { members } } = serde_json::from_slice(body)?;
        let (household, ids): (Uuid, Vec<Uuid>) =
            (Uuid::now_v7(), members.iter().map(|_| Uuid::now_v7()).collect());
        let mut adult_from = Vec::with_capacity(members.len());
        for member in &members {
            let Born { birth_date } = serde_json::from_str(member.identity.get())?;
            let year = chrono::Datelike::year(&birth_date) + 19;
            adult_from.push(NaiveDate::from_ymd_opt(year, 1, 1).ok_or("no such year")?);
        }
        let column = |of: fn(&Member<'_>) -> Vec<u8>| members.iter().map(of).collect::<Vec<_>>();
        let identity = column(|member| member.identity.get().as_bytes().to_vec());
        let family = column(|member| member.family.get().as_bytes().to_vec());
        let migration = column(|member| member.migration.get().as_bytes().to_vec());
        let placement = column(|member| member.placement.get().as_bytes().to_vec());
        let (mut consents, mut persons, mut agencies, mut purposes) = (vec![], vec![], vec![], vec![]);
        for (member, id) in members.iter().zip(&ids) {
            for consent in &member.consents {
                consents.push(Uuid::now_v7());
                persons.push(*id);
                agencies.push(enlace_schema::GlobalId::parse(consent.recipient).ok_or("no id")?.uuid);
                purposes.push(consent.purpose);
            }
        }
        client.batch_execute("BEGIN").await?;
        let head = ids.first().ok_or("nobody")?;
        client.query_one(&self.household, &[&household, head]).await?;
        let rows = [
            &household as &(dyn tokio_postgres::types::ToSql + Sync),
            &ids,
            &adult_from,
            &identity,
            &family,
            &migration,
            &placement,
        ];
        client.execute(&self.persons, &rows).await?;
        client.execute(&self.consents, &[&consents, &persons, &agencies, &purposes, &Utc::now()]).await?;
        client.batch_execute("COMMIT").await?;
        Ok(br#"{"data":{"registerHousehold":{"__typename":"RegisterHouseholdPayload"}}}"#.to_vec())
    }
}
