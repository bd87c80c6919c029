//! Who calls: one way for POST, GET, WebSocket and event streams (R4, R5).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use enlace_schema::{Actor, Caller, Code, Error, Purpose, Stated};

use super::App;
use super::rate::RateKey;
use super::reply::Refusal;
use crate::auth::{Claims, Rejection};

/// A caller whose token was verified, with what it states: a stream asks anew what of it holds.
#[derive(Clone)]
pub(super) struct Identity {
    pub(super) claims: Arc<Claims>,
    pub(super) purpose: Option<Purpose>,
    pub(super) caller: Caller,
}

/// What was confirmed of a token's claims, and at which turn of the authorities. It keeps the claims, so that
/// no others can come to lie at the address which is their key.
#[derive(Clone)]
pub(super) struct Confirmed {
    claims: Arc<Claims>,
    caller: Caller,
    authority: u64,
}

/// The address at the other end of a connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) IpAddr);

impl Identity {
    /// The user.
    pub(super) fn actor(&self) -> Option<&Actor> {
        self.caller.actor()
    }

    /// Whether two callers are one user of one agency.
    pub(super) fn is_same_user(&self, other: &Self) -> bool {
        let user = |identity: &Self| identity.actor().map(|actor| (actor.user, actor.agency));
        user(self) == user(other)
    }

    /// Fails where no role is granted: without one there is nothing to stream.
    pub(super) fn needs_a_role(&self) -> Result<(), Error> {
        if self.actor().is_some_and(|actor| !actor.principal.roles.is_empty()) {
            return Ok(());
        }
        let message = "None of the roles that the token states is granted at present. Ask the programme's administrator.";
        Err(Error::new(Code::NoRoleGranted, message))
    }
}

impl App {
    /// Who makes a request, if it brings a token. A bad token is refused and never treated as none.
    pub(super) async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
        let purpose = purpose_of(headers)?;
        match token_of(headers)? {
            None => Ok(None),
            Some(token) => Ok(Some(self.identify(token, purpose).await?)),
        }
    }

    /// Authenticates a request and counts it against its caller's rate (R16). What fails counts against the
    /// address, so that guessing has a rate too.
    pub(super) async fn admit(&self, parts: &Parts) -> Result<Option<Identity>, Refusal> {
        let identity = self.authenticate(&parts.headers).await;
        self.limit(identity.as_ref().ok().and_then(Option::as_ref), parts).map_err(Refusal::rate_limited)?;
        identity
    }

    /// Counts one of a stream's messages against its user's rate; or says how long to wait.
    pub(super) fn limit_user(&self, identity: &Identity) -> Result<(), Duration> {
        identity.actor().map_or(Ok(()), |actor| self.limiter.take(RateKey::User(actor.user), Instant::now()))
    }

    fn limit(&self, identity: Option<&Identity>, parts: &Parts) -> Result<(), Duration> {
        let key = match (identity.and_then(Identity::actor), parts.extensions.get::<Peer>()) {
            (Some(actor), _) => RateKey::User(actor.user),
            (None, Some(Peer(address))) => RateKey::address(*address),
            (None, None) => return Ok(()),
        };
        self.limiter.take(key, Instant::now())
    }

    /// The caller that a token belongs to, with the purpose that it states.
    pub(super) async fn identify(&self, token: &str, purpose: Option<Purpose>) -> Result<Identity, Error> {
        let claims =
            self.verifier.verify(token, self.enlace.now()).await.map_err(|rejection| refused(&rejection))?;
        let caller = self.confirm(&claims, purpose).inspect_err(|error| {
            self.enlace.note_turned_away(&stated(&claims, purpose), error.code);
        })?;
        Ok(Identity { claims, purpose, caller })
    }

    /// A stream's caller as it is now; or why its streams end, by the same code on a socket and on an event stream (R4, R8).
    pub(super) fn reconfirm(&self, identity: &Identity) -> Result<Identity, Error> {
        let caller = self.confirm(&identity.claims, identity.purpose)?;
        let identity = Identity { caller, ..identity.clone() };
        identity.needs_a_role()?;
        Ok(identity)
    }

    /// The caller that claims belong to: what the grants confirm of them now (R4).
    ///
    /// A request pays for a look-up: the verifier gives the same claims for the same token, and what was
    /// confirmed of them holds until anyone's authority changes, or an emergency is over.
    pub(super) fn confirm(&self, claims: &Arc<Claims>, purpose: Option<Purpose>) -> Result<Caller, Error> {
        let key = (Arc::as_ptr(claims).addr(), purpose);
        // Read before the caller is: a change in between makes what is kept stale, never fresh.
        let authority = *self.authority.borrow();
        if let Some(known) = self.confirmed.get(&key)
            && known.authority == authority
            && !known.caller.has_lapsed(self.enlace.now())
            && Arc::ptr_eq(&known.claims, claims)
        {
            return Ok(known.caller);
        }
        let caller = self.enlace.caller(Some(&stated(claims, purpose)))?;
        let confirmed = Confirmed { claims: Arc::clone(claims), caller: caller.clone(), authority };
        self.confirmed.insert(key, confirmed);
        Ok(caller)
    }
}

