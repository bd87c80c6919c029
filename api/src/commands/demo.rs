//! `enlace demo`: the main job. From nothing to a served programme with ready-made tokens.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, Utc};
use clap::Args;
use enlace_schema::Enlace;
use enlace_schema::demo::{self, Summary};
use tokio::task::JoinHandle;

use crate::auth::dev::{DevIssuer, TokenRequest};
use crate::commands::{Failure, print};
use crate::config::{Config, Mode};
use crate::replay::{Replay, Speed};
use crate::server::{self, Database};
use crate::traces::SpanCounts;

#[derive(Args)]
pub(super) struct Arguments {
    /// Where to serve HTTP.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// The data directory.
    #[arg(long, value_name = "FOLDER")]
    data: Option<PathBuf>,
    /// Forget what the demo's database holds, and load it anew.
    #[arg(long)]
    fresh: bool,
    /// The day on which the programme stands: 2022-01-31 for new data.
    #[arg(long, value_name = "YYYY-MM-DD")]
    at: Option<NaiveDate>,
    /// Play the programme from its first day on, as live traffic of all agencies through the API: so many times as fast as it was, as in
    /// `60x`, or `max`.
    #[arg(long, value_name = "SPEED", conflicts_with = "at")]
    replay: Option<Speed>,
}

/// What is said of a database that holds anything else than made-up data.
const REAL: &str = "this database holds a real programme; the demo does not touch it";

/// How long the ready-made tokens live.
const TOKEN_LIFE: Duration = Duration::from_hours(12);

/// For whom tokens are made ready.
const CALLERS: &[(&str, &str, &[&str])] = &[
    ("DIF_MUNICIPAL", "coordinator", &[]),
    ("DIF_MUNICIPAL", "shelter_lead", &["ALB-01"]),
    ("DIF_MUNICIPAL", "donation_coordinator", &[]),
    ("ISESALUD", "clinician", &[]),
    ("INEA", "educator", &[]),
    ("SEDENA", "kitchen", &[]),
    ("DSPM", "officer", &[]),
    ("PCE", "inspector", &[]),
    ("RP", "liaison", &[]),
    ("ACNUR", "donor", &[]),
    ("UNICEF", "programmes", &[]),
    ("CNDH", "witness", &[]),
    ("DIF_MUNICIPAL", "administrator", &[]),
];

pub(super) async fn run(
    arguments: Arguments,
    mut config: Config,
    spans: Option<Arc<SpanCounts>>,
) -> Result<(), Failure> {
    config.data = arguments.data.or(config.data);
    config.mode = Mode::Development;
    // Before anything is dropped in favour of it.
    arguments.at.map(demo::check_day).transpose()?;
    let listener = server::listen(arguments.listen.unwrap_or(config.listen)).await?;
    let address = listener.local_addr()?;
    Database::use_for(&config, async |database| {
        if arguments.fresh {
            clear(&database.owner).await?;
        }
        server::migrate(&config, &database.owner).await?;
        let keys = server::keys(&config, &database.owner)?;
        let data = match arguments.replay {
            Some(_) => load_eve(&database.owner, &keys).await?.to_owned(),
            None => told(load(&database.owner, &keys, arguments.at).await?.as_ref()),
        };
        let enlace = server::engine(&config, &database.owner).await?;
        let app = server::app(&config, enlace.clone(), &database.data)?.telling_of(spans);
        // Whoever reads that it serves may ask it to end, or to read its policies again.
        let (end, rereading) =
            (server::asked_to_end(), server::rereading(enlace.clone(), config.policies.clone()));
        print(&welcome(address, &DevIssuer::open(&database.data)?, &data)?);
        let serving = server::run(listener, app, enlace.clone(), rereading, end);
        match arguments.replay {
            None => serving.await,
            Some(speed) => {
                let playing = begin(speed, address, enlace, database).await?;
                serving.await;
                playing.abort();
            }
        }
        Ok(())
    })
    .await
}

