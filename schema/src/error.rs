//! The one closed list of error codes, and the error that carries one.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde_json::{Map, Value as Json};

macro_rules! codes {
    ($( $(#[doc = $about:literal])+ $variant:ident $code:literal $status:literal ; )+) => {
        /// Every code that `extensions.code` can hold. The list is closed: `docs/errors.md` is generated from it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $( $(#[doc = $about])+ $variant, )+ }

        impl Code {
            /// All codes, in the order of the documentation.
            pub const ALL: &'static [Code] = &[ $( Code::$variant, )+ ];

            /// The code as a client sees it.
            pub fn as_str(self) -> &'static str { match self { $( Code::$variant => $code, )+ } }

            /// The HTTP status of a request that this error ends; 200 where it stands beside data.
            pub fn status(self) -> u16 { match self { $( Code::$variant => $status, )+ } }

            /// What it means and what to do, for the documentation.
            pub fn about(self) -> &'static str { match self { $( Code::$variant => concat!($($about),+), )+ } }
        }
    };
}

codes! {
    /// The body is not JSON. Send a JSON object with `query`, and `variables` and `operationName` where needed.
    InvalidJson "INVALID_JSON" 400;
    /// The JSON is not a GraphQL request: a member is missing or of the wrong type. Batches are not supported.
    InvalidRequest "INVALID_REQUEST" 400;
    /// The request's `Content-Type` is not `application/json`.
    UnsupportedMediaType "UNSUPPORTED_MEDIA_TYPE" 415;
    /// Nothing that `Accept` names can be produced.
    NotAcceptable "NOT_ACCEPTABLE" 406;
    /// The path takes other methods; mutations never travel by GET.
    MethodNotAllowed "METHOD_NOT_ALLOWED" 405;
    /// The request looks like one that a browser may send across sites without asking. Send it as JSON, from a listed origin.
    CrossSiteRefused "CROSS_SITE_REFUSED" 403;
    /// The body is larger than the limit.
    BodyTooLarge "BODY_TOO_LARGE" 413;
    /// The body did not arrive within its deadline. Send it again.
    RequestTimeout "REQUEST_TIMEOUT" 408;
    /// Nothing is served at this path.
    PathUnknown "PATH_UNKNOWN" 404;
    /// The document does not parse.
    DocumentSyntax "DOCUMENT_SYNTAX" 400;
    /// The document does not fit the schema; the message says where.
    DocumentInvalid "DOCUMENT_INVALID" 400;
    /// The document exceeds a limit of size, depth, aliases, fragments or cost; `extensions.limit` names it.
    DocumentTooComplex "DOCUMENT_TOO_COMPLEX" 400;
    /// `operationName` names no operation of the document, or the document has several and none is named.
    OperationUnknown "OPERATION_UNKNOWN" 400;
    /// This kind of operation does not travel by this way: subscriptions need a socket or an event stream.
    OperationNotSupported "OPERATION_NOT_SUPPORTED" 400;
    /// The variables do not fit the operation's declarations.
    VariablesInvalid "VARIABLES_INVALID" 400;
    /// The token is missing where one is needed, or is not valid. Get a new one.
    Unauthenticated "UNAUTHENTICATED" 401;
    /// The token has expired. Get a new one.
    TokenExpired "TOKEN_EXPIRED" 401;
    /// The token was revoked. Get a new one.
    TokenRevoked "TOKEN_REVOKED" 401;
    /// The token is valid, but its agency or user is unknown here or no longer active. Ask the programme's administrator.
    ActorUnknown "ACTOR_UNKNOWN" 403;
    /// The token is valid, but none of the roles that it states is granted at present. Ask the programme's administrator.
    NoRoleGranted "NO_ROLE_GRANTED" 403;
    /// The caller may not do this; `extensions.policy` names the rule.
    Forbidden "FORBIDDEN" 200;
    /// The answer would tell of people in care, and the request states no purpose. State one in the header `Enlace-Purpose`, or in `connection_init`.
    PurposeRequired "PURPOSE_REQUIRED" 200;
    /// The stated purpose is not one of the list, which `Purpose` in the schema is.
    PurposeUnknown "PURPOSE_UNKNOWN" 400;
    /// The caller may not read this field: it is null, and its siblings stand. `extensions.coordinate` names it.
    FieldForbidden "FIELD_FORBIDDEN" 200;
    /// The caller may not filter, order or search by this argument; its root field is null.
    ArgumentForbidden "ARGUMENT_FORBIDDEN" 200;
    /// An argument's value is out of its range or form.
    InvalidArgument "INVALID_ARGUMENT" 200;
    /// The text is not an id of the kind that is wanted here.
    InvalidId "INVALID_ID" 200;
    /// The cursor was not made by this query with these filters and this order, or not given to this user by this stream. Start without it.
    InvalidCursor "INVALID_CURSOR" 200;
    /// The record does not exist or is out of the caller's reach.
    NotFound "NOT_FOUND" 200;
    /// The record has changed since the version that the caller saw. Read it again.
    VersionConflict "VERSION_CONFLICT" 200;
    /// The idempotency key was used with another body. Use a new key.
    IdempotencyConflict "IDEMPOTENCY_CONFLICT" 200;
    /// The record is no longer in the state that this needs: it was ended, withdrawn or answered before. Read it again.
    StateConflict "STATE_CONFLICT" 200;
    /// No user of that agency may hold the role.
    RoleNotOfAgency "ROLE_NOT_OF_AGENCY" 200;
    /// The user holds a role that is not held together with this one.
    RolesIncompatible "ROLES_INCOMPATIBLE" 200;
    /// The user holds the role already during that time.
    AlreadyGranted "ALREADY_GRANTED" 200;
    /// A referral or a transfer of custody on the ground of consent needs one that stands, for its recipient and its purpose.
    ConsentMissing "CONSENT_MISSING" 200;
    /// The space has fewer places than that.
    OverCapacity "OVER_CAPACITY" 200;
    /// A bed does not suit who is to lie in it. Choose another by `placementProposals`, or have another user approve an override.
    BedUnfit "BED_UNFIT" 200;
    /// The store holds less of the lot than that, beside what is reserved for others.
    InsufficientStock "INSUFFICIENT_STOCK" 200;
    /// Something that was counted differs from the ledger, and nothing explains it. `differences` are what is open.
    OpenDifferences "OPEN_DIFFERENCES" 200;
    /// So much of what the store holds of the lot is packed in containers that less is left. Move the container, or unpack first.
    GoodsPacked "GOODS_PACKED" 200;
    /// The lot has expired or was recalled: it is given out no more.
    GoodsUnfit "GOODS_UNFIT" 200;
    /// The store has goods of the same item that expire earlier. Take those first, or say why not.
    EarlierExpiry "EARLIER_EXPIRY" 200;
    /// The household is owed less than that, or nothing of the kind. The problem says how much remains, and when there is some again.
    BeyondEntitlement "BEYOND_ENTITLEMENT" 200;
    /// The caller has a person's record open in an emergency already: one at a time. End that access first.
    BreakGlassOpen "BREAK_GLASS_OPEN" 200;
    /// The file that was sent is no table that can be read, or its columns or the order of its days are not known. The message says what to do.
    FileUnreadable "FILE_UNREADABLE" 422;
    /// The subscriber reads more slowly than notices come. Subscribe again after the cursor.
    SlowConsumer "SLOW_CONSUMER" 200;
    /// The caller's rights changed while the stream was open. Subscribe again after the cursor, with those that it has now.
    AuthorityChanged "AUTHORITY_CHANGED" 200;
    /// Too much has come after this cursor. Read the present state and subscribe without it, or with a snapshot.
    CursorTooOld "CURSOR_TOO_OLD" 200;
    /// Too many requests or streams for this token. Wait as `Retry-After` says.
    RateLimited "RATE_LIMITED" 429;
    /// The request took longer than its deadline and was cancelled. Send a mutation again with the same idempotency key: it is applied once.
    DeadlineExceeded "DEADLINE_EXCEEDED" 503;
    /// The database cannot be reached or has no free connection. Try again shortly.
    Unavailable "UNAVAILABLE" 503;
    /// The server is stopping. Connect again.
    ShuttingDown "SHUTTING_DOWN" 503;
    /// A fault of ours; it is in the server's log under `extensions.reference`.
    Internal "INTERNAL" 500;
}

/// An error that a caller may see: a code, a sentence that tells a person what to do, and facts for a program.
#[derive(Debug, Clone)]
pub struct Error {
    /// Its place in the closed list.
    pub code: Code,
    /// One sentence for a person.
    pub message: Cow<'static, str>,
    /// Further members of `extensions`.
    pub extensions: Map<String, Json>,
}

/// What fallible functions of this crate return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with a message.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), extensions: Map::new() }
    }

    /// Adds a fact to `extensions`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.extensions.insert(name.to_owned(), value.into());
        self
    }

    /// An error whose cause goes to the log alone (R17): the caller gets a reference to quote.
    pub fn internal(cause: impl fmt::Display) -> Self {
        let reference = uuid::Uuid::now_v7().simple().to_string();
        tracing::error!(%reference, %cause, "internal error");
        Self::new(Code::Internal, "Something failed on our side. Quote the reference when you report it.")
            .with("reference", reference)
    }

    /// Its JSON as an entry of `errors`, with the response path where it has one.
    pub fn to_json(&self, path: Option<&[Json]>) -> Json {
        let mut extensions = self.extensions.clone();
        extensions.insert("code".into(), self.code.as_str().into());
        let mut entry = Map::new();
        entry.insert("message".into(), self.message.as_ref().into());
        if let Some(path) = path {
            entry.insert("path".into(), Json::Array(path.to_vec()));
        }
        entry.insert("extensions".into(), Json::Object(extensions));
        Json::Object(entry)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Error {}

fn lost(error: &diesel::result::Error) -> Error {
    tracing::warn!(%error, "database connection lost");
    Error::new(Code::Unavailable, "The database connection was lost. Try again shortly.")
}

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error as Db};
        match &error {
            Db::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, _)
            | Db::BrokenTransactionManager => lost(&error),
            // `admin_shutdown` and `crash_shutdown`, which diesel does not name: the server was stopped, or went down.
            Db::DatabaseError(Kind::Unknown, info) if info.message().starts_with("terminating") => {
                lost(&error)
            }
            // A replica has to replay what the statement still reads, and gives the statement up.
            Db::DatabaseError(_, info) if info.message().contains("conflict with recovery") => lost(&error),
            // `query_canceled`, which diesel does not name: statement_timeout fired.
            Db::DatabaseError(Kind::Unknown, info) if info.message().contains("statement timeout") => {
                Error::new(
                    Code::DeadlineExceeded,
                    "The request took too long and was stopped. Ask for less at a time.",
                )
            }
            _ => Error::internal(error),
        }
    }
}

/// `docs/errors.md`: the list as a page.
pub fn documentation() -> String {
    let mut page = String::from(
        "# Error codes\n\nEvery error carries `extensions.code` from this closed list, and a message that says what to do. \
         The status is that of a request which the error ends; 200 where it stands beside data.\n\n\
         This page is generated by `enlace sdl --errors`.\n\n| code | status | meaning |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        let _infallible =
            writeln!(page, "| `{}` | {} | {} |", code.as_str(), code.status(), code.about().trim());
    }
    page
}

#[cfg(test)]
mod tests {
    use diesel::result::{DatabaseErrorKind as Kind, Error as Db};

    use super::*;

    #[test]
    fn what_a_replica_gives_up_may_be_asked_again() {
        let said = "canceling statement due to conflict with recovery".to_owned();
        let given_up = Db::DatabaseError(Kind::SerializationFailure, Box::new(said));
        assert_eq!(Error::from(given_up).code, Code::Unavailable);
    }
}