fn stated(claims: &Claims, purpose: Option<Purpose>) -> Stated<'_> {
    Stated {
        jti: &claims.jti,
        subject: &claims.sub,
        agency: &claims.agency,
        roles: &claims.roles,
        shelters: &claims.shelters,
        purpose,
    }
}

fn refused(rejection: &Rejection) -> Error {
    let code = match rejection {
        Rejection::Expired => Code::TokenExpired,
        _ => Code::Unauthenticated,
    };
    Error::new(code, format!("Not authenticated: {rejection}."))
}

/// The token of the header `Authorization`, if there is one. Two headers are refused: two readers could believe
/// two different ones.
fn token_of(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => bearer(value.to_str().unwrap_or_default()).map(Some),
        (Some(_), Some(_)) => Err(Error::new(Code::InvalidRequest, "Send one Authorization header.")),
    }
}

/// For what a request says that it needs the data: the header `Enlace-Purpose`.
fn purpose_of(headers: &HeaderMap) -> Result<Option<Purpose>, Error> {
    let mut values = headers.get_all("enlace-purpose").iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => purpose(value.to_str().unwrap_or_default()).map(Some),
        (Some(_), Some(_)) => Err(Error::new(Code::InvalidRequest, "Send one Enlace-Purpose header.")),
    }
}

/// A purpose by its code, as a header or a stream's first message carries it.
pub(super) fn purpose(code: &str) -> Result<Purpose, Error> {
    Purpose::parse(code.trim()).ok_or_else(|| {
        Error::new(
            Code::PurposeUnknown,
            "The purpose is none of the list. See the enum Purpose of the schema.",
        )
    })
}

/// The token of `Bearer …` (RFC 6750 §2.1), as a header or a stream's own messages carry it.
pub(super) fn bearer(credentials: &str) -> Result<&str, Error> {
    credentials
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| {
            Error::new(Code::Unauthenticated, "Send the token as `Bearer …`; no other scheme is accepted.")
        })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(values: &[&'static str]) -> Result<Option<String>, Code> {
        let named = |value: &&'static str| (header::AUTHORIZATION, HeaderValue::from_static(value));
        let mut headers = HeaderMap::new();
        headers.extend(values.iter().map(named));
        token_of(&headers).map(|token| token.map(str::to_owned)).map_err(|error| error.code)
    }

    #[test]
    fn a_token_is_read_from_its_header() {
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["Bearer a.b.c"]), Ok(Some("a.b.c".to_owned())));
        assert_eq!(read(&["bearer  a.b.c"]), Ok(Some("a.b.c".to_owned())));
    }

    #[test]
    fn a_purpose_is_one_of_the_list_and_stated_once() {
        let read = |values: &[&'static str]| {
            let named =
                |value: &&'static str| ("enlace-purpose".parse().unwrap(), HeaderValue::from_static(value));
            let headers: HeaderMap = values.iter().map(named).collect();
            purpose_of(&headers).map_err(|error| error.code)
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["EDUCATION"]), Ok(Some(Purpose::Education)));
        assert_eq!(read(&["education"]), Err(Code::PurposeUnknown));
        assert_eq!(read(&[""]), Err(Code::PurposeUnknown));
        assert_eq!(read(&["EDUCATION", "HOUSING"]), Err(Code::InvalidRequest));
    }

    #[test]
    fn other_credentials_are_refused_and_not_treated_as_none() {
        for value in ["", "Bearer", "Bearer ", "Basic YTpi", "a.b.c"] {
            assert_eq!(read(&[value]), Err(Code::Unauthenticated), "{value}");
        }
        assert_eq!(read(&["Bearer a", "Bearer a"]), Err(Code::InvalidRequest));
    }
}
