//! Why a token is refused.

/// Why a token is refused. Callers answer 401 with every one of them, and tell [`Expired`](Self::Expired)
/// apart, because that one is cured by renewal.
///
/// The messages go to the caller: they name a member that the caller wrote or left out, never its value (R5,
/// R17).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Longer than [`MAX_TOKEN_BYTES`](super::MAX_TOKEN_BYTES); nothing of it was decoded.
    #[error("the token is longer than {} bytes: ask its issuer for a shorter one", super::MAX_TOKEN_BYTES)]
    TooLong,
    /// Not three base64url parts whose first two are JSON objects without repeated members.
    #[error("the token is not a well-formed signed JWT: send the issuer's token whole and unchanged")]
    Malformed,
    /// The header has a member that would choose the key or change the rules: never fetched, never obeyed
    /// (R1).
    #[error("the token's header has `{0}`, which is never accepted: ask the issuer for a token without it")]
    HeaderRefused(&'static str),
    /// The header's `typ` says that this is not an access token.
    #[error("the token's `typ` is neither `JWT` nor `at+jwt`: send an access token")]
    TypeRefused,
    /// The header's algorithm is not one of ours, or not the one that the key is pinned to (R1).
    #[error(
        "the token's algorithm is refused: it must be EdDSA, ES256 or RS256, and the one that its key is for"
    )]
    AlgorithmRefused,
    /// The header's `kid` is empty, too long or has characters beyond letters, digits and `._~-` (R1).
    #[error("the token's `kid` is refused: it must be 1 to 128 letters, digits or the characters `._~-`")]
    KeyIdRefused,
    /// `iss` names no configured issuer.
    #[error("the token's issuer is not known here: sign in with your agency's issuer")]
    UnknownIssuer,
    /// The issuer publishes no such key, or no longer does; or the token names no key and the issuer has
    /// several (R3).
    #[error("the token's key is not among its issuer's: sign in again")]
    UnknownKey,
    /// The issuer's keys were never read successfully.
    #[error("the issuer's keys cannot be read at present: try again in a minute")]
    KeysUnavailable,
    /// The signature does not match.
    #[error("the token's signature does not match: send the issuer's token whole and unchanged")]
    BadSignature,
    /// A claim that every token needs is absent.
    #[error("the token lacks the claim `{0}`: ask the issuer for a token that states it")]
    MissingClaim(&'static str),
    /// A claim has the wrong type, is empty, too long or out of range.
    #[error("the token's claim `{0}` is not of the required form: ask the issuer to state it correctly")]
    InvalidClaim(&'static str),
    /// `aud` does not name this service.
    #[error("the token is meant for another audience: ask the issuer for a token for this service")]
    WrongAudience,
    /// The issuer may not speak for the claimed agency.
    #[error("the token's issuer may not speak for its agency: sign in with that agency's own issuer")]
    AgencyNotOfIssuer,
    /// `nbf` or `iat` lies further in the future than clocks may differ.
    #[error("the token is not valid yet: wait, or have the issuer's clock set right")]
    NotYetValid,
    /// `exp` has passed.
    #[error("the token has expired: renew it")]
    Expired,
}
