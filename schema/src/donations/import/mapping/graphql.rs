//! Mappings in the schema.

use enlace_policies::{Class, RecordType};

use super::ImportMapping;
use super::load::mappings_by_ids;
use super::save::{SaveImportMappingPayload, save_import_mapping};
use crate::donations::Donor;
use crate::donations::load::donors_by_ids;
use crate::graph::Graph;

/// Declares this part of the schema.
pub(in crate::donations) fn register(graph: &mut Graph) {
    graph.object::<ImportMapping>(|mapping| {
        mapping.one(
            "donor",
            Class::Inventory,
            "Whose lists are read so.",
            |mapping| Some(mapping.donor_id),
            donors_by_ids,
            |donor: &Donor| donor.id.uuid(),
        )
    });
    graph.object::<SaveImportMappingPayload>(|payload| {
        payload.carries("importMapping", Class::Inventory, "The mapping as it is now.", |payload| {
            Some(payload.import_mapping.clone())
        })
    });
    graph.node::<ImportMapping, _, _>(Class::Inventory, mappings_by_ids);
    graph
        .mutation(
            "saveImportMapping",
            Class::Inventory,
            "Keeps how a donor's lists are read; an import that says neither columns, nor sheet, nor days is read so.",
        )
        .either(RecordType::Donation, save_import_mapping);
}
