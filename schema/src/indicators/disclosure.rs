//! What of a table is withheld, so that no count of few people can be read in it, nor derived from it and from those before (R22).
//!
//! A count is small from 1 to 10. Of a table this much follows from what it shows: each count that is shown; the total, where it or all
//! parts of a dimension are shown; and the sum of those parts of a dimension that are withheld, where the total follows. Withheld are
//! small counts, and then one more after the other until none of the following is small: a total; a part; the sum of the withheld parts of a
//! dimension, beyond the one that each of them is known to be at least, so that each may still be more than few; and the growth, from any
//! earlier table, of each of these. Which are withheld next follows from the counts alone: the smallest part first.

use std::collections::{BTreeMap, BTreeSet};

use super::IndicatorDimension as Dimension;

/// The largest count that is small (R22).
const FEW: i64 = 10;

fn is_small(count: i64) -> bool {
    (1..=FEW).contains(&count.abs())
}

/// Parts of an indicator, by category.
type Parts<T> = BTreeMap<String, T>;

/// How an indicator stands, in full.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Actual {
    pub(crate) total: i64,
    /// What of it each category makes up; a category that is not named makes up nothing.
    pub(crate) parts: BTreeMap<Dimension, Parts<i64>>,
}

/// How an indicator is shown: a count is null where it is withheld.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) total: Option<i64>,
    pub(crate) parts: BTreeMap<Dimension, Parts<Option<i64>>>,
}

/// What would let a small count be derived.
enum Breach {
    Total,
    Within(Dimension),
    Part(Dimension, String),
}

impl Shown {
    /// All of it.
    pub(crate) fn all(actual: &Actual) -> Self {
        let shown =
            |parts: &Parts<i64>| parts.iter().map(|(name, count)| (name.clone(), Some(*count))).collect();
        Self {
            total: Some(actual.total),
            parts: actual.parts.iter().map(|(dimension, parts)| (*dimension, shown(parts))).collect(),
        }
    }

    /// As it may be published after `earlier` tables.
    pub(crate) fn protected(actual: &Actual, earlier: &[Self]) -> Self {
        let mut shown = Self::all(actual);
        while let Some(breach) = shown.breach(earlier) {
            match breach {
                Breach::Part(dimension, name) => shown.withhold(dimension, &name),
                Breach::Within(dimension) => {
                    if !shown.withhold_smallest(dimension) {
                        shown.withhold_total();
                    }
                }
                Breach::Total => shown.withhold_total(),
            }
        }
        shown
    }

    fn withhold(&mut self, dimension: Dimension, name: &str) {
        if let Some(count) = self.parts.get_mut(&dimension).and_then(|parts| parts.get_mut(name)) {
            *count = None;
        }
    }

    /// Withholds the smallest part that is shown, if any is.
    fn withhold_smallest(&mut self, dimension: Dimension) -> bool {
        let parts = self.parts.get_mut(&dimension);
        let smallest =
            parts.into_iter().flatten().filter(|(_, count)| count.is_some()).min_by_key(|(_, count)| **count);
        smallest.map(|(_, count)| *count = None).is_some()
    }

    /// Withholds the total, and of each dimension by which it would follow a part.
    fn withhold_total(&mut self) {
        self.total = None;
        for dimension in Dimension::ALL {
            if self.withheld(dimension).is_empty() {
                self.withhold_smallest(dimension);
            }
        }
    }

    /// The categories of a dimension that are withheld.
    fn withheld(&self, dimension: Dimension) -> BTreeSet<&str> {
        let parts = self.parts.get(&dimension).into_iter().flatten();
        parts.filter(|(_, count)| count.is_none()).map(|(name, _)| name.as_str()).collect()
    }

    /// The total, where it follows.
    fn known_total(&self) -> Option<i64> {
        let whole = |parts: &Parts<Option<i64>>| parts.values().copied().sum::<Option<i64>>();
        self.total.or_else(|| self.parts.values().find_map(whole))
    }

