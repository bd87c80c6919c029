//! What passes between two agencies, and what asking and answering have in common.

use enlace_policies::Fact;

use crate::agencies::Agency;
use crate::census::needs;
use crate::context::Context;
use crate::graph::Facts;
use crate::problem::{InvalidValue, NotFound};
use crate::scalars::Id;

/// What one agency asks of another, or says to it, as policies see it.
pub(super) struct Between<'a> {
    /// Code of the agency that asks.
    pub(super) agency: &'a str,
    /// Code of the one that is asked.
    pub(super) recipient: &'a str,
}

impl Facts for Between<'_> {
    fn fact(&self, fact: Fact) -> Option<&str> {
        match fact {
            Fact::Agency => Some(self.agency),
            Fact::Recipient => Some(self.recipient),
            _ => None,
        }
    }
}

/// Code of an agency that is asked for something.
pub(super) fn asked_of(
    context: &Context,
    argument: &str,
    agency: Id<Agency>,
) -> std::result::Result<String, NotFound> {
    let code = context.agency_code(agency.uuid());
    if code.is_empty() { Err(NotFound::new(argument)) } else { Ok(code) }
}

/// Whether a text has so many characters, without those around it.
pub(super) fn text_of(
    argument: &str,
    text: &str,
    (least, most): (usize, usize),
) -> std::result::Result<(), InvalidValue> {
    let fits = (least..=most).contains(&text.trim().chars().count());
    needs(fits, argument, &format!("This text has {least} to {most} characters."))
}

/// Whether a language is said by its code.
pub(super) fn language_of(argument: &str, code: &str) -> std::result::Result<(), InvalidValue> {
    let is_one = (2..=3).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_lowercase());
    needs(is_one, argument, "A language is said by its code of two or three small letters, such as ht.")
}

/// Whether a digest is one, of what is said of by reference.
pub(super) fn digest_of(
    argument: &str,
    digest: Option<&str>,
    of_something: bool,
) -> std::result::Result<(), InvalidValue> {
    let Some(digest) = digest else { return Ok(()) };
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let is_one = digest.len() == 64 && digest.bytes().all(is_digit);
    needs(is_one, argument, "A SHA-256 has 64 hexadecimal digits, in lower case.")?;
    needs(of_something, argument, "Say of what this is the digest.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_sixty_four_digits_of_something() {
        let digest = "0123456789abcdef".repeat(4);
        assert!(digest_of("digest", Some(&digest), true).is_ok());
        assert!(digest_of("digest", None, false).is_ok());
        for (wrong, of_something) in
            [(digest.as_str(), false), (&digest[1..], true), (&digest.to_uppercase(), true), ("é", true)]
        {
            assert!(digest_of("digest", Some(wrong), of_something).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_language_has_two_or_three_letters() {
        for code in ["ht", "es", "yuc"] {
            assert!(language_of("language", code).is_ok(), "{code}");
        }
        for wrong in ["", "e", "ES", "es-MX", "kreyol", "ñ"] {
            assert!(language_of("language", wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_is_counted_in_characters_without_those_around_it() {
        assert!(text_of("title", "  año  ", (3, 3)).is_ok());
        for wrong in ["  ab  ", "años", ""] {
            assert!(text_of("title", wrong, (3, 3)).is_err(), "{wrong}");
        }
    }
}