/// What the database says of the programme that it holds, if any: the day as of which made-up data stands.
async fn programme(client: &tokio_postgres::Client) -> Result<Option<Option<NaiveDate>>, Failure> {
    let row = client.query_opt("SELECT demo_day FROM programmes LIMIT 1", &[]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Loads the demo's data where there is none.
async fn load(
    owner: &tokio_postgres::Config,
    keys: &tokio_postgres::Config,
    at: Option<NaiveDate>,
) -> Result<Option<Summary>, Failure> {
    let mut client = enlace_schema::connect(owner).await?;
    match (programme(&client).await?, at) {
        (None, at) => {
            let (keys, day) = (enlace_schema::connect(keys).await?, at.unwrap_or(demo::DEFAULT_DAY));
            Ok(Some(demo::load(&mut client, &keys, day, Utc::now()).await?))
        }
        (Some(None), _) => Err(REAL.into()),
        (Some(Some(day)), Some(at)) if day != at => {
            Err(format!("the data here stands on {day}; add --fresh to load {at} in its place").into())
        }
        (Some(Some(_)), _) => Ok(None),
    }
}

/// Loads what there is on the eve of the programme, into a database that holds none.
async fn load_eve(
    owner: &tokio_postgres::Config,
    keys: &tokio_postgres::Config,
) -> Result<&'static str, Failure> {
    let mut client = enlace_schema::connect(owner).await?;
    match programme(&client).await? {
        None => {
            let keys = enlace_schema::connect(keys).await?;
            demo::load_eve(&mut client, &keys, Utc::now()).await?;
            Ok("El programa empieza el 9 de diciembre de 2021. The programme begins on 9 December 2021.")
        }
        Some(None) => Err(REAL.into()),
        Some(Some(_)) => {
            Err("there is data here already; add --fresh to play the programme in its place".into())
        }
    }
}

/// Begins to play the programme on this server.
async fn begin(
    speed: Speed,
    server: SocketAddr,
    enlace: Enlace,
    database: &Database,
) -> Result<JoinHandle<()>, Failure> {
    let owner = enlace_schema::connect(&database.owner).await?;
    let issuer = DevIssuer::open(&database.data)?;
    Ok(tokio::spawn(play(Replay::of_the_programme(speed, server, issuer, enlace, owner)?)))
}

/// Plays it, and says how far it is; whoever ends the demo ends it too.
async fn play(replay: Replay) {
    let began = Instant::now();
    match replay.play(|day| print(&format!("{day}\n"))).await {
        Ok(played) => print(&format!(
            "Fin del programa / the programme is over: {played}, {} s\n",
            began.elapsed().as_secs()
        )),
        Err(error) => tracing::error!("{error}"),
    }
}

/// Drops everything in the database, if what it holds was made up.
async fn clear(owner: &tokio_postgres::Config) -> Result<(), Failure> {
    let client = enlace_schema::connect(owner).await?;
    let migrated = client
        .query_opt("SELECT 1 FROM pg_tables WHERE schemaname = 'public' AND tablename = 'programmes'", &[]);
    if migrated.await?.is_some() && programme(&client).await? == Some(None) {
        return Err(REAL.into());
    }
    client.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await?;
    Ok(())
}

/// What is said of the data: in Spanish, then in English.
fn told(loaded: Option<&Summary>) -> String {
    match loaded {
        Some(Summary { agencies, shelters, persons, households, lots, articles, .. }) => format!(
            "Datos sintéticos cargados: {agencies} instituciones, {shelters} albergues, {persons} personas en {households} hogares, {lots} lotes, {articles} artículos.\n\
             Synthetic data loaded: {agencies} agencies, {shelters} shelters, {persons} people in {households} households, {lots} lots, {articles} articles."
        ),
        None => "Los datos están como se dejaron. The data is as it was left.".to_owned(),
    }
}

/// What is said once the server is ready: in Spanish, then in English.
fn welcome(address: SocketAddr, issuer: &DevIssuer, data: &str) -> Result<String, Failure> {
    let tokens = CALLERS.iter().map(|caller| token(issuer, caller)).collect::<Result<Vec<_>, _>>()?;
    let first = tokens.first().map(String::as_str).unwrap_or_default();
    let listed: Vec<String> = CALLERS
        .iter()
        .zip(&tokens)
        .map(|((agency, role, shelters), token)| format!("{agency}/{role} {}\n{token}\n", shelters.join(" ")))
        .collect();
    Ok(format!(
        r#"
{data}

GraphQL: http://{address}/graphql

Tokens (12 h):

{tokens}
Una consulta / a query:

TOKEN={first}
curl -s http://{address}/graphql -H 'Content-Type: application/json' -H "Authorization: Bearer $TOKEN" \
  -d '{{"query":"{{ shelters {{ code name spaces {{ segment capacity occupied }} }} }}"}}'

Una suscripción / a subscription:

curl -sN http://{address}/graphql -H 'Content-Type: application/json' -H 'Accept: text/event-stream' \
  -H "Authorization: Bearer $TOKEN" \
  -d '{{"query":"subscription {{ shelterCapacityChanged {{ shelter {{ code }} space {{ segment capacity occupied }} }} }}"}}'

Ctrl-C termina / ends it.
"#,
        tokens = listed.join("\n"),
    ))
}

fn token(issuer: &DevIssuer, (agency, role, shelters): &(&str, &str, &[&str])) -> Result<String, Failure> {
    let request = TokenRequest {
        agency: (*agency).to_owned(),
        roles: vec![(*role).to_owned()],
        shelters: shelters.iter().map(|shelter| (*shelter).to_owned()).collect(),
        user: None,
        ttl: TOKEN_LIFE,
    };
    Ok(issuer.mint(&request, Utc::now())?)
}
