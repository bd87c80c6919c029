//! Where a query is answered: by a replica, where its caller allows that and nothing speaks against it, or by the primary.

use std::sync::Arc;
use std::time::Duration;

use apollo_compiler::response::JsonValue;
use futures_util::future::{join, join_all};

use crate::access::{Call, Loaded, Plan};
use crate::context::Context;
use crate::database::{Passed, Replica};
use crate::error::{Code, Error, Result};
use crate::execute::answer;
use crate::graph::Answer;
use crate::journal::newest_write;
use crate::system::{Caller, System};

/// What the roots of a query came to, all at one place.
pub(crate) struct Answered {
    pub(crate) context: Context,
    pub(crate) answers: Vec<Result<(Answer, Vec<Loaded>)>>,
    /// How old it may be, where a replica answered.
    pub(crate) age: Option<Duration>,
}

/// Answers a query that may be as old as `at_most`, or not at all.
pub(crate) async fn answer_query(
    system: &Arc<System>,
    caller: &Caller,
    plan: &Plan,
    calls: Vec<(&Call, JsonValue)>,
    at_most: Option<Duration>,
) -> Answered {
    let replicas = &system.database.replicas;
    if let Some(at_most) = at_most.filter(|_| !replicas.is_empty() && !calls.is_empty()) {
        match by_replica(system, caller, plan, &calls, at_most).await {
            Ok(answered) => return answered,
            Err(why) => replicas.pass(why),
        }
    }
    let context = Context::new(Arc::clone(system), caller.clone()).showing(&plan.personal);
    let answers =
        join_all(calls.into_iter().map(|(call, arguments)| answer(&context, call, arguments))).await;
    Answered { context, answers, age: None }
}

async fn by_replica(
    system: &Arc<System>,
    caller: &Caller,
    plan: &Plan,
    calls: &[(&Call, JsonValue)],
    at_most: Duration,
) -> Result<Answered, Passed> {
    if !plan.may_lag {
        return Err(Passed::Document);
    }
    let replica = system.database.replicas.choose(at_most).ok_or(Passed::Stale)?;
    let answering = async {
        let context = Context::new(Arc::clone(system), caller.clone()).showing(&plan.personal);
        let (context, age) = lent(context, replica, at_most).await?;
        let answers = calls.iter().map(|(call, arguments)| answer(&context, call, arguments.clone()));
        let answers = join_all(answers).await;
        // The primary may do better.
        let has_failed = |error: &Error| matches!(error.code, Code::Unavailable | Code::Internal);
        if answers.iter().any(|answer| answer.as_ref().is_err_and(has_failed)) {
            return Err(Passed::Failed);
        }
        Ok(Answered { context, answers, age: Some(age) })
    };
    let answered = replica.while_fit(answering).await.unwrap_or(Err(Passed::Failed))?;
    replica.has_answered();
    Ok(answered)
}

/// Has a request read from a replica, if that is new enough and shows all that the caller wrote; with the age of what it shows.
///
/// It is asked on the connection that then answers, which never goes back: another one to the same server might, after a restart. What
/// the caller wrote before it asked is committed on the primary by now, whichever node took it.
async fn lent(context: Context, replica: &Replica, at_most: Duration) -> Result<(Context, Duration), Passed> {
    let (seen, newest) = join(replica.look(context.turn()), newest_write(&context)).await;
    let (reader, seen) = seen.ok_or(Passed::Failed)?;
    if newest.map_err(|_| Passed::Failed)?.is_some_and(|newest| newest >= seen.complete_before) {
        return Err(Passed::OwnWrite);
    }
    let age = seen.position.and_then(|position| context.database().replicas.age(position));
    let age = age.filter(|age| *age <= at_most).ok_or(Passed::Stale)?;
    Ok((context.reading_from(reader), age))
}
