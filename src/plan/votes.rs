//! Which part of a cluster stays primary, by the weights of its members.

/// Whether the members that remain are a primary component after members with the weight `left` in all have left
/// cleanly and members with the weight `lost` have vanished, out of a primary component of the weight `all`.
///
/// Galera, `pc::Proto::have_quorum`: twice the weight of those that remain, plus that of those that left, must be more
/// than the weight of the last primary component. So a clean leave takes its weight out of the count and a loss does
/// not; and when nothing but weight 0 remains, nobody is primary, however cleanly the others went.
pub fn stays_primary(all: u64, left: u64, lost: u64) -> bool {
    let remaining = all.saturating_sub(left).saturating_sub(lost);
    remaining.saturating_mul(2).saturating_add(left) > all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_leaves_takes_his_weight_along_and_who_is_lost_does_not() {
        // Three alike: one may go either way, a second one only cleanly.
        assert!(stays_primary(3, 1, 0) && stays_primary(3, 0, 1));
        assert!(stays_primary(2, 1, 0) && !stays_primary(2, 0, 1));
        // All the weight on one node.
        assert!(!stays_primary(1, 1, 0) && !stays_primary(1, 0, 1));
        assert!(stays_primary(1, 0, 0));
        // Half is not more than half.
        assert!(!stays_primary(4, 0, 2) && stays_primary(4, 2, 0));
    }
}
