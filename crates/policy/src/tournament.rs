//! Who of many is first: a tournament (Knuth, "The Art of Computer Programming", volume 3, 5.4.1).
//!
//! With pairs instead of groups of four, as the generator's tree has, JSQ and LW take 10 to 30 % longer.

/// Players that meet at once: four keys of 16 bytes are a cache line.
const GROUP: usize = 4;

/// The key of who does not take part.
pub(super) const OUT: u128 = u128::MAX;

/// The least of many keys that change one by one. The winner of each group of four plays in a group of the next round; a
/// changed key plays its own rounds again, five for 1,000 players.
pub(super) struct Tournament {
    /// The final at 0; group g's players are the winners of groups 4g + 1 to 4g + 4, or keys.
    groups: Vec<[u128; GROUP]>,
    /// Where the groups of the first round begin.
    first_round: usize,
    least: u128,
}

impl Tournament {
    /// `players` that are [`OUT`].
    pub(super) fn new(players: usize) -> Self {
        let (mut first_round, mut width) = (0, 1);
        while width * GROUP < players {
            first_round += width;
            width *= GROUP;
        }
        Self { groups: vec![[OUT; GROUP]; first_round + width], first_round, least: OUT }
    }

    /// The least key.
    #[inline]
    pub(super) fn least(&self) -> u128 {
        self.least
    }

    /// Who has the least key; of equals, the first.
    #[inline]
    pub(super) fn winner(&self) -> usize {
        // A bit for each, and no jump, for where the least one is can't be predicted.
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

    /// Gives `player` the key `key`.
    #[inline]
    pub(super) fn set(&mut self, player: usize, key: u128) {
        let (mut group, mut place) = (self.first_round + player / GROUP, player % GROUP);
        let mut winner = key;
        loop {
            let keys = &mut self.groups[group];
            keys[place] = winner;
            // Two and two, without a jump: who wins can't be predicted.
            winner = keys[0].min(keys[1]).min(keys[2].min(keys[3]));
            if group == 0 {
                self.least = winner;
                return;
            }
            (group, place) = ((group - 1) / GROUP, (group - 1) % GROUP);
            // Most who come in lose their first round, and the next one stays as it is.
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
