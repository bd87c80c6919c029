//! How long it takes to compile a profile: the median over a principal of every role, which must stay under
//! 20 ms. Run it with `cargo run --release -p enlace-policies --example profile`.

#![allow(clippy::print_stdout, reason = "its output is its purpose")]

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use enlace_policies::{Error, Policies, Principal, ROLES, UserPrincipal};

const BOUND: Duration = Duration::from_millis(20);
const ROUNDS: usize = 21;

fn main() -> Result<ExitCode, Error> {
    let start = Instant::now();
    let policies = Policies::built_in()?;
    println!("load      {:>8.3} ms", milliseconds(start.elapsed()));

    let mut medians = Vec::new();
    for role in ROLES {
        for agency in role.agencies {
            let principal = Principal::User(UserPrincipal {
                user: "someone".to_owned(),
                agency: agency.replace('*', "ALFA"),
                roles: [role.code.to_owned()].into(),
                reads_as: None,
                shelters: ["ALB-01".to_owned()].into(),
                agreement_in_force: true,
                purpose: Some("EDUCATION".to_owned()),
                opened: None,
            });
            let mut times = Vec::new();
            for _ in 0..ROUNDS {
                let start = Instant::now();
                std::hint::black_box(policies.profile(&principal)?);
                times.push(start.elapsed());
            }
            medians.push((median(times), format!("{agency}/{}", role.code)));
        }
    }
    if let Some((slowest, who)) = medians.iter().max() {
        println!("slowest   {:>8.3} ms  {who}", milliseconds(*slowest));
    }
    let overall = median(medians.into_iter().map(|(time, _)| time).collect());
    println!("median    {:>8.3} ms  (bound {} ms)", milliseconds(overall), BOUND.as_millis());
    Ok(if overall < BOUND { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
