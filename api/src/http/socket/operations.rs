//! The open operations of one socket: what runs, and what comes of it.

use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use enlace_schema::{Cursor, Error, Event, Progress, Response};

use super::message::OperationId;
use super::roused::Roused;

/// What comes of an operation.
pub(super) enum Output {
    /// The response to a query or a mutation, after which it is over.
    Response(Response),
    /// How something stands as a subscription begins.
    Standing(Bytes),
    /// A subscription is live.
    Ready(Cursor),
    /// A change, as it was written for all who get it, and its cursor.
    Next(Bytes, Cursor),
    /// The end of a subscription: why, and from where to go on.
    Ended(Box<Error>, Option<Cursor>),
}

/// All operations share the socket's task: none has a task, a channel or a buffer of its own. They are few, and looked through in turn.
#[derive(Default)]
pub(super) struct Operations {
    open: Vec<Open>,
    /// The one that is looked at first: each gets its turn.
    turn: usize,
}

struct Open {
    id: OperationId,
    outputs: BoxStream<'static, Output>,
    /// Whether there may be more of them.
    roused: Roused,
    /// Of a subscription, how far it is, and how far its client was told that it is.
    stream: Option<(Progress, i64)>,
}

impl Open {
    /// What comes next of it, and whether that is the last; none where it is over.
    fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<Option<(Output, bool)>> {
        let Self { outputs, roused, stream, .. } = self;
        roused.poll(task, |own| outputs.poll_next_unpin(own)).map(|output| {
            let output = output?;
            let is_last = matches!(output, Output::Response(_) | Output::Ended(..));
            if let (Output::Ready(cursor) | Output::Next(_, cursor), Some((_, told))) = (&output, stream) {
                *told = cursor.index();
            }
            Some((output, is_last))
        })
    }
}

impl Operations {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether this id has an open operation.
    pub(super) fn contains(&self, id: &OperationId) -> bool {
        self.open.iter().any(|open| open.id == *id)
    }

    /// Opens a query or a mutation.
    pub(super) fn run(&mut self, id: OperationId, response: impl Future<Output = Response> + Send + 'static) {
        self.open(id, None, stream::once(response).map(Output::Response));
    }

    /// Opens a subscription whose events follow.
    pub(super) fn follow(
        &mut self,
        id: OperationId,
        progress: Progress,
        events: impl Stream<Item = Event> + Send + 'static,
    ) {
        let told = progress.clone();
        let outputs = events.map(move |event| match event {
            Event::Standing(payload) => Output::Standing(payload),
            Event::Ready(index) => Output::Ready(progress.at(index)),
            Event::Next { index, head } => Output::Next(head, progress.at(index)),
            Event::End(error) => Output::Ended(error, progress.cursor()),
        });
        self.open(id, Some((told, -1)), outputs);
    }

    fn open(
        &mut self,
        id: OperationId,
        stream: Option<(Progress, i64)>,
        outputs: impl Stream<Item = Output> + Send + 'static,
    ) {
        self.open.push(Open { id, outputs: outputs.boxed(), roused: Roused::new(), stream });
    }

    /// What comes next of any of them; nothing while none is open.
    pub(super) fn poll_next(&mut self, task: &mut Context<'_>) -> Poll<(OperationId, Output)> {
        let mut left = self.open.len();
        while left > 0 {
            left -= 1;
            let place = if self.turn < self.open.len() { self.turn } else { 0 };
            let Some(open) = self.open.get_mut(place) else { break };
            self.turn = place + 1;
            if let Poll::Ready(came) = open.poll_next(task) {
                let id = open.id.clone();
                if came.as_ref().is_none_or(|(_, is_last)| *is_last) {
                    self.open.swap_remove(place);
                }
                if let Some((output, _)) = came {
                    return Poll::Ready((id, output));
                }
            }
        }
        Poll::Pending
    }

    /// The cursors of the subscriptions that have gone on without a message since they were last told of.
    pub(super) fn silent_progress(&mut self) -> Vec<(OperationId, Cursor)> {
        let mut all = Vec::new();
        for Open { id, stream, .. } in &mut self.open {
            if let Some((progress, told)) = stream
                && let Some(latest) = progress.latest()
                && latest.index() > std::mem::replace(told, latest.index())
            {
                all.push((id.clone(), latest));
            }
        }
        all
    }

    /// Closes one, at its client's wish. An id that is not open may just have ended: that is no fault.
    pub(super) fn close(&mut self, id: &OperationId) {
        self.open.retain(|open| open.id != *id);
    }

    /// Closes all subscriptions, and gives the cursor from which each goes on; none of one that is to begin anew.
    pub(super) fn close_subscriptions(&mut self) -> Vec<(OperationId, Option<Cursor>)> {
        let subscriptions = self.open.extract_if(.., |open| open.stream.is_some());
        subscriptions.filter_map(|open| Some((open.id, open.stream?.0.cursor()))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;

    use futures_util::poll;

    use super::*;
    use crate::http::socket::message::ClientMessage;

    fn id(name: &str) -> OperationId {
        match ClientMessage::parse(&format!(r#"{{"type":"complete","id":"{name}"}}"#)) {
            Ok(ClientMessage::Complete(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    fn response(text: &str) -> Response {
        Response { refused: None, body: text.as_bytes().to_vec(), age: None }
    }

    async fn next(operations: &mut Operations) -> (OperationId, Output) {
        poll_fn(|task| operations.poll_next(task)).await
    }

    #[tokio::test]
    async fn each_operation_gets_its_turn() {
        let mut operations = Operations::default();
        for name in ["a", "b", "c"] {
            operations.open(id(name), None, stream::repeat_with(|| Output::Standing(Bytes::new())));
        }
        let mut came = Vec::new();
        for _ in 0..6 {
            came.push(next(&mut operations).await.0.to_string());
        }
        assert_eq!(came.concat(), r#""a""b""c""a""b""c""#);
    }

    #[tokio::test]
    async fn a_query_answers_once_and_is_over() {
        let mut operations = Operations::default();
        operations.run(id("a"), async { response("{}") });
        assert!(operations.contains(&id("a")));
        assert!(matches!(next(&mut operations).await, (_, Output::Response(_))));
        assert_eq!(operations.len(), 0);
        assert!(poll!(pin!(next(&mut operations))).is_pending());
    }

    #[tokio::test]
    async fn what_was_closed_sends_nothing_and_its_id_is_free() {
        let mut operations = Operations::default();
        operations.run(id("a"), async { response("1") });
        operations.close(&id("a"));
        operations.close(&id("a"));
        operations.run(id("a"), async { response("6") });
        let (_, Output::Response(response)) = next(&mut operations).await else { panic!("no answer") };
        assert_eq!(response.body, b"6");
        assert!(poll!(pin!(next(&mut operations))).is_pending());
    }
}
