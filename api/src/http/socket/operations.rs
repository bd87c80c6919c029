//! The open operations of one socket: what runs, and what comes of it.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::stream::{self, AbortHandle, Abortable, BoxStream, SelectAll, Stream, StreamExt};

use enlace_schema::{Cursor, Error, Event, Progress, Response};

use super::message::OperationId;

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

/// All operations share the socket's task: none has a task, a channel or a buffer of its own.
#[derive(Default)]
pub(super) struct Operations {
    open: HashMap<OperationId, Open>,
    running: SelectAll<Abortable<BoxStream<'static, (OperationId, Came)>>>,
}

struct Open {
    abort: AbortHandle,
    /// Of a subscription, how far it is, and how far its client was told that it is.
    stream: Option<(Progress, i64)>,
}

enum Came {
    Response(Response),
    Event(Event),
}

impl Operations {
    /// How many are open.
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether this id has an open operation.
    pub(super) fn contains(&self, id: &OperationId) -> bool {
        self.open.contains_key(id)
    }

    /// Opens a query or a mutation.
    pub(super) fn run(&mut self, id: OperationId, response: impl Future<Output = Response> + Send + 'static) {
        self.open(id, None, stream::once(response).map(Came::Response));
    }

    /// Opens a subscription whose events follow.
    pub(super) fn follow(
        &mut self,
        id: OperationId,
        progress: Progress,
        events: impl Stream<Item = Event> + Send + 'static,
    ) {
        self.open(id, Some((progress, -1)), events.map(Came::Event));
    }

    fn open(
        &mut self,
        id: OperationId,
        stream: Option<(Progress, i64)>,
        outputs: impl Stream<Item = Came> + Send + 'static,
    ) {
        let (abort, registration) = AbortHandle::new_pair();
        let named = id.clone();
        let outputs = outputs.map(move |came| (named.clone(), came)).boxed();
        self.running.push(Abortable::new(outputs, registration));
        self.open.insert(id, Open { abort, stream });
    }

    /// What comes next of any of them; nothing while none is open. Dropped before it is ready, it loses nothing.
    pub(super) async fn next(&mut self) -> Option<(OperationId, Output)> {
        loop {
            let (id, came) = self.running.next().await?;
            let event = match came {
                Came::Response(response) => {
                    self.open.remove(&id);
                    return Some((id, Output::Response(response)));
                }
                Came::Event(event) => event,
            };
            // What is not open any more says nothing.
            let Some((progress, told)) = self.open.get_mut(&id).and_then(|open| open.stream.as_mut()) else {
                continue;
            };
            let output = match event {
                Event::Standing(payload) => Output::Standing(payload),
                Event::Ready(index) => {
                    *told = index;
                    Output::Ready(progress.at(index))
                }
                Event::Next { index, head } => {
                    *told = index;
                    Output::Next(head, progress.at(index))
                }
                Event::End(error) => {
                    let cursor = progress.cursor();
                    self.open.remove(&id);
                    Output::Ended(error, cursor)
                }
            };
            return Some((id, output));
        }
    }

    /// The cursors of the subscriptions that have gone on without a message since they were last told of.
    pub(super) fn silent_progress(&mut self) -> Vec<(OperationId, Cursor)> {
        let mut all = Vec::new();
        for (id, open) in &mut self.open {
            if let Some((progress, told)) = &mut open.stream
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
        if let Some(open) = self.open.remove(id) {
            open.abort.abort();
        }
    }

    /// Closes all subscriptions, and gives the cursor from which each goes on; none of one that is to begin anew.
    pub(super) fn close_subscriptions(&mut self) -> Vec<(OperationId, Option<Cursor>)> {
        let subscriptions = self.open.extract_if(|_, open| open.stream.is_some());
        let closed = subscriptions.filter_map(|(id, open)| {
            open.abort.abort();
            Some((id, open.stream?.0.cursor()))
        });
        closed.collect()
    }
}

#[cfg(test)]
mod tests {
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

    #[tokio::test]
    async fn a_query_answers_once_and_is_over() {
        let mut operations = Operations::default();
        operations.run(id("a"), async { response("{}") });
        assert!(operations.contains(&id("a")));
        assert!(matches!(operations.next().await, Some((_, Output::Response(_)))));
        assert_eq!(operations.len(), 0);
        assert!(operations.next().await.is_none());
    }

    #[tokio::test]
    async fn what_was_closed_sends_nothing_and_its_id_is_free() {
        let mut operations = Operations::default();
        operations.run(id("a"), async { response("1") });
        operations.close(&id("a"));
        operations.close(&id("a"));
        operations.run(id("a"), async { response("6") });
        let Some((_, Output::Response(response))) = operations.next().await else { panic!("no answer") };
        assert_eq!(response.body, b"6");
        assert!(operations.next().await.is_none());
    }
}
