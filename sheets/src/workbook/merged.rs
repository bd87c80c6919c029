//! Merged regions: a value written once that holds for several lines.

use calamine::Dimensions;

use crate::row::{Held, Origin, Row, Slot};

/// The regions that span rows, from the top down. One within a row is a title or a wide cell, and holds where it begins.
pub(crate) fn spanning_rows(mut regions: Vec<Dimensions>) -> Vec<Dimensions> {
    regions.retain(|region| region.start.0 < region.end.0 && region.start.1 <= region.end.1);
    regions.sort_unstable_by_key(|region| region.start);
    regions
}

/// Gives the cells of merged regions their region's value, row by row.
pub(crate) struct Merged<'t> {
    /// Those that begin further down.
    coming: std::slice::Iter<'t, Dimensions>,
    next: Option<&'t Dimensions>,
    /// Those that the present row lies in. They do not overlap, so there are no more than columns.
    open: Vec<(&'t Dimensions, Held)>,
}

impl<'t> Merged<'t> {
    pub(crate) fn new(regions: &'t [Dimensions]) -> Self {
        let mut coming = regions.iter();
        let next = coming.next();
        Self { coming, next, open: Vec::new() }
    }

    /// Fills what the row lacks. Rows come from the top down; columns from `limit` on are left as they are.
    pub(crate) fn spread(&mut self, row: &mut Row, limit: usize) {
        let index = row.number.saturating_sub(1);
        self.open.retain(|(region, _)| region.end.0 >= index);
        while let Some(region) = self.next.filter(|region| region.start.0 <= index) {
            self.next = self.coming.next();
            let overlaps = self
                .open
                .iter()
                .any(|(open, _)| open.start.1 <= region.end.1 && region.start.1 <= open.end.1);
            let first = region.start.1 as usize;
            if region.end.0 < index || overlaps || first >= limit {
                continue;
            }
            // A region that began on a row without cells has no value.
            let own = row.slots.get(first).filter(|_| region.start.0 == index);
            self.open.push((region, own.map_or(Held::Empty, |slot| slot.held.clone())));
        }
        for (region, held) in self.open.iter().filter(|(_, held)| *held != Held::Empty) {
            let first = region.start.1 as usize;
            for column in first..=(region.end.1 as usize).min(limit.saturating_sub(1)) {
                let origin = match (region.start.0 == index, column == first) {
                    (true, true) => continue,
                    (false, true) => Origin::Above,
                    (_, false) => Origin::Beside,
                };
                row.set(column, Slot { held: held.clone(), origin });
            }
        }
    }
}
