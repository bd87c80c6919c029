//! Three lists, each with one statement.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio_postgres::{Client, Config, Row, Statement};
use uuid::Uuid;

use super::json::Json;
use super::{Failure, connect};

/// As many as Enlace has.
const READERS: usize = 2;

const SHELTERS: &str = "\
SELECT s.code, s.name, p.segment, p.capacity, p.occupied \
FROM shelters s JOIN spaces p ON p.shelter_id = s.id WHERE s.programme_id = $1 ORDER BY s.code, p.code";

/// One row more than a page, to learn whether there are more.
const LOTS: &str = "\
SELECT l.id, l.code, i.name, l.received, i.unit, l.received_on, l.expires_on, \
c.code, c.name, d.name, d.kind, o.code, o.name \
FROM lots l JOIN items i ON i.id = l.item_id JOIN categories c ON c.id = i.category_id \
JOIN donors d ON d.id = l.donor_id JOIN locations o ON o.id = l.received_at_id \
WHERE l.programme_id = $1 ORDER BY l.received_on, l.id LIMIT 51";

const ROWS: &str = "\
SELECT l.id, l.code, i.name, i.code, l.condition, l.received, i.unit, l.received_on, l.expires_on \
FROM lots l JOIN items i ON i.id = l.item_id \
WHERE l.programme_id = $1 ORDER BY l.received_on, l.id LIMIT 500";

/// A connection that all requests share; statements of many are in flight on it at once.
struct Reader {
    client: Client,
    shelters: Statement,
    lots: Statement,
    rows: Statement,
}

pub(super) struct Reads {
    readers: Vec<Reader>,
    next: AtomicUsize,
    programme: Uuid,
}

impl Reads {
    pub(super) async fn open(config: &Config) -> Result<Self, Failure> {
        let mut readers = Vec::new();
        for _ in 0..READERS {
            let client = connect(config).await?;
            readers.push(Reader {
                shelters: client.prepare(SHELTERS).await?,
                lots: client.prepare(LOTS).await?,
                rows: client.prepare(ROWS).await?,
                client,
            });
        }
        let any = readers.first().ok_or("no reader")?;
        let programme = any.client.query_one("SELECT id FROM programmes", &[]).await?.try_get(0)?;
        Ok(Self { readers, next: AtomicUsize::new(0), programme })
    }

    async fn query(&self, statement: fn(&Reader) -> &Statement) -> Result<Vec<Row>, Failure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.readers.len();
        let reader = self.readers.get(turn).ok_or("no reader")?;
        Ok(reader.client.query(statement(reader), &[&self.programme]).await?)
    }

    pub(super) async fn shelters(&self) -> Result<Vec<u8>, Failure> {
        let rows = self.query(|reader| &reader.shelters).await?;
        let mut out = Json::with_capacity(100 * rows.len());
        out.raw(r#"{"data":{"shelters":["#);
        let mut current = None;
        for row in &rows {
            let code: &str = row.try_get(0)?;
            if current == Some(code) {
                out.raw(",");
            } else {
                if current.is_some() {
                    out.raw("]},");
                }
                current = Some(code);
                out.raw(r#"{"code":"#);
                out.text(code);
                out.raw(r#","name":"#);
                out.text(row.try_get(1)?);
                out.raw(r#","spaces":["#);
            }
            out.raw(r#"{"segment":"#);
            out.plain(row.try_get(2)?);
            out.raw(r#","capacity":"#);
            out.number(row.try_get(3)?);
            out.raw(r#","occupied":"#);
            out.number(row.try_get(4)?);
            out.raw("}");
        }
        out.raw(if rows.is_empty() { "]}}" } else { "]}]}}" });
        Ok(out.0)
    }

    pub(super) async fn lots(&self) -> Result<Vec<u8>, Failure> {
        let rows = self.query(|reader| &reader.lots).await?;
        let mut out = Json::with_capacity(400 * rows.len());
        out.raw(r#"{"data":{"donationItems":{"nodes":["#);
        for (place, row) in rows.iter().take(50).enumerate() {
            out.comma(place == 0);
            out.raw(r#"{"id":"#);
            out.id("lot", row.try_get(0)?);
            out.raw(r#","code":"#);
            out.text(row.try_get(1)?);
            out.raw(r#","name":"#);
            out.text(row.try_get(2)?);
            out.raw(r#","received":"#);
            out.quantity(row.try_get(3)?, row.try_get(4)?);
            out.raw(r#","receivedOn":"#);
            out.date(row.try_get(5)?);
            out.raw(r#","expiresOn":"#);
            out.date_or_null(row.try_get(6)?);
            out.raw(r#","category":{"code":"#);
            out.text(row.try_get(7)?);
            out.raw(r#","name":"#);
            out.text(row.try_get(8)?);
            out.raw(r#"},"donor":{"name":"#);
            out.text(row.try_get(9)?);
            out.raw(r#","kind":"#);
            out.plain(row.try_get(10)?);
            out.raw(r#"},"location":{"code":"#);
            out.text(row.try_get(11)?);
            out.raw(r#","name":"#);
            out.text(row.try_get(12)?);
            out.raw("}}");
        }
        out.raw(r#"],"pageInfo":{"hasNextPage":"#);
        out.raw(if rows.len() > 50 { "true" } else { "false" });
        out.raw("}}}}");
        Ok(out.0)
    }

    pub(super) async fn rows(&self) -> Result<Vec<u8>, Failure> {
        let rows = self.query(|reader| &reader.rows).await?;
        let mut out = Json::with_capacity(300 * rows.len());
        out.raw(r#"{"data":{"donationItems":{"nodes":["#);
        for (place, row) in rows.iter().enumerate() {
            out.comma(place == 0);
            out.raw(r#"{"id":"#);
            out.id("lot", row.try_get(0)?);
            out.raw(r#","code":"#);
            out.text(row.try_get(1)?);
            out.raw(r#","name":"#);
            out.text(row.try_get(2)?);
            out.raw(r#","item":"#);
            out.text(row.try_get(3)?);
            out.raw(r#","condition":"#);
            out.plain(row.try_get(4)?);
            out.raw(r#","received":"#);
            out.quantity(row.try_get(5)?, row.try_get(6)?);
            out.raw(r#","receivedOn":"#);
            out.date(row.try_get(7)?);
            out.raw(r#","expiresOn":"#);
            out.date_or_null(row.try_get(8)?);
            out.raw(r#","donorReference":null,"donor":null}"#);
        }
        out.raw("]}}}");
        Ok(out.0)
    }
}
