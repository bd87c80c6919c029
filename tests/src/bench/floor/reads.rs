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

/// By the words of the catalogue, or else by their spelling; of each item what expires first.
const SEARCH: &str = "\
WITH by_words AS MATERIALIZED ( \
    SELECT id, CASE WHEN starts_with(folded(name), folded($2)) THEN 2 ELSE 1 END AS rank, name FROM items \
    WHERE programme_id = $1 AND words LIKE '% ' || folded($2) || '%'), \
by_spelling AS MATERIALIZED ( \
    SELECT id, round(1000 * word_similarity(folded($2), words))::integer AS rank, name FROM items \
    WHERE programme_id = $1 AND NOT EXISTS (SELECT FROM by_words) AND folded($2) <% words), \
found AS (SELECT * FROM (TABLE by_words UNION ALL TABLE by_spelling) AS both_ways ORDER BY rank DESC, name COLLATE \"C\", id LIMIT 200) \
SELECT l.id, l.code, l.item_name, l.received, l.unit, l.expires_on FROM found CROSS JOIN LATERAL ( \
    SELECT * FROM lots WHERE item_id = found.id ORDER BY keeps_until, id LIMIT 51) AS l \
ORDER BY found.rank DESC, found.name COLLATE \"C\", found.id, l.keeps_until, l.id LIMIT 51";

/// Free beds of the space that has just enough of them.
const BEDS: &str = "\
SELECT id, code FROM beds WHERE NOT occupied AND blocked_for IS NULL AND hold_id IS NULL AND space_id = ( \
    SELECT space_id FROM beds JOIN spaces ON spaces.id = space_id JOIN shelters ON shelters.id = shelter_id \
    WHERE NOT beds.occupied AND blocked_for IS NULL AND hold_id IS NULL AND closed_on IS NULL AND shelters.programme_id = $1 \
    GROUP BY space_id HAVING count(*) >= $2 ORDER BY count(*), space_id LIMIT 1) \
ORDER BY code LIMIT $2";

/// A connection that all requests share; statements of many are in flight on it at once.
struct Reader {
    client: Client,
    shelters: Statement,
    lots: Statement,
    rows: Statement,
    search: Statement,
    beds: Statement,
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
                search: client.prepare(SEARCH).await?,
                beds: client.prepare(BEDS).await?,
                client,
            });
        }
        let any = readers.first().ok_or("no reader")?;
        let programme = any.client.query_one("SELECT id FROM programmes", &[]).await?.try_get(0)?;
        Ok(Self { readers, next: AtomicUsize::new(0), programme })
    }

    fn reader(&self) -> Result<&Reader, Failure> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.readers.len();
        Ok(self.readers.get(turn).ok_or("no reader")?)
    }

    /// What a text finds, 50 lots at most. The body is Enlace's: the text is a variable.
    pub(super) async fn search(&self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let body: serde_json::Value = serde_json::from_slice(body)?;
        let text = body.pointer("/variables/text").and_then(serde_json::Value::as_str).ok_or("no text")?;
        let reader = self.reader()?;
        let rows = reader.client.query(&reader.search, &[&self.programme, &text]).await?;
        let mut out = Json::with_capacity(200 * rows.len());
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
            out.raw(r#","expiresOn":"#);
            out.date_or_null(row.try_get(5)?);
            out.raw("}");
        }
        out.raw("]}}}");
        Ok(out.0)
    }

    /// Enough free beds in one space. The body is Enlace's, with the number of people beside what that needs.
    pub(super) async fn beds(&self, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let body: serde_json::Value = serde_json::from_slice(body)?;
        let people =
            body.pointer("/extensions/people").and_then(serde_json::Value::as_i64).ok_or("no people")?;
        let reader = self.reader()?;
        let rows = reader.client.query(&reader.beds, &[&self.programme, &people]).await?;
        let mut out = Json::with_capacity(60 * rows.len());
        out.raw(r#"{"data":{"beds":["#);
        for (place, row) in rows.iter().enumerate() {
            out.comma(place == 0);
            out.raw(r#"{"id":"#);
            out.id("bed", row.try_get(0)?);
            out.raw(r#","code":"#);
            out.text(row.try_get(1)?);
            out.raw("}");
        }
        out.raw("]}}");
        Ok(out.0)
    }

    async fn query(&self, statement: fn(&Reader) -> &Statement) -> Result<Vec<Row>, Failure> {
        let reader = self.reader()?;
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