    /// What some categories make up together, where that follows.
    fn sum(&self, dimension: Dimension, of: &BTreeSet<&str>) -> Option<i64> {
        let parts = self.parts.get(&dimension);
        let shown = |wanted: bool| {
            let named =
                parts.into_iter().flatten().filter(move |(name, _)| of.contains(name.as_str()) == wanted);
            named.filter_map(|(_, count)| *count).sum::<i64>()
        };
        let withheld = self.withheld(dimension);
        if withheld.is_disjoint(of) {
            Some(shown(true))
        } else if withheld.is_subset(of) {
            Some(self.known_total()? - shown(false))
        } else {
            None
        }
    }

    /// What would still let a small count be derived.
    fn breach(&self, earlier: &[Self]) -> Option<Breach> {
        let total = self.known_total();
        let grown = |before: &Self| Some(total? - before.known_total()?);
        if total.is_some_and(is_small) || earlier.iter().filter_map(grown).any(is_small) {
            return Some(Breach::Total);
        }
        Dimension::ALL.into_iter().find_map(|dimension| self.breach_within(dimension, earlier))
    }

    fn breach_within(&self, dimension: Dimension, earlier: &[Self]) -> Option<Breach> {
        let parts = self.parts.get(&dimension)?;
        if let Some((name, _)) = parts.iter().find(|(_, count)| count.is_some_and(is_small)) {
            return Some(Breach::Part(dimension, name.clone()));
        }
        let withheld = self.withheld(dimension);
        let least = i64::try_from(withheld.len()).unwrap_or(i64::MAX);
        if !withheld.is_empty()
            && self.sum(dimension, &withheld).is_some_and(|sum| sum > 0 && sum < least.saturating_add(FEW))
        {
            return Some(Breach::Within(dimension));
        }
        for before in earlier {
            let grown = |of: &BTreeSet<&str>| Some(self.sum(dimension, of)? - before.sum(dimension, of)?);
            let is_breach = |of: &BTreeSet<&str>| grown(of).is_some_and(is_small);
            let shown = parts.iter().filter(|(_, count)| count.is_some());
            if let Some((name, _)) =
                shown.into_iter().find(|(name, _)| is_breach(&BTreeSet::from([name.as_str()])))
            {
                return Some(Breach::Part(dimension, name.clone()));
            }
            let withheld_before = before.withheld(dimension);
            let together = withheld.union(&withheld_before).copied().collect();
            if [&withheld, &withheld_before, &together].into_iter().any(is_breach) {
                return Some(Breach::Within(dimension));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// How an indicator stands of whose people so many are of each sex, and so many of each nationality.
    fn actual(sexes: &[i64], nationalities: &[i64]) -> Actual {
        let parts = |counts: &[i64]| {
            let named = counts.iter().enumerate().map(|(place, count)| (format!("{place}"), *count));
            named.filter(|(_, count)| *count > 0).collect::<Parts<i64>>()
        };
        Actual {
            total: sexes.iter().sum(),
            parts: [(Dimension::Sex, parts(sexes)), (Dimension::Nationality, parts(nationalities))].into(),
        }
    }

    #[test]
    fn what_is_of_few_is_withheld_and_what_it_would_follow_from() {
        let shown = Shown::protected(&actual(&[40, 4], &[30, 8, 6]), &[]);
        assert_eq!(shown.total, Some(44));
        // Had the larger been shown, the smaller would follow.
        assert_eq!(shown.parts[&Dimension::Sex], Parts::from([("0".into(), None), ("1".into(), None)]));
        // Two that are withheld hide each other: together they are 14.
        let nationalities = Parts::from([("0".into(), Some(30)), ("1".into(), None), ("2".into(), None)]);
        assert_eq!(shown.parts[&Dimension::Nationality], nationalities);
        assert_eq!(Shown::protected(&actual(&[7, 0], &[7]), &[]).total, None);
        assert_eq!(Shown::protected(&actual(&[0, 0], &[0]), &[]).total, Some(0));
        assert_eq!(Shown::protected(&actual(&[20, 30], &[50]), &[]), Shown::all(&actual(&[20, 30], &[50])));
    }

    #[test]
    fn what_grew_by_few_since_an_earlier_table_is_withheld() {
        let first = Shown::protected(&actual(&[20, 30], &[50]), &[]);
        let second = Shown::protected(&actual(&[23, 30], &[53]), std::slice::from_ref(&first));
        assert_eq!(second.total, None);
        let same = Shown::protected(&actual(&[20, 30], &[50]), &[first.clone(), second.clone()]);
        assert_eq!(same, first, "what has not changed tells nothing new");
        let later = Shown::protected(&actual(&[33, 45], &[78]), &[first, second]);
        assert_eq!(later.total, Some(78));
    }

    /// Every value that each part of a dimension can have, as far as what is shown tells; of a whole that does not follow, as far as somewhat
    /// beyond what is shown of it.
    fn possible(shown: &Shown, dimension: Dimension) -> BTreeMap<String, BTreeSet<i64>> {
        const BEYOND: i64 = 30;
        let parts = &shown.parts[&dimension];
        let shown_of_it = parts.values().flatten().sum::<i64>();
        let totals: Vec<i64> = shown
            .known_total()
            .map_or_else(|| (shown_of_it..=shown_of_it + BEYOND).collect(), |total| vec![total]);
        let open: Vec<&String> =
            parts.iter().filter(|(_, count)| count.is_none()).map(|(name, _)| name).collect();
        let mut found: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for (name, count) in parts {
            found.entry(name.clone()).or_default().extend(*count);
        }
        for total in totals {
            let rest = total - shown_of_it;
            // A category that is named is somebody's.
            let mut ways = vec![vec![]];
            for place in 0..open.len() {
                let last = place + 1 == open.len();
                ways = ways
                    .into_iter()
                    .flat_map(|way: Vec<i64>| {
                        let left = rest - way.iter().sum::<i64>();
                        let range = if last { left..=left } else { 1..=left };
                        range
                            .filter(|count| *count >= 1)
                            .map(move |count| [way.clone(), vec![count]].concat())
                    })
                    .collect();
            }
            for way in ways {
                for (name, count) in open.iter().zip(way) {
                    found.entry((*name).clone()).or_default().insert(count);
                }
            }
        }
        found
    }

    proptest! {
        /// Somebody who tries every assignment that fits what is published learns of no part, and of no growth of one, that it is of few.
        #[test]
        fn whoever_compares_all_published_tables_derives_no_small_count(
            start in vec(0_i64..18, 3),
            growth in vec(vec(0_i64..14, 3), 2),
            shares in vec(0_usize..3, 3),
        ) {
            let (mut sexes, mut tables) = (start, Vec::<Shown>::new());
            for step in [vec![vec![0; 3]], growth].concat() {
                sexes = sexes.iter().zip(step).map(|(before, more)| before + more).collect();
                let mut nationalities = [0; 3];
                for (share, count) in shares.iter().zip(&sexes) {
                    nationalities[*share] += count;
                }
                let table = Shown::protected(&actual(&sexes, &nationalities), &tables);
                tables.push(table);
            }
            for dimension in [Dimension::Sex, Dimension::Nationality] {
                let known: Vec<_> = tables.iter().map(|table| possible(table, dimension)).collect();
                for (place, now) in known.iter().enumerate() {
                    for (name, values) in now {
                        prop_assert!(values.iter().any(|value| !is_small(*value)), "{name} of {tables:?}");
                        for before in &known[..place] {
                            let none = BTreeSet::from([0]);
                            let earlier = before.get(name).unwrap_or(&none);
                            let grown: BTreeSet<i64> = values.iter().flat_map(|now| earlier.iter().map(move |then| now - then)).collect();
                            prop_assert!(grown.len() > 1 || !grown.iter().any(|by| is_small(*by)), "growth of {name} in {tables:?}");
                        }
                    }
                }
            }
            let totals: Vec<i64> = tables.iter().filter_map(Shown::known_total).collect();
            for (place, total) in totals.iter().enumerate() {
                prop_assert!(!is_small(*total));
                prop_assert!(totals[..place].iter().all(|before| !is_small(total - before)));
            }
        }
    }
}
