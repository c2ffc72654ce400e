//! Demands that are computed from what a request is: a cost.

use contract::Request;

/// The cost of a request, besides ST, which every request needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// ST_PER_SIZE: for each unit of `size` \[ns\].
    pub per_size_ns: u64,
    /// ST_PER_REPLY: for each unit of `reply_size` \[ns\].
    pub per_reply_ns: u64,
    /// WRITE_FACTOR: times this, if it is a write \[10⁻⁹\].
    pub write_factor: u64,
}

impl Cost {
    /// 1 as a factor.
    pub const FACTOR_ONE: u64 = 1_000_000_000;

    /// The demand of `request`, rounded \[ns\]: (`base_ns` + `per_size_ns`·size + `per_reply_ns`·reply_size), for a write
    /// times the factor. `u64::MAX` if it is longer than that.
    pub fn of(&self, base_ns: u64, request: &Request) -> u64 {
        let [size, reply_size] = [request.size, request.reply_size].map(u128::from);
        // Below 2⁶⁴ + 2·2⁹⁶.
        let mut ns =
            u128::from(base_ns) + u128::from(self.per_size_ns) * size + u128::from(self.per_reply_ns) * reply_size;
        if request.op == Request::WRITE {
            let one = u128::from(Self::FACTOR_ONE);
            ns = ns.saturating_mul(self.write_factor.into()).saturating_add(one / 2) / one;
        }
        u64::try_from(ns).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_is_exact() {
        let cost = Cost { per_size_ns: 3, per_reply_ns: 50, write_factor: 1_500_000_000 };
        let of = |op, size, reply_size| cost.of(1000, &Request { op, size, reply_size, ..Request::default() });
        assert_eq!([of(Request::READ, 0, 0), of(Request::READ, 7, 2), of(Request::READ, 0, 1)], [1000, 1121, 1050]);
        // 1681.5 is rounded up.
        assert_eq!([of(Request::WRITE, 0, 0), of(Request::WRITE, 7, 2)], [1500, 1682]);
        // Another operation is not a write.
        assert_eq!(of(9, 7, 2), 1121);
        let none = Cost { per_size_ns: 0, per_reply_ns: 0, write_factor: 0 };
        assert_eq!(none.of(5, &Request { op: Request::WRITE, ..Request::default() }), 0);
    }

    #[test]
    fn a_cost_above_64_bits_is_the_largest() {
        let most = Cost { per_size_ns: u64::MAX, per_reply_ns: u64::MAX, write_factor: u64::MAX };
        for op in [Request::READ, Request::WRITE] {
            let request = Request { op, size: u32::MAX, reply_size: u32::MAX, ..Request::default() };
            assert_eq!(most.of(u64::MAX, &request), u64::MAX);
        }
    }
}
