//! Values that a field can hold, and how each is written into the response.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::scalars::{
    Id, Identified, Money, PartialDate, Pseudonyms, Quantity, write_date, write_date_time, write_id,
};

/// The named types (scalars, enums, inputs) that the graph's fields mention, in SDL.
#[derive(Default)]
pub(crate) struct Definitions {
    texts: BTreeMap<&'static str, String>,
    /// Which are known, each with the module that defines it.
    known: BTreeSet<(&'static str, &'static str)>,
}

impl Definitions {
    /// Adds a module's definition once; `sdl` may add those that it mentions in turn. Another module's of the same name stands beside it: no
    /// schema that defines a name twice is valid, so that a server over it does not start.
    pub(crate) fn add(
        &mut self,
        module: &'static str,
        name: &'static str,
        sdl: impl FnOnce(&mut Self) -> String,
    ) {
        // Known while `sdl` runs, so that a type may mention itself.
        if self.known.insert((name, module)) {
            let text = sdl(self);
            self.texts.entry(name).or_default().push_str(&text);
        }
    }

    /// The types by name, each with its text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.texts.iter().map(|(name, text)| (*name, text.as_str()))
    }

    pub(crate) fn scalar(&mut self, name: &'static str, about: &str) {
        self.add(module_path!(), name, |_| format!("\"\"\"\n{about}\n\"\"\"\nscalar {name}\n"));
    }

    pub(crate) fn date_time(&mut self) -> &'static str {
        self.scalar("DateTime", "An instant in UTC, RFC 3339: `2022-01-31T20:00:00Z`.");
        "DateTime"
    }

    pub(crate) fn date(&mut self) -> &'static str {
        self.scalar("Date", "A calendar day of the programme's own zone: `2022-01-31`.");
        "Date"
    }

    pub(crate) fn partial_date(&mut self) -> &'static str {
        self.scalar("PartialDate", "A date as far as it is known: `1988`, `1988-05` or `1988-05-21`.");
        "PartialDate"
    }

    pub(crate) fn money(&mut self) -> &'static str {
        self.scalar("Money", "An amount with two decimals, and its currency, ISO 4217: `1500.00 MXN`.");
        "Money"
    }

    pub(crate) fn quantity(&mut self) -> &'static str {
        self.scalar("Quantity", "A whole number of an item's base unit, with the unit: `12 PIECE`. The units are those of `Unit`.");
        "Quantity"
    }
}

/// A response as it grows, and how its reader knows records. Whatever is written into it goes through here.
pub(crate) struct Out {
    bytes: Vec<u8>,
    pseudonyms: Option<Arc<Pseudonyms>>,
}

impl Out {
    /// Begins one, of about `expected` bytes.
    pub(crate) fn new(expected: usize, pseudonyms: Option<Arc<Pseudonyms>>) -> Self {
        Self { bytes: Vec::with_capacity(expected), pseudonyms }
    }

    /// What was written.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Appends an id: the record's own, or the pseudonym by which the reader knows it.
    fn write_id(&mut self, kind: &str, key: Uuid) {
        let known_as = match &self.pseudonyms {
            Some(pseudonyms) if pseudonyms.cover(kind) => pseudonyms.hide(key),
            _ => key,
        };
        write_id(kind, known_as, &mut self.bytes);
    }
}

impl Deref for Out {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Out {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// A value that a field can hold.
pub(crate) trait Output {
    /// Its type in SDL, `Int!`; a nullable one has no `!`.
    fn type_ref(definitions: &mut Definitions) -> String;
    /// Appends its JSON.
    fn write(&self, out: &mut Out);
}

impl Output for String {
    fn type_ref(_: &mut Definitions) -> String {
        "String!".into()
    }

    fn write(&self, out: &mut Out) {
        write_text(self, out);
    }
}

impl Output for &'static str {
    fn type_ref(_: &mut Definitions) -> String {
        "String!".into()
    }

    fn write(&self, out: &mut Out) {
        write_text(self, out);
    }
}

/// Appends a JSON string.
pub(crate) fn write_text(text: &str, out: &mut Vec<u8>) {
    // A Vec takes every write, and a string is always valid JSON: there is no error to carry.
    let _infallible = serde_json::to_writer(out, text);
}

impl Output for i32 {
    fn type_ref(_: &mut Definitions) -> String {
        "Int!".into()
    }

    fn write(&self, out: &mut Out) {
        out.extend_from_slice(itoa::Buffer::new().format(*self).as_bytes());
    }
}

impl Output for bool {
    fn type_ref(_: &mut Definitions) -> String {
        "Boolean!".into()
    }

    fn write(&self, out: &mut Out) {
        out.extend_from_slice(if *self { b"true" } else { b"false" });
    }
}

impl Output for DateTime<Utc> {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.date_time())
    }

    fn write(&self, out: &mut Out) {
        out.push(b'"');
        write_date_time(*self, out);
        out.push(b'"');
    }
}

