//! How long is waited before what was not taken is posted again.

use std::time::Duration;

use chrono::TimeDelta;

use crate::error::{Error, Result};
use crate::system::Random;

/// After the first attempt; then twice as long after each, up to the longest.
const FIRST: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_hours(1);
/// How many doublings come to more than the longest.
const DOUBLINGS: u32 = 10;

/// After so many attempts, up to a fifth longer by chance: what failed together is not tried again together.
pub(super) fn after(random: &Random, attempts: i32) -> Result<TimeDelta> {
    let doublings = u32::try_from(attempts - 1).unwrap_or_default().min(DOUBLINGS);
    let pause = (FIRST * 2_u32.pow(doublings)).min(LONGEST);
    let [chance] = random.bytes()?;
    TimeDelta::from_std(pause + pause * u32::from(chance) / (5 * 255)).map_err(Error::internal)
}

/// The same, but as long as the other side asks for, within the longest.
pub(super) fn at_least(random: &Random, attempts: i32, asked: Option<Duration>) -> Result<TimeDelta> {
    let asked = TimeDelta::from_std(asked.unwrap_or_default().min(LONGEST)).map_err(Error::internal)?;
    Ok(after(random, attempts)?.max(asked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_up_to_an_hour_and_takes_three_days_in_some_eighty_attempts() {
        let least = Random::from_fn(|bytes| {
            bytes.fill(0);
            Ok(())
        });
        let seconds = |attempts| after(&least, attempts).unwrap().num_seconds();
        assert_eq!([1, 2, 3, 10, 11, i32::MAX].map(seconds), [5, 10, 20, 2_560, 3_600, 3_600]);
        let most = Random::from_fn(|bytes| {
            bytes.fill(255);
            Ok(())
        });
        assert_eq!(after(&most, 1).unwrap().num_seconds(), 6);
        let mut attempts = 0;
        let mut waited = 0;
        while waited < 3 * 24 * 3_600 {
            attempts += 1;
            waited += seconds(attempts);
        }
        assert_eq!(attempts, 81);
        let asked = |asked| at_least(&least, 1, Some(Duration::from_secs(asked))).unwrap().num_seconds();
        assert_eq!([0, 60, 1_000_000].map(asked), [5, 60, 3_600]);
    }
}
