//! The typed graph: what a capability declares of its objects, edges, arguments and roots.
//!
//! A capability lists columns with [`record!`], relates objects with [`Graph::object`], and adds its roots with
//! [`Graph::query`], [`Graph::mutation`] and [`Graph::subscription`]. From these declarations come the SDL, the plan that
//! authorises a document and the writer that answers it: nothing is stated twice.

mod answer;
mod builder;
mod coordinate;
mod input;
mod object;
mod output;
mod record;
mod root;
mod sdl;

pub(crate) use answer::{Answer, Connection, ConnectionFacts, Page, Related};
pub(crate) use builder::{ConnectionKind, Graph};
pub use coordinate::Coordinate;
pub(crate) use enlace_policies::Facts;
pub(crate) use input::{ArgumentInfo, Input, NoArguments, input};
pub(crate) use object::{AnyObject, Cells, FieldInfo, FieldKind};
pub(crate) use output::{Definitions, Output, graphql_enum, write_text};
pub(crate) use record::{Column, Record, payload, record, union};
pub(crate) use root::{EventSource, OperationKind, Root, Shape, Source, Variant, Wanted, may_select};
pub(crate) use sdl::print as print_sdl;

/// `snake_case` to `camelCase`, the schema's way of naming.
pub(crate) fn camel_case(name: &str) -> String {
    // `r#as` is how Rust writes the name `as`.
    let mut words = name.trim_start_matches("r#").split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// Joins the lines of a doc comment as `///` leaves them.
pub(crate) fn about(lines: &[&str]) -> String {
    lines.iter().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}
