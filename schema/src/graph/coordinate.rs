//! Coordinates of the schema, and what the policies are asked of each.

use enlace_policies::{
    Answer as Decision, Class, Error, Explanation, Known, Level, Policies, Principal, RecordType, Verb,
};

use crate::graph::{FieldKind, Graph, may_select};

/// A field, an operation or an argument of the schema, and what decides on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coordinate {
    /// `Shelter.name`, `Query.shelters`, `Query.donationItems(donor:)`.
    pub name: String,
    /// What is asked of the policies.
    pub verb: Verb,
    /// Of the fields of which class.
    pub class: Class,
    /// On records of which type.
    pub record: RecordType,
    /// Of an argument that selects by something else than its operation is decided by: what decides on the operation. It is
    /// used on every record that the operation shows, or not at all.
    pub selects_from: Option<(Verb, Class, RecordType)>,
    /// Whether lists may show it of fewer records: they ask [`Verb::List`].
    pub is_listed_apart: bool,
}

impl Coordinate {
    /// Why someone may or may not use it; of one record where `known` has its facts.
    pub fn explain(
        &self,
        policies: &Policies,
        principal: &Principal,
        known: &Known<'_>,
    ) -> Result<Explanation, Error> {
        let Self { verb, class, record, .. } = *self;
        if let Some((root_verb, root_class, root_record)) = self.selects_from {
            let root = policies.decide(principal, root_verb, root_class, root_record)?;
            let argument = policies.decide(principal, verb, class, record)?;
            if matches!((&root, &argument), (Decision::Refused(_), Decision::Allowed)) {
                return policies.explain(principal, root_verb, root_class, root_record, known);
            }
            if !may_select(&root, &argument) {
                return policies.explain(principal, verb, class, record, &Known::EVERY);
            }
        }
        policies.explain(principal, verb, class, record, known)
    }

    /// Why someone may or may not see it in a list, where the answer is another than that for a record alone.
    pub fn explain_in_lists(
        &self,
        policies: &Policies,
        principal: &Principal,
        known: &Known<'_>,
        alone: &Explanation,
    ) -> Result<Option<Explanation>, Error> {
        if !self.is_listed_apart || alone.answer == Level::Refused {
            return Ok(None);
        }
        let listed = policies.explain(principal, Verb::List, self.class, self.record, known)?;
        let differs = (listed.answer, &listed.depends_on) != (alone.answer, &alone.depends_on);
        Ok(differs.then_some(listed))
    }
}

impl Graph {
    /// Every coordinate that the policies decide on, by name.
    pub(crate) fn coordinates(&self) -> Vec<Coordinate> {
        let mut coordinates = Vec::new();
        for root in &self.roots {
            let of_root = Coordinate {
                name: root.coordinate(),
                verb: root.verb(),
                class: root.class,
                record: root.record,
                selects_from: None,
                is_listed_apart: false,
            };
            for argument in &root.arguments {
                let name = format!("{}({}:)", of_root.name, argument.name);
                coordinates.push(match argument.selects_by {
                    Some((class, record)) => Coordinate {
                        name,
                        verb: Verb::Read,
                        class,
                        record: record.unwrap_or(root.record),
                        selects_from: Some((of_root.verb, of_root.class, of_root.record)),
                        is_listed_apart: false,
                    },
                    None => Coordinate { name, ..of_root.clone() },
                });
            }
            coordinates.push(of_root);
        }
        for object in &self.objects {
            for field in object.fields() {
                let is_column = matches!(field.kind, FieldKind::Column(_));
                coordinates.push(Coordinate {
                    name: format!("{}.{}", object.name(), field.name),
                    verb: field.verb(),
                    class: field.class,
                    record: field.judged_on(object.record()),
                    selects_from: None,
                    is_listed_apart: is_column && field.class.is_listed_apart(),
                });
            }
        }
        coordinates.sort_by(|a, b| a.name.cmp(&b.name));
        coordinates
    }
}