impl Output for NaiveDate {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.date())
    }

    fn write(&self, out: &mut Out) {
        out.push(b'"');
        write_date(*self, out);
        out.push(b'"');
    }
}

impl Output for PartialDate {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.partial_date())
    }

    fn write(&self, out: &mut Out) {
        write_text(&self.to_string(), out);
    }
}

impl Output for Quantity {
    fn type_ref(definitions: &mut Definitions) -> String {
        // The units are part of the contract, though no field holds a bare one yet.
        <crate::scalars::Unit as Output>::type_ref(definitions);
        format!("{}!", definitions.quantity())
    }

    fn write(&self, out: &mut Out) {
        out.push(b'"');
        self.amount.write(out);
        out.push(b' ');
        out.extend_from_slice(self.unit.as_str().as_bytes());
        out.push(b'"');
    }
}

impl Output for Money {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("{}!", definitions.money())
    }

    fn write(&self, out: &mut Out) {
        write_text(&self.to_string(), out);
    }
}

impl<T: Identified> Output for Id<T> {
    fn type_ref(_: &mut Definitions) -> String {
        "ID!".into()
    }

    fn write(&self, out: &mut Out) {
        out.push(b'"');
        out.write_id(T::KIND, self.uuid());
        out.push(b'"');
    }
}

impl<T: Output> Output for Option<T> {
    fn type_ref(definitions: &mut Definitions) -> String {
        T::type_ref(definitions).trim_end_matches('!').to_owned()
    }

    fn write(&self, out: &mut Out) {
        match self {
            Some(value) => value.write(out),
            None => out.extend_from_slice(b"null"),
        }
    }
}

impl<T: Output> Output for Vec<T> {
    fn type_ref(definitions: &mut Definitions) -> String {
        format!("[{}]!", T::type_ref(definitions))
    }

    fn write(&self, out: &mut Out) {
        out.push(b'[');
        for (place, value) in self.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            value.write(out);
        }
        out.push(b']');
    }
}

/// Declares an enum of the schema, stored in the database as its code.
macro_rules! graphql_enum {
    ($(#[doc = $about:literal])+ pub enum $name:ident { $( $(#[doc = $doc:literal])+ $variant:ident = $code:literal, )+ }) => {
        $(#[doc = $about])+
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
            diesel::deserialize::FromSqlRow, diesel::expression::AsExpression,
        )]
        #[diesel(sql_type = diesel::sql_types::Text)]
        pub enum $name { $( $(#[doc = $doc])+ #[serde(rename = $code)] $variant, )+ }

        impl $name {
            /// Its code in the schema and in the database.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $code, )+ }
            }

            /// The variant that has this code.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )+ _ => None }
            }

            fn define(definitions: &mut $crate::graph::Definitions) -> &'static str {
                definitions.add(module_path!(), stringify!($name), |_| {
                    let mut sdl = format!("\"\"\"\n{}\n\"\"\"\nenum {} {{\n", $crate::graph::about(&[$($about),+]), stringify!($name));
                    $( sdl.push_str(&format!("  \"{}\"\n  {}\n", $crate::graph::sentence(&[$($doc),+]), $code)); )+
                    sdl + "}\n"
                });
                stringify!($name)
            }
        }

        impl $crate::graph::Output for $name {
            fn type_ref(definitions: &mut $crate::graph::Definitions) -> String {
                format!("{}!", Self::define(definitions))
            }
            fn write(&self, out: &mut $crate::graph::Out) {
                out.push(b'"');
                out.extend_from_slice(self.as_str().as_bytes());
                out.push(b'"');
            }
        }

        impl $crate::graph::Input for $name {
            fn type_ref(definitions: &mut $crate::graph::Definitions) -> String {
                format!("{}!", Self::define(definitions))
            }
        }

        impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
                let code = std::str::from_utf8(value.as_bytes())?;
                Self::parse(code).ok_or_else(|| format!("{code} is no {}", stringify!($name)).into())
            }
        }

        impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for $name {
            fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>) -> diesel::serialize::Result {
                std::io::Write::write_all(out, self.as_str().as_bytes())?;
                Ok(diesel::serialize::IsNull::No)
            }
        }
    };
}
pub(crate) use graphql_enum;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_two_modules_define_makes_no_valid_schema() {
        let validated = |modules: [&'static str; 2]| {
            let mut definitions = Definitions::default();
            for module in modules {
                definitions.add(module, "Outcome", |_| "enum Outcome { MET }\n".into());
            }
            let texts: String = definitions.texts().map(|(_, text)| text).collect();
            let schema = format!("type Query {{ outcome: Outcome }}\n{texts}");
            apollo_compiler::Schema::parse_and_validate(schema, "schema.graphql")
                .map(|_| ())
                .map_err(|refused| refused.to_string())
        };
        assert!(validated(["departures", "departures"]).is_ok());
        let refused = validated(["departures", "employment"]).unwrap_err();
        assert!(refused.contains("Outcome"), "{refused}");
    }
}
