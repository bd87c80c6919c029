//! A second opinion: what Enlace ought to answer, worked out by other means.
//!
//! [`Schema`] is the committed SDL as a stock GraphQL library reads it; [`sights`] is the access table of the programme
//! spelt out as data; [`Snapshot`] is every record, read once by someone who may see all; [`Reference`] runs a document
//! over the snapshot with that library's own executor, and notes what a caller may not see; [`documents`] makes the
//! documents. Nothing here asks Enlace's planner, its policies or its SQL.

mod compare;
pub(crate) mod documents;
mod executor;
pub(crate) mod sights;
mod snapshot;

use std::sync::LazyLock;

use apollo_compiler::schema::{ExtendedType, FieldDefinition, ObjectType};
use apollo_compiler::validation::Valid;
use enlace_policies::Policies;
use enlace_tests::{Client, Scratch, World, WorldBuilder, at};
use serde_json::Value as Json;

pub(crate) use compare::{compare, is_a_refusal, is_as_seen};
pub(crate) use executor::{Expected, Reference};
pub(crate) use snapshot::Snapshot;

/// The policies that the tests run under.
pub(crate) static POLICIES: LazyLock<Policies> = LazyLock::new(|| Policies::built_in().unwrap());

/// The whole schema.
pub(crate) static SCHEMA: LazyLock<Schema> =
    LazyLock::new(|| Schema::read(&enlace_schema::sdl(&POLICIES, None).unwrap()));

/// A schema, as a stock GraphQL library reads it.
pub(crate) struct Schema(pub(crate) Valid<apollo_compiler::Schema>);

impl Schema {
    /// Reads and validates SDL.
    pub(crate) fn read(sdl: &str) -> Self {
        Self(apollo_compiler::Schema::parse_and_validate(sdl, "schema.graphql").unwrap())
    }

    /// The object types, roots included and introspection left out.
    pub(crate) fn objects(&self) -> impl Iterator<Item = &ObjectType> {
        self.0.types.values().filter_map(|found| match found {
            ExtendedType::Object(object) if !found.is_built_in() => Some(object.as_ref()),
            _ => None,
        })
    }

    /// The object type with this name.
    pub(crate) fn object(&self, name: &str) -> &ObjectType {
        self.0.get_object(name).unwrap_or_else(|| panic!("no object type {name}"))
    }

    /// The object type that a field leads to; none where it holds a scalar or an enum.
    pub(crate) fn target(&self, field: &FieldDefinition) -> Option<&ObjectType> {
        self.0.get_object(field.ty.inner_named_type()).map(AsRef::as_ref)
    }

    /// Whether records of this type have a global id.
    pub(crate) fn is_node(&self, name: &str) -> bool {
        self.object(name).implements_interfaces.contains("Node")
    }
}

/// The data class that a field's description states; none for the parts of a connection, which hold no data of their own.
pub(crate) fn class_of(field: &FieldDefinition) -> Option<&str> {
    field.description.as_ref()?.lines().find_map(|line| line.trim().strip_prefix("Class: "))
}

/// Gives a role to the user that the demonstration made for another.
pub(crate) async fn grant(scratch: &Scratch, subject: &str, role: &str) {
    // Laws that the database holds are left out, so that it can be tried what the policies hold without them.
    let database = scratch.connect().await;
    database.batch_execute("ALTER TABLE grants DISABLE TRIGGER USER; ALTER TABLE grants ENABLE TRIGGER grants_authority").await.unwrap();
    let statement = "INSERT INTO grants (id, user_id, role, valid_from, valid_until) \
                     SELECT gen_random_uuid(), id, $2, '2021-12-09', '2100-01-01' FROM users WHERE subject = $1";
    let granted = database.execute(statement, &[&subject, &role]).await.unwrap();
    assert_eq!(granted, 1, "one user is {subject}");
}

/// The caller who may read every class: see [`world`].
pub(crate) const OMNISCIENT: &str = "DIF_MUNICIPAL/coordinator+administrator";

/// A world for documents of any size, in which [`OMNISCIENT`] holds both its roles.
pub(crate) async fn world() -> World {
    let scratch = Scratch::with_programme().await;
    grant(&scratch, "dif_municipal.coordinator", "administrator").await;
    roomy().start_on(scratch).await
}

/// A client of a caller, with its token where it has one.
pub(crate) fn client(world: &World, caller: &sights::Caller) -> Client {
    caller.token.as_deref().map_or_else(|| world.public(), |token| world.client(token))
}

/// Limits so wide that no document of these tests meets one.
pub(crate) fn roomy() -> WorldBuilder {
    let limits = ["tokens", "depth", "aliases", "root_fields", "directives", "fields", "cost"];
    limits.iter().fold(World::with(), |world, limit| {
        let most = if *limit == "depth" { 60 } else { 10_000_000 };
        world.set(&format!("limit_{limit}"), most)
    })
}

/// The entries of an answer's errors.
pub(crate) fn errors(answer: &Json) -> &[Json] {
    answer["errors"].as_array().map_or(&[], Vec::as_slice)
}

/// The one error of an answer.
pub(crate) fn the_error(answer: &Json) -> &Json {
    match errors(answer) {
        [error] => error,
        _ => panic!("not one error: {answer}"),
    }
}

/// The rows at a path of an answer.
pub(crate) fn rows<'a>(answer: &'a Json, path: &str) -> &'a [Json] {
    at(answer, path).as_array().unwrap_or_else(|| panic!("no rows at {path}: {answer}"))
}
