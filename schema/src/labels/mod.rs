//! Labels: what people read in place of the schema's codes, in Spanish and in English, and the names of countries.
//!
//! They are part of the program, as the schema is: an enumeration is labelled where it is changed, or a test fails.

mod countries;
mod enumerations;
mod graphql;

use enlace_policies::Fact;

use crate::graph::{Facts, record};

use countries::COUNTRIES;
use enumerations::ENUMERATIONS;
pub(crate) use graphql::register;

/// A text in both of its languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) spanish: &'static str,
    pub(crate) english: &'static str,
}

pub(crate) const fn words(spanish: &'static str, english: &'static str) -> Words {
    Words { spanish, english }
}

/// An enumeration of the schema: its values in the schema's order, each with its label.
struct Enumeration {
    name: &'static str,
    values: &'static [(&'static str, Words)],
}

impl Enumeration {
    fn named(name: &str) -> Option<&'static Self> {
        ENUMERATIONS.iter().find(|enumeration| enumeration.name == name)
    }
}

record! {
    /// What people read in place of a value of an enumeration.
    pub struct EnumLabel: "EnumLabel" as Programme {
        /// The enumeration, by its name in the schema.
        enumeration: &'static str => Public,
        /// The value, as the schema writes it.
        value: &'static str => Public,
        /// Its label in Spanish.
        name_es: &'static str => Public,
        /// Its label in English.
        name_en: &'static str => Public,
    }
}

record! {
    /// A country or territory of ISO 3166-1.
    pub struct Country: "Country" as Programme {
        /// Its code, alpha-3.
        code: &'static str => Public,
        /// Its short name in Spanish.
        name_es: &'static str => Public,
        /// Its short name in English.
        name_en: &'static str => Public,
    }
}

impl Facts for EnumLabel {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

impl Facts for Country {
    fn fact(&self, _: Fact) -> Option<&str> {
        None
    }
}

/// The label of a value of an enumeration.
pub(crate) fn label(enumeration: &str, value: &str) -> Option<Words> {
    let values = Enumeration::named(enumeration)?.values;
    values.iter().find(|(code, _)| *code == value).map(|(_, label)| *label)
}

/// The label in Spanish of a value of an enumeration; none of what the schema does not have.
pub fn label_es(enumeration: &str, value: &str) -> Option<&'static str> {
    label(enumeration, value).map(|label| label.spanish)
}

/// The name of a country.
pub(crate) fn country(code: &str) -> Option<Words> {
    let found = COUNTRIES.iter().find(|country| country.code == code)?;
    Some(words(found.name_es, found.name_en))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use apollo_compiler::Schema;
    use apollo_compiler::schema::ExtendedType;

    use super::*;
    use crate::capabilities;
    use crate::graph::print_sdl;

    /// What is wrong with labels that stand beside one another.
    fn faults<'l>(of: &str, labels: impl Iterator<Item = &'l str>) -> Vec<String> {
        let (mut seen, mut faults) = (BTreeSet::new(), Vec::new());
        for label in labels {
            let is_clean = label.trim() == label && label.chars().next().is_some_and(char::is_uppercase);
            if !is_clean || !seen.insert(label) {
                faults.push(format!("{of}: {label:?}"));
            }
        }
        faults
    }

    #[test]
    fn every_value_of_the_schema_has_a_label_and_nothing_else_has() {
        let schema = Schema::parse_and_validate(print_sdl(capabilities(), None), "schema.graphql").unwrap();
        let mut enumerations: Vec<_> = schema
            .types
            .values()
            .filter_map(|found| match found {
                ExtendedType::Enum(values) if !found.is_built_in() => Some(values),
                _ => None,
            })
            .collect();
        enumerations.sort_unstable_by(|one, other| one.name.as_str().cmp(other.name.as_str()));
        let expected: Vec<String> = enumerations
            .iter()
            .flat_map(|found| found.values.keys().map(move |value| format!("{}.{value}", found.name)))
            .collect();
        let labelled: Vec<String> = ENUMERATIONS
            .iter()
            .flat_map(|labelled| {
                labelled.values.iter().map(move |(value, _)| format!("{}.{value}", labelled.name))
            })
            .collect();
        let missing: Vec<_> = expected.iter().filter(|value| !labelled.contains(value)).collect();
        let stray: Vec<_> = labelled.iter().filter(|value| !expected.contains(value)).collect();
        assert!(missing.is_empty() && stray.is_empty(), "no label of {missing:?}; no value for {stray:?}");
        let out_of_place = labelled.iter().zip(&expected).find(|(label, value)| label != value);
        assert!(
            out_of_place.is_none() && labelled.len() == expected.len(),
            "by name, then as the schema has them: {out_of_place:?}"
        );
    }

    #[test]
    fn labels_are_clean_and_tell_the_values_of_an_enumeration_apart() {
        let mut found = Vec::new();
        for Enumeration { name, values } in ENUMERATIONS {
            found.extend(faults(name, values.iter().map(|(_, label)| label.spanish)));
            found.extend(faults(name, values.iter().map(|(_, label)| label.english)));
        }
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn countries_are_those_of_the_standard_each_by_its_code() {
        assert_eq!(COUNTRIES.len(), 249);
        assert!(COUNTRIES.is_sorted_by(|one, next| one.code < next.code));
        let is_code = |code: &str| code.len() == 3 && code.bytes().all(|letter| letter.is_ascii_uppercase());
        let mut found = faults("in Spanish", COUNTRIES.iter().map(|country| country.name_es));
        found.extend(faults("in English", COUNTRIES.iter().map(|country| country.name_en)));
        found.extend(
            COUNTRIES.iter().filter(|country| !is_code(country.code)).map(|country| country.code.to_owned()),
        );
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_code_is_looked_up_and_one_that_is_unknown_has_no_name() {
        assert_eq!(label("Sex", "FEMALE"), Some(words("Mujer", "Female")));
        assert_eq!((label("Sex", "female"), label("Gender", "FEMALE")), (None, None));
        assert_eq!(country("HTI"), Some(words("Haití", "Haiti")));
        assert_eq!(country("XXX"), None);
    }
}
