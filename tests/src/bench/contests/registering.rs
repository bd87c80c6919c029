//! Households of five that are registered, each with what two agencies may read of each member: Enlace, which seals each class of each
//! person under a key of their own and enters all of it in its journal, against a transaction by hand that writes the same rows.

use serde_json::{Value as Json, json};
use tokio_postgres::Client as Database;
use uuid::Uuid;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::{Duel, Side};
use super::super::load::{Client, Load, post_stating};
use super::super::report::{Bound, Line};
use super::super::stage::Stage;

/// At most four times as long.
const LEAST: f64 = 0.25;

const MUTATION: &str = "mutation($members: [NewMember!]!, $key: String!) { \
    registerHousehold(members: $members, idempotencyKey: $key) { __typename ... on Problem { code message } } }";

const KINSHIPS: [&str; 5] = ["HEAD", "PARTNER", "CHILD", "CHILD", "RELATIVE"];

/// Registers one household after the other.
struct Registrar {
    path: &'static str,
    token: String,
    recipients: [String; 2],
}

impl Registrar {
    fn member(&self, place: usize, kinship: &str) -> Json {
        let [first, second] = &self.recipients;
        json!({
            "identity": {
                "givenNames": format!("Wislande {place}"), "familyNames": "Pétit-Homme Dézilien", "birthDate": "1991-08-20",
                "sex": "FEMALE", "nationality": "HTI", "languages": ["ht", "fr"], "documents": ["PASSPORT HTI ZZ-000917"],
            },
            "family": {"kinship": kinship, "maritalStatus": "MARRIED"},
            "migration": {"status": "ASYLUM_SEEKER", "procedure": "COMAR-ZZ-44"},
            "placement": {"segment": "FAMILY_NUCLEUS", "bedNeeds": ["LOWER_BED"]},
            "consents": [
                {"recipient": first, "purpose": "PROTECTION"},
                {"recipient": second, "purpose": "EDUCATION"},
            ],
        })
    }
}

impl Client for Registrar {
    fn request(&mut self) -> Result<Vec<u8>, Failure> {
        let members: Vec<Json> =
            KINSHIPS.iter().enumerate().map(|(place, kinship)| self.member(place, kinship)).collect();
        let variables = json!({"members": members, "key": Uuid::now_v7()});
        let body = json!({"query": MUTATION, "variables": variables}).to_string();
        Ok(post_stating(self.path, &self.token, "RECEPTION", &body))
    }

    fn answered(&mut self, body: &[u8]) -> Result<(), Failure> {
        if body != br#"{"data":{"registerHousehold":{"__typename":"RegisterHouseholdPayload"}}}"# {
            return Err(format!("a household was refused: {}", String::from_utf8_lossy(body)).into());
        }
        Ok(())
    }
}

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let database = stage.database().await?;
    let recipients = [agency(&database, "ACNUR").await?, agency(&database, "INEA").await?];
    let (floor, enlace) = (stage.floor().await?, stage.enlace().await?);
    let token = stage.token("DIF_MUNICIPAL", "coordinator")?;
    let registrars = |path| -> Vec<Registrar> {
        let registrar = |_| Registrar { path, token: token.clone(), recipients: recipients.clone() };
        (0..arguments.connections).map(registrar).collect()
    };
    let mut floor_side = Side {
        server: floor.pid,
        postmaster: stage.postmaster,
        load: Load::connect(floor.address, registrars("/register")).await?,
    };
    let mut enlace_side = Side {
        server: enlace.pid,
        postmaster: stage.postmaster,
        load: Load::connect(enlace.address, registrars("/graphql")).await?,
    };
    let duel = Duel::fight(&mut floor_side, &mut enlace_side, arguments.rounds, arguments.seconds).await?;
    drop((floor_side, enlace_side));
    enlace.stop().await?;
    floor.stop().await?;
    let what = "households of five with consents, against a transaction by hand";
    Ok(vec![Line::both(what, "households/s", duel.rate(), Bound::AtLeast(LEAST))])
}

/// The id of an agency.
async fn agency(database: &Database, code: &str) -> Result<String, Failure> {
    let uuid = database.query_one("SELECT id FROM agencies WHERE code = $1", &[&code]).await?.try_get(0)?;
    Ok(enlace_schema::GlobalId { kind: "agency".to_owned(), uuid }.to_string())
}
