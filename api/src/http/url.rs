//! What may stand in a URL.

use axum::extract::Query;
use axum::http::Uri;

use enlace_schema::{Code, Error};

/// Names under which clients are known to put tokens into URLs.
const TOKENS: [&str; 4] = ["access_token", "authorization", "bearer", "token"];

/// The decoded parameters of a URL, in their order.
pub(super) fn parameters(uri: &Uri) -> Result<Vec<(String, String)>, Error> {
    let malformed =
        || Error::new(Code::InvalidRequest, "The URL's parameters are not UTF-8. Encode them so.");
    let Query(parameters) = Query::<Vec<(String, String)>>::try_from_uri(uri).map_err(|_| malformed())?;
    // What is not UTF-8 was decoded to the replacement character, which no one asks for.
    let is_clean = |text: &String| !text.contains(char::REPLACEMENT_CHARACTER);
    if parameters.iter().all(|(name, value)| is_clean(name) && is_clean(value)) {
        Ok(parameters)
    } else {
        Err(malformed())
    }
}

/// Refuses a URL with a token in it (R5): it would be in logs and histories. It is refused whether the token is
/// good or not, so that the mistake is found at once.
pub(super) fn refuse_token(uri: &Uri) -> Result<(), Error> {
    if uri.query().is_none() {
        return Ok(());
    }
    let has_token =
        parameters(uri)?.iter().any(|(name, _)| TOKENS.iter().any(|token| name.eq_ignore_ascii_case(token)));
    if has_token {
        return Err(Error::new(
            Code::InvalidRequest,
            "A token never travels in a URL. Send it in the Authorization header, and replace this one: it may have been logged.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_the_url_is_refused() {
        for query in ["access_token=x", "query=%7Ba%7D&Token=x", "%61uthorization=Bearer%20x"] {
            let uri: Uri = format!("/graphql?{query}").parse().unwrap();
            assert_eq!(refuse_token(&uri).unwrap_err().code, Code::InvalidRequest, "{query}");
        }
        for path in ["/graphql", "/graphql?query=%7Btoken%7D"] {
            assert!(refuse_token(&path.parse().unwrap()).is_ok(), "{path}");
        }
    }
}
