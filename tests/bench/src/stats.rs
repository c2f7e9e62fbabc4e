//! Percentiles of full samples, and what several rounds of one measurement say together.

/// The smallest value that at least `percent` % of the sample do not exceed (nearest rank); 0 of an empty sample.
pub(crate) fn percentile(sample: &[u64], percent: f64) -> u64 {
    let mut sorted = sample.to_vec();
    sorted.sort_unstable();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank is within the sample"
    )]
    let rank = (percent / 100.0 * count(sorted.len())).ceil() as usize;
    sorted.get(rank.clamp(1, sorted.len().max(1)) - 1).copied().unwrap_or(0)
}

/// The same in milliseconds, of a sample in nanoseconds.
pub(crate) fn percentile_ms(sample_ns: &[u64], percent: f64) -> f64 {
    ms(percentile(sample_ns, percent))
}

/// Nanoseconds as milliseconds.
#[expect(clippy::cast_precision_loss, reason = "52 bits of nanoseconds are 52 days")]
pub(crate) fn ms(nanos: u64) -> f64 {
    nanos as f64 / 1e6
}

/// A count as a number to calculate with.
#[expect(clippy::cast_precision_loss, reason = "counts here stay far below 2^52")]
pub(crate) fn count(number: usize) -> f64 {
    number as f64
}

/// The middle of the rounds (of an even number of them the mean of the middle two); NaN of none.
pub(crate) fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// The smallest and the largest round.
pub(crate) fn spread(rounds: &[f64]) -> (f64, f64) {
    rounds
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_of_the_sample_by_nearest_rank() {
        let sample: Vec<u64> = (1..=100).rev().collect();
        let table = [(50.0, 50), (99.0, 99), (99.1, 100), (100.0, 100), (0.0, 1)];
        for (percent, expected) in table {
            assert_eq!(percentile(&sample, percent), expected, "{percent}");
        }
        assert_eq!(percentile(&[7], 99.0), 7);
        assert_eq!(percentile(&[1, 2, 3], 50.0), 2);
        assert_eq!(percentile(&[], 50.0), 0);
        assert!((percentile_ms(&[2_500_000], 50.0) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn the_median_is_the_middle_and_the_spread_the_ends() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (1.0, 3.0));
    }
}
