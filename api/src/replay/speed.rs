//! How fast a programme is played.

use std::str::FromStr;

/// How fast a programme is played.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// So many times as fast as it was.
    Times(f64),
    /// As fast as it can be.
    Max,
}

/// A text that is no speed.
#[derive(Debug, thiserror::Error)]
#[error("a speed is `max`, or how many times as fast as it was: `60x`, of 1 to 100000")]
pub struct NoSpeed;

/// The fastest and the slowest that is played at a pace.
const PACES: std::ops::RangeInclusive<f64> = 1.0..=100_000.0;

impl Speed {
    /// How many times as fast as it was, where it has a pace.
    pub(super) fn times(self) -> Option<f64> {
        match self {
            Self::Times(times) => Some(times),
            Self::Max => None,
        }
    }
}

impl FromStr for Speed {
    type Err = NoSpeed;

    fn from_str(text: &str) -> Result<Self, NoSpeed> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let times: f64 = text.strip_suffix('x').ok_or(NoSpeed)?.parse().map_err(|_| NoSpeed)?;
        if PACES.contains(&times) { Ok(Self::Times(times)) } else { Err(NoSpeed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_read_and_others_refused() {
        assert_eq!("60x".parse::<Speed>().unwrap(), Speed::Times(60.0));
        assert_eq!("1.5x".parse::<Speed>().unwrap(), Speed::Times(1.5));
        assert_eq!("max".parse::<Speed>().unwrap(), Speed::Max);
        for text in ["", "60", "x", "0x", "-3x", "NaNx", "infx", "1e9x", "MAX"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }
}
