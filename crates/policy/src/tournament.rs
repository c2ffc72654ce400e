//! A tournament tree: the minimum of many keys (Knuth, "The Art of Computer Programming", volume 3, 5.4.1).
//!
//! With pairs instead of groups of four, as the generator's tree has, JSQ and LW take 10 to 30 % longer.

/// Players of one match: four keys of 16 bytes are a cache line.
const GROUP: usize = 4;

/// The key of a player that does not take part.
pub(super) const OUT: u128 = u128::MAX;

/// The minimum of many keys that change one by one. The winner of each group of four plays in a group of the next
/// round. A changed key replays its own matches, five for 1,000 players.
pub(super) struct Tournament {
    /// The final is at 0; the players of group g are the winners of groups 4g + 1 to 4g + 4, or keys.
    groups: Vec<[u128; GROUP]>,
    /// Index of the first group of the first round.
    first_round: usize,
    least: u128,
}

impl Tournament {
    /// `players` players, all of them [`OUT`].
    pub(super) fn new(players: usize) -> Self {
        let (mut first_round, mut width) = (0, 1);
        while width * GROUP < players {
            first_round += width;
            width *= GROUP;
        }
        Self { groups: vec![[OUT; GROUP]; first_round + width], first_round, least: OUT }
    }

    /// The smallest key.
    #[inline]
    pub(super) fn least(&self) -> u128 {
        self.least
    }

    /// The player with the smallest key; of equal ones, the first.
    #[inline]
    pub(super) fn winner(&self) -> usize {
        // One bit for each key and no jump, because the position of the smallest key can't be predicted.
        let place = |group: usize| {
            let is_least = |(place, &key): (usize, &u128)| u32::from(key == self.least) << place;
            self.groups[group].iter().enumerate().map(is_least).sum::<u32>().trailing_zeros() as usize % GROUP
        };
        let mut group = 0;
        while group < self.first_round {
            group = group * GROUP + 1 + place(group);
        }
        (group - self.first_round) * GROUP + place(group)
    }

    /// Sets the key of `player`.
    #[inline]
    pub(super) fn set(&mut self, player: usize, key: u128) {
        let (mut group, mut place) = (self.first_round + player / GROUP, player % GROUP);
        let mut winner = key;
        loop {
            let keys = &mut self.groups[group];
            keys[place] = winner;
            // In pairs and without a jump, because the winner can't be predicted.
            winner = keys[0].min(keys[1]).min(keys[2].min(keys[3]));
            if group == 0 {
                self.least = winner;
                return;
            }
            (group, place) = ((group - 1) / GROUP, (group - 1) % GROUP);
            // Most new keys lose their first match, and the rest of the tree is unchanged.
            if self.groups[group][place] == winner {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_winner_is_the_first_of_the_least(
            players in 1usize..70, changes in prop::collection::vec((0usize..70, 0u128..9), 1..100),
        ) {
            let mut keys = vec![OUT; players];
            let mut tournament = Tournament::new(players);
            for (player, key) in changes {
                let (player, key) = (player % players, if key == 8 { OUT } else { key });
                keys[player] = key;
                tournament.set(player, key);
                let least = keys.iter().copied().min().unwrap();
                prop_assert_eq!(tournament.least(), least);
                prop_assert_eq!(tournament.winner(), keys.iter().position(|&key| key == least).unwrap());
            }
        }
    }
}
