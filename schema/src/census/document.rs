//! Identity documents, as people carry them: of what kind, of which country, with what number.

use std::fmt;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::graph::{Definitions, Input, Out, Output, graphql_enum};

/// The longest number.
const LONGEST: usize = 40;

graphql_enum! {
    /// What an identity document is.
    pub enum DocumentKind {
        /// A passport.
        Passport = "PASSPORT",
        /// A national identity card.
        NationalId = "NATIONAL_ID",
        /// A birth certificate.
        BirthCertificate = "BIRTH_CERTIFICATE",
        /// A card or paper of a consulate.
        ConsularId = "CONSULAR_ID",
        /// A card or paper of the authorities of migration.
        MigrationCard = "MIGRATION_CARD",
        /// Another one.
        Other = "OTHER",
    }
}

/// An identity document: `PASSPORT HTI AB1234567`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdentityDocument {
    kind: DocumentKind,
    /// The country that issued it, ISO 3166-1 alpha-3.
    country: String,
    number: String,
}

impl IdentityDocument {
    /// Reads one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ' ');
        let (kind, country, number) = (parts.next()?, parts.next()?, parts.next()?);
        let kind = DocumentKind::parse(kind)?;
        let sound = number.bytes().all(|byte| {
            byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'/' | b'.')
        });
        let fits = is_country(country) && sound && (1..=LONGEST).contains(&number.len());
        fits.then(|| Self { kind, country: country.to_owned(), number: number.to_owned() })
    }

    /// Its number.
    pub(super) fn number(&self) -> &str {
        &self.number
    }
}

/// Whether a text is of the form of a country's code, ISO 3166-1 alpha-3.
pub(crate) fn is_country(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase())
}

impl fmt::Display for IdentityDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.kind.as_str(), self.country, self.number)
    }
}

impl Serialize for IdentityDocument {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for IdentityDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("an identity document is PASSPORT HTI AB1234567"))
    }
}

fn defined(definitions: &mut Definitions) -> String {
    <DocumentKind as Output>::type_ref(definitions);
    let about = "An identity document: its kind, the country that issued it (ISO 3166-1 alpha-3), and its number in capital letters, \
                 digits, `-`, `/` and `.`: `PASSPORT HTI AB1234567`. The kinds are those of `DocumentKind`.";
    definitions.scalar("IdentityDocument", about);
    "IdentityDocument!".to_owned()
}

impl Output for IdentityDocument {
    fn type_ref(definitions: &mut Definitions) -> String {
        defined(definitions)
    }

    fn write(&self, out: &mut Out) {
        self.to_string().write(out);
    }
}

impl Input for IdentityDocument {
    fn type_ref(definitions: &mut Definitions) -> String {
        defined(definitions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_is_read_and_written_the_same() {
        for text in ["PASSPORT HTI AB1234567", "MIGRATION_CARD MEX 12-345/6.7", "OTHER CHL 1"] {
            assert_eq!(
                IdentityDocument::parse(text).map(|document| document.to_string()).as_deref(),
                Some(text)
            );
        }
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let long = format!("PASSPORT HTI {}", "1".repeat(LONGEST + 1));
        for text in [
            "",
            "PASSPORT",
            "PASSPORT HTI",
            "PASSPORT HTI ",
            "passport HTI 1",
            "PASSPORT Haiti 1",
            "PASSPORT HTI ab1",
            "PASSPORT HTI 1 2",
            "CARD HTI 1",
            &long,
        ] {
            assert_eq!(IdentityDocument::parse(text), None, "{text}");
        }
    }
}
