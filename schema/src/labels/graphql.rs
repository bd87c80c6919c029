//! Labels in the schema.

use std::future::ready;

use enlace_policies::Class;

use super::{COUNTRIES, Country, ENUMERATIONS, EnumLabel, Enumeration};
use crate::context::Context;
use crate::error::{Code, Error, Result};
use crate::graph::{Graph, NoArguments, input};

input! {
    /// Of which enumerations.
    pub struct EnumLabelsArguments {
        /// The names of the enumerations, such as `Sex`; all, where it is left out.
        pub names: Option<Vec<String>>,
    }
}

/// Declares this capability's part of the schema.
pub(crate) fn register(graph: &mut Graph) {
    graph.object::<EnumLabel>(|label| label);
    graph.object::<Country>(|country| country);
    graph
        .query(
            "enumLabels",
            Class::Public,
            "What people read in place of the values of enumerations, by enumeration, then in the schema's order. No token is needed.",
        )
        .list(|_: Context, arguments: EnumLabelsArguments| ready(enum_labels(arguments.names.as_deref())));
    graph
        .query(
            "countries",
            Class::Public,
            "The countries and territories of ISO 3166-1, by their codes. No token is needed.",
        )
        .list(|_: Context, _: NoArguments| ready(Ok(COUNTRIES.to_vec())));
}

fn enum_labels(names: Option<&[String]>) -> Result<Vec<EnumLabel>> {
    if let Some(unknown) = names.unwrap_or_default().iter().find(|name| Enumeration::named(name).is_none()) {
        let message = format!("{unknown} is no enumeration of the schema.");
        return Err(Error::new(Code::InvalidArgument, message).with("argument", "names"));
    }
    let is_asked = |enumeration: &&Enumeration| {
        names.is_none_or(|names| names.iter().any(|name| name == enumeration.name))
    };
    let labels = |enumeration: &'static Enumeration| {
        enumeration.values.iter().map(move |&(value, label)| EnumLabel {
            enumeration: enumeration.name,
            value,
            name_es: label.spanish,
            name_en: label.english,
        })
    };
    Ok(ENUMERATIONS.iter().filter(is_asked).flat_map(labels).collect())
}
