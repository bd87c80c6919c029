//! Why a socket closes: the close codes of `graphql-transport-ws` (R12).

use axum::extract::ws::{CloseFrame, Message};

use enlace_schema::Code;

/// The longest reason that a close frame holds (RFC 6455 §5.5).
const LONGEST_REASON: usize = 123;

/// Why a socket closes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Close {
    /// The other end is gone, or does not read: nothing can be said.
    Gone,
    /// With a code, and a reason for a person.
    With(u16, String),
}

impl Close {
    /// The server stops (RFC 6455 §7.4.1, «going away»).
    pub(super) fn stopping() -> Self {
        Self::With(1001, "The server is stopping".into())
    }

    /// A message that the protocol does not know.
    pub(super) fn invalid(reason: &str) -> Self {
        Self::With(4400, reason.into())
    }

    /// No valid token, or an operation before the acknowledgement.
    pub(super) fn unauthorized(reason: &str) -> Self {
        Self::With(4401, reason.into())
    }

    /// A valid token without authority.
    pub(super) fn forbidden(reason: &str) -> Self {
        Self::With(4403, reason.into())
    }

    /// No `connection_init` in time.
    pub(super) fn init_timeout() -> Self {
        Self::With(4408, "Connection initialisation timeout".into())
    }

    /// The id, as JSON, has an operation already.
    pub(super) fn duplicate(id: &impl std::fmt::Display) -> Self {
        Self::With(4409, format!("Subscriber for {id} already exists"))
    }

    /// A second `connection_init`.
    pub(super) fn repeated_init() -> Self {
        Self::With(4429, "Too many initialisation requests".into())
    }

    /// A token that is refused, or a caller whose authority was withdrawn.
    pub(super) fn refused(code: Code) -> Self {
        match code {
            Code::TokenExpired | Code::TokenRevoked | Code::Unauthenticated => {
                Self::unauthorized(code.as_str())
            }
            Code::ActorUnknown | Code::NoRoleGranted => Self::forbidden(code.as_str()),
            _ => Self::With(1011, "Try again later".into()),
        }
    }

    /// The frame that says so.
    pub(super) fn message(&self) -> Option<Message> {
        let Self::With(code, reason) = self else { return None };
        let end = reason.floor_char_boundary(LONGEST_REASON);
        let reason = reason.get(..end).unwrap_or_default().into();
        Some(Message::Close(Some(CloseFrame { code: *code, reason })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_into_its_frame() {
        let close = Close::duplicate(&"é".repeat(200));
        let Some(Message::Close(Some(frame))) = close.message() else { panic!("no frame") };
        assert_eq!(frame.code, 4409);
        assert!(frame.reason.len() <= LONGEST_REASON && frame.reason.starts_with("Subscriber for é"));
        assert_eq!(Close::Gone.message(), None);
    }

    #[test]
    fn a_refused_token_has_its_code() {
        let code = |code| match Close::refused(code) {
            Close::With(code, _) => code,
            Close::Gone => 0,
        };
        assert_eq!(
            [
                code(Code::Unauthenticated),
                code(Code::TokenExpired),
                code(Code::TokenRevoked),
                code(Code::ActorUnknown),
                code(Code::NoRoleGranted),
                code(Code::Internal)
            ],
            [4401, 4401, 4401, 4403, 4403, 1011]
        );
    }
}
