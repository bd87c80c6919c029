//! Whether a bed suits a person: the segment that its space is kept for, and what the person needs of a bed. What follows of health,
//! and never why.

use crate::census::{BedNeed, Placement};
use crate::shelters::Segment;

/// Somebody who is to lie in a bed, as far as it is asked which one suits them.
#[derive(Debug, Clone)]
pub(super) struct Guest {
    /// None where nobody knows any more: nothing speaks against any bed.
    pub(super) placement: Option<Placement>,
    /// Whether somebody of their household is placed for pregnancy: that segment is of those with her too.
    pub(super) beside_pregnant: bool,
}

/// How a bed suits a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fit {
    /// Whether its space is kept for their segment.
    pub(super) segment: bool,
    /// What they need and it has not.
    pub(super) unmet: Vec<BedNeed>,
}

impl Fit {
    /// How a bed that suits these needs, in a space of this segment, suits somebody.
    pub(super) fn of(guest: &Guest, segment: Segment, suits: &[BedNeed]) -> Self {
        let Some(placement) = &guest.placement else { return Self { segment: true, unmet: Vec::new() } };
        let with_her = segment == Segment::Pregnancy && guest.beside_pregnant;
        let lacks = |need: &&BedNeed| !suits.contains(need);
        Self {
            segment: placement.segment == segment || with_her,
            unmet: placement.bed_needs.iter().filter(lacks).copied().collect(),
        }
    }

    /// Whether nothing speaks against it.
    pub(super) fn is_good(&self) -> bool {
        self.segment && self.unmet.is_empty()
    }
}

/// How many needs a bed meets that this person has not: it is better kept for others.
pub(super) fn waste(guest: &Guest, suits: &[BedNeed]) -> usize {
    let needs = guest.placement.as_ref().map(|placement| placement.bed_needs.as_slice()).unwrap_or_default();
    suits.iter().filter(|need| !needs.contains(need)).count()
}
