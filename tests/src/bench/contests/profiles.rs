//! What access costs before any row is read: compiling a caller's profile from the policies, once for all who may do the same;
//! and finding the plan of a document that was planned before, for every request. Both in this process, on one thread.

use std::hint::black_box;
use std::time::{Duration, Instant};

use enlace_policies::{Policies, Principal, ROLES, UserPrincipal};
use enlace_schema::{Request, Stated};
use serde_json::json;

use super::super::Failure;
use super::super::arguments::Arguments;
use super::super::duel::median;
use super::super::report::{Bound, Line};
use super::super::stage::Stage;
use super::reads::{LOTS, SHELTERS};

/// The longest compilation of a profile, in milliseconds.
const LONGEST_COMPILATION: f64 = 20.0;

/// The longest check of a planned document, in microseconds.
const LONGEST_CHECK: f64 = 2.0;

/// Compilations of each profile.
const COMPILATIONS: u32 = 15;

/// Checks in a round: one alone is too short for the clock.
const CHECKS: u32 = 20_000;

/// A document with variables, which are coerced anew each time.
const WITH_VARIABLES: &str = "query Store($store: ID!, $first: Int!) { stock(location: $store, first: $first) { nodes { \
                              lot { code name } quantity version } pageInfo { hasNextPage endCursor } } }";

pub(super) async fn run(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let mut lines = compilation()?;
    lines.extend(checks(stage, arguments).await?);
    Ok(lines)
}

/// Compiles the profile of each role of each agency; of the medians of each, the one in the middle and the longest.
fn compilation() -> Result<Vec<Line>, Failure> {
    let policies = Policies::built_in()?;
    let mut each = Vec::new();
    for role in ROLES {
        for agency in role.agencies {
            let principal = Principal::User(UserPrincipal {
                user: "self".to_owned(),
                agency: agency.replace('*', "ALFA"),
                roles: [role.code.to_owned()].into(),
                reads_as: None,
                shelters: ["ALB-01".to_owned()].into(),
                agreement_in_force: true,
                purpose: Some("EDUCATION".to_owned()),
                opened: None,
            });
            let mut took = Vec::new();
            for _ in 0..COMPILATIONS {
                let begun = Instant::now();
                black_box(policies.profile(&principal)?);
                took.push(begun.elapsed());
            }
            each.push(median(took.iter().map(|took| milliseconds(*took))));
        }
    }
    let slowest = each.iter().copied().fold(0.0, f64::max);
    let bound = Some(Bound::Under(LONGEST_COMPILATION));
    Ok(vec![
        Line::own("compiling a profile: median", "ms", median(each.iter().copied()), bound),
        Line::own(format!("the slowest of {} callers", each.len()), "ms", slowest, bound),
    ])
}

async fn checks(stage: &Stage, arguments: &Arguments) -> Result<Vec<Line>, Failure> {
    let enlace = stage.engine().await?;
    let caller = enlace.caller(Some(&Stated {
        jti: "bench",
        subject: "dif_municipal.coordinator",
        agency: "DIF_MUNICIPAL",
        roles: &["coordinator".to_owned()],
        shelters: &[],
        purpose: None,
    }))?;
    let store = "location_01fpf39k00fmhtnw073eat64gf";
    let mut lines = Vec::new();
    for (name, query, variables) in [
        ("12 shelters", SHELTERS.query, json!({})),
        ("50 lots", LOTS.query, json!({})),
        ("with two variables", WITH_VARIABLES, json!({"store": store, "first": 50})),
    ] {
        let request: Request = serde_json::from_value(json!({"query": query, "variables": variables}))?;
        let prepare = || enlace.prepare(&caller, &request).map_err(|refused| format!("{name}: {refused:?}"));
        prepare()?;
        let mut took = Vec::new();
        for _ in 0..arguments.rounds {
            let begun = Instant::now();
            for _ in 0..CHECKS {
                black_box(prepare()?);
            }
            took.push(milliseconds(begun.elapsed()) * 1e3 / f64::from(CHECKS));
        }
        let name = format!("checking a planned document: {name}");
        lines.push(Line::own(name, "µs", median(took.into_iter()), Some(Bound::Under(LONGEST_CHECK))));
    }
    enlace.stop().await;
    Ok(lines)
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
