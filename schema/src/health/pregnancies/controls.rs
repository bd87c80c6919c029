//! When the controls of a pregnancy are due: computed by a published rule, and never typed in.
//!
//! `ENLACE-PRENATAL/1`. Weeks of gestation are complete ones, counted from the first day of the last period.
//!
//! | control | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 |
//! |---|---|---|---|---|---|---|---|---|
//! | weeks | 6 to 8 | 10 to 13 | 16 to 18 | 21 to 23 | 27 to 29 | 31 to 33 | 35 to 37 | 38 to 41 |
//!
//! They follow the calendar of NOM-007-SSA2-2016 (5.2.1.15), whose single weeks 22, 28, 32 and 36 are widened by one to each side. A
//! control is held by a visit for a prenatal control on a day within its weeks. Another rule, or other weeks, get another name or number.

use chrono::{Days, NaiveDate};

use super::PrenatalControlState;

/// The rule's name and version, kept with every pregnancy that it is used for.
pub(crate) const RULE: &str = "ENLACE-PRENATAL/1";

/// How many days a pregnancy takes, as due dates are reckoned.
pub(super) const TERM: Days = Days::new(280);

/// The first and the last week of each control.
const WEEKS: [(u8, u8); 8] = [(6, 8), (10, 13), (16, 18), (21, 23), (27, 29), (31, 33), (35, 37), (38, 41)];

/// A control of a pregnancy.
pub(super) struct Control {
    pub(super) number: i32,
    pub(super) weeks: (u8, u8),
    /// Its first and its last day.
    pub(super) days: (NaiveDate, NaiveDate),
}

/// The controls of a pregnancy that began on a day.
pub(super) fn controls(began_on: NaiveDate) -> impl Iterator<Item = Control> {
    (1..).zip(WEEKS).map(move |(number, weeks)| {
        let first = began_on + Days::new(u64::from(weeks.0) * 7);
        let last = began_on + Days::new(u64::from(weeks.1) * 7 + 6);
        Control { number, weeks, days: (first, last) }
    })
}

/// What decides on a control, beside its days: each a day.
#[derive(Clone, Copy)]
pub(super) struct Course {
    pub(super) recorded_on: NaiveDate,
    pub(super) ended_on: Option<NaiveDate>,
    pub(super) today: NaiveDate,
}

impl Control {
    /// Whether a visit on a day holds it.
    pub(super) fn is_held_on(&self, day: NaiveDate) -> bool {
        (self.days.0..=self.days.1).contains(&day)
    }

    /// How it stands, where `held` says whether a visit holds it.
    pub(super) fn state(&self, held: bool, course: Course) -> PrenatalControlState {
        let (first, last) = self.days;
        if held {
            PrenatalControlState::Held
        } else if last < course.recorded_on {
            PrenatalControlState::Before
        } else if course.ended_on.is_some_and(|ended| ended <= last) {
            PrenatalControlState::NotNeeded
        } else if course.today < first {
            PrenatalControlState::Upcoming
        } else if course.today <= last {
            PrenatalControlState::Due
        } else {
            PrenatalControlState::Missed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(after: u64) -> NaiveDate {
        NaiveDate::from_ymd_opt(2022, 1, 1).unwrap() + Days::new(after)
    }

    #[test]
    fn the_weeks_are_those_that_are_published() {
        let all: Vec<Control> = controls(day(0)).collect();
        assert_eq!(all.len(), 8);
        assert!(all.windows(2).all(|two| two[0].days.1 < two[1].days.0), "one at a time");
        assert_eq!((all[0].days, all[7].days), ((day(42), day(62)), (day(266), day(293))));
        assert!(all[0].is_held_on(day(42)) && all[0].is_held_on(day(62)) && !all[0].is_held_on(day(63)));
    }

    #[test]
    fn a_control_stands_as_its_days_have_it() {
        use PrenatalControlState::{Before, Due, Held, Missed, NotNeeded, Upcoming};
        let control = controls(day(0)).next().unwrap();
        let course = |recorded, ended: Option<u64>, today| Course {
            recorded_on: day(recorded),
            ended_on: ended.map(day),
            today: day(today),
        };
        for (held, course, expected) in [
            (false, course(0, None, 41), Upcoming),
            (false, course(0, None, 42), Due),
            (false, course(0, None, 62), Due),
            (false, course(0, None, 63), Missed),
            (true, course(0, None, 63), Held),
            (true, course(63, None, 70), Held),
            (false, course(63, None, 70), Before),
            (false, course(62, None, 70), Missed),
            (false, course(0, Some(62), 70), NotNeeded),
            (false, course(0, Some(63), 70), Missed),
        ] {
            assert_eq!(control.state(held, course), expected);
        }
    }
}
