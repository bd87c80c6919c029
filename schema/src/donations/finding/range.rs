//! By when goods expire.

use chrono::{Days, NaiveDate};
use serde::Serialize;

use crate::graph::graphql_enum;

graphql_enum! {
    /// In how long a lot expires, counted from the programme's today. Each lot is in one of these.
    pub enum ExpiryBand {
        /// Its day has come: it is not given out any more.
        Expired = "EXPIRED",
        /// In 1 to 7 days.
        Within7Days = "WITHIN_7_DAYS",
        /// In 8 to 30 days.
        Within30Days = "WITHIN_30_DAYS",
        /// In 31 to 90 days.
        Within90Days = "WITHIN_90_DAYS",
        /// In more than 90 days.
        Later = "LATER",
        /// It does not expire.
        Never = "NEVER",
    }
}

/// Stands where a lot does not expire, later than any day.
pub(super) const NEVER: NaiveDate = match NaiveDate::from_ymd_opt(9999, 12, 31) {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// Before any day that is stored.
pub(super) const EARLIEST: NaiveDate = match NaiveDate::from_ymd_opt(1, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// After [`NEVER`].
pub(super) const AFTER_ALL: NaiveDate = match NEVER.succ_opt() {
    Some(day) => day,
    None => NaiveDate::MAX,
};

/// A range of expiry. What does not expire does so on [`NEVER`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Range {
    pub(super) from: Option<NaiveDate>,
    pub(super) before: Option<NaiveDate>,
}

impl Range {
    /// From a day on, and before another. What does not expire is outside.
    pub(super) fn between(from: Option<NaiveDate>, before: Option<NaiveDate>) -> Option<Self> {
        (from.is_some() || before.is_some())
            .then(|| Self { from, before: Some(before.unwrap_or(NEVER).min(NEVER)) })
    }

    /// A band, as it is on a day.
    pub(super) fn of(band: ExpiryBand, today: NaiveDate) -> Self {
        let after = |days: u64| today.checked_add_days(Days::new(days + 1)).unwrap_or(NEVER);
        let (from, before) = match band {
            ExpiryBand::Expired => (None, Some(after(0))),
            ExpiryBand::Within7Days => (Some(after(0)), Some(after(7))),
            ExpiryBand::Within30Days => (Some(after(7)), Some(after(30))),
            ExpiryBand::Within90Days => (Some(after(30)), Some(after(90))),
            ExpiryBand::Later => (Some(after(90)), Some(NEVER)),
            ExpiryBand::Never => (Some(NEVER), None),
        };
        Self { from, before }
    }
}

impl ExpiryBand {
    /// All, from the first to expire to the last.
    pub(super) const ALL: [Self; 6] =
        [Self::Expired, Self::Within7Days, Self::Within30Days, Self::Within90Days, Self::Later, Self::Never];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_is_in_one_band() {
        let today = NaiveDate::from_ymd_opt(2022, 1, 31).unwrap();
        let is_in = |band, day: NaiveDate| {
            let Range { from, before } = Range::of(band, today);
            from.is_none_or(|from| day >= from) && before.is_none_or(|before| day < before)
        };
        let days = today.pred_opt().unwrap().iter_days().take(200).chain([
            NaiveDate::MIN,
            NEVER.pred_opt().unwrap(),
            NEVER,
        ]);
        for day in days {
            let bands: Vec<ExpiryBand> =
                ExpiryBand::ALL.into_iter().filter(|band| is_in(*band, day)).collect();
            let [band] = bands[..] else { panic!("{day}: {bands:?}") };
            let expected = match (day - today).num_days() {
                _ if day == NEVER => ExpiryBand::Never,
                ..=0 => ExpiryBand::Expired,
                1..=7 => ExpiryBand::Within7Days,
                8..=30 => ExpiryBand::Within30Days,
                31..=90 => ExpiryBand::Within90Days,
                _ => ExpiryBand::Later,
            };
            assert_eq!(band, expected, "{day}");
        }
    }
}
