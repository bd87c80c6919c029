//! A page of people in care: their rows, their keys, and what each key opens. Nothing is entered in a journal.

use chrono::NaiveDate;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use tokio_postgres::{Client, Config, Statement};
use uuid::Uuid;

use super::json::Json;
use super::{Failure, connect};

const ROWS: &str = "\
SELECT p.id, p.code, p.arrived_on, p.adult_from, p.identity, p.family, p.placement, p.shelter_id, s.code \
FROM persons p LEFT JOIN shelters s ON s.id = p.shelter_id WHERE p.programme_id = $1 ORDER BY p.id LIMIT 500";

const KEYS: &str = "SELECT person_id, key FROM person_keys WHERE person_id = ANY($1)";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    given_names: String,
    family_names: String,
    birth_date: Option<String>,
    sex: String,
    nationality: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Family {
    kinship: String,
    marital_status: Option<String>,
}

#[derive(Deserialize)]
struct Placement {
    segment: String,
}

pub(super) struct People {
    rows: (Client, Statement),
    keys: (Client, Statement),
    programme: Uuid,
}

impl People {
    pub(super) async fn open(database: &Config, keys: &Config) -> Result<Self, Failure> {
        let (client, keys) = (connect(database).await?, connect(keys).await?);
        let programme = client.query_one("SELECT id FROM programmes", &[]).await?.try_get(0)?;
        let (of_rows, of_keys) = (client.prepare(ROWS).await?, keys.prepare(KEYS).await?);
        Ok(Self { rows: (client, of_rows), keys: (keys, of_keys), programme })
    }

    /// 500 people. Who minors are is not in a list.
    pub(super) async fn page(&self) -> Result<Vec<u8>, Failure> {
        let rows = self.rows.0.query(&self.rows.1, &[&self.programme]).await?;
        let ids = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<Uuid>, _>>()?;
        let mut keys = HashMap::with_capacity(ids.len());
        for row in self.keys.0.query(&self.keys.1, &[&ids]).await? {
            let key = UnboundKey::new(&AES_256_GCM, row.try_get(1)?).map_err(|_| "no key")?;
            keys.insert(row.try_get::<_, Uuid>(0)?, LessSafeKey::new(key));
        }
        let today = enlace_schema::demo::DEFAULT_DAY;
        let mut out = Json::with_capacity(300 * rows.len());
        out.raw(r#"{"data":{"persons":{"nodes":["#);
        for (place, row) in rows.iter().enumerate() {
            let id: Uuid = row.try_get(0)?;
            let key = keys.get(&id).ok_or("no key")?;
            let family: Family = open(key, id, "family", row.try_get(5)?)?;
            let placement: Placement = open(key, id, "placement", row.try_get(6)?)?;
            out.comma(place == 0);
            out.raw(r#"{"id":"#);
            out.id("person", id);
            if row.try_get::<_, NaiveDate>(3)? > today {
                out.raw(r#","code":null,"givenNames":null,"familyNames":null,"birthDate":null,"sex":null,"nationality":null,"arrivedOn":null"#);
            } else {
                let identity: Identity = open(key, id, "identity", row.try_get(4)?)?;
                out.raw(r#","code":"#);
                out.text(row.try_get(1)?);
                out.raw(r#","givenNames":"#);
                out.text(&identity.given_names);
                out.raw(r#","familyNames":"#);
                text_or_null(&mut out, Some(&identity.family_names).filter(|name| !name.is_empty()));
                out.raw(r#","birthDate":"#);
                text_or_null(&mut out, identity.birth_date.as_ref());
                out.raw(r#","sex":"#);
                out.plain(&identity.sex);
                out.raw(r#","nationality":"#);
                out.plain(&identity.nationality);
                out.raw(r#","arrivedOn":"#);
                out.date(row.try_get(2)?);
            }
            out.raw(r#","kinship":"#);
            out.plain(&family.kinship);
            out.raw(r#","maritalStatus":"#);
            text_or_null(&mut out, family.marital_status.as_ref());
            out.raw(r#","segment":"#);
            out.plain(&placement.segment);
            out.raw("}");
        }
        out.raw("]}}}");
        Ok(out.0)
    }
}

fn text_or_null(out: &mut Json, text: Option<&String>) {
    match text {
        Some(text) => out.text(text),
        None => out.raw("null"),
    }
}

/// Opens a part of what is known of a person, as `schema/src/vault.rs` seals it.
fn open<T: DeserializeOwned>(
    key: &LessSafeKey,
    person: Uuid,
    part: &str,
    sealed: &[u8],
) -> Result<T, Failure> {
    let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or("nothing is sealed")?;
    let mut text = rest.to_vec();
    let bound_to = Aad::from([person.as_bytes(), part.as_bytes()].concat());
    let opened = key
        .open_in_place(Nonce::assume_unique_for_key(*nonce), bound_to, &mut text)
        .map_err(|_| "what is sealed does not open")?;
    Ok(serde_json::from_slice(opened)?)
}
