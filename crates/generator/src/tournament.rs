//! The next arrival of many clients: a tournament tree, the minimum of many keys (Knuth: "The art of computer
//! programming", volume 3, 5.4.1).
//!
//! In contrast to a heap, the nodes on the way to the root are known in advance, and no branch depends on a time. The
//! tournament of the policies, with groups of four and updates of any player, makes generating 20 % slower with 100
//! clients or more.

use std::hint::select_unpredictable;

/// The times of several players. It gives the earliest, and of equal ones that of the lowest player.
#[derive(Debug)]
pub(crate) struct Tournament {
    /// Node 1 is the root, node n has the children 2n and 2n + 1, the players are the leaves. Each node holds the first
    /// of the leaves below it.
    nodes: Vec<Turn>,
}

/// A player's time, below 2⁶⁴−1.
#[derive(Debug, Clone, Copy)]
struct Turn {
    time: u64,
    player: u64,
}

impl Tournament {
    /// A tournament of the players 0, 1 … with these times.
    pub(crate) fn new(times: Vec<u64>) -> Self {
        let leaves = times.len().next_power_of_two();
        let mut nodes = vec![Turn { time: u64::MAX - 1, player: u64::MAX }; 2 * leaves];
        for (time, player) in times.into_iter().zip(0..) {
            nodes[leaves + player as usize] = Turn { time, player };
        }
        for n in (1..leaves).rev() {
            nodes[n] = first_of(nodes[2 * n + 1], nodes[2 * n], true);
        }
        Self { nodes }
    }

    /// The first time, and its player.
    #[inline]
    pub(crate) fn first(&self) -> (u64, u32) {
        (self.nodes[1].time, self.nodes[1].player as u32)
    }

    /// Changes the time of the player whose time is the first.
    #[inline]
    pub(crate) fn replace_first(&mut self, time: u64) {
        let nodes = &mut self.nodes[..];
        let player = nodes[1].player;
        let mut first = Turn { time, player };
        let mut n = nodes.len() / 2 + player as usize;
        while n > 1 {
            nodes[n] = first;
            first = first_of(first, nodes[n ^ 1], n & 1 == 1);
            n /= 2;
        }
        nodes[1] = first;
    }
}

/// The first of two; if they are equal, `other` if it is `before` the other one.
#[inline]
fn first_of(one: Turn, other: Turn, before: bool) -> Turn {
    let take = other.time < one.time + u64::from(before);
    // Field by field: for a pair, the compiler generates a branch, which can't be predicted.
    Turn {
        time: select_unpredictable(take, other.time, one.time),
        player: select_unpredictable(take, other.player, one.player),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_sorts() {
        for players in [1, 2, 3, 4, 5, 100] {
            // The times of each player increase, with many equal ones among them.
            let time = |player: u32, turn: u64| turn * u64::from(player % 7);
            let mut tournament = Tournament::new((0..players).map(|player| time(player, 1)).collect());
            let mut turns = vec![1; players as usize];
            let mut seen = Vec::new();
            while seen.len() < 1000 {
                let (time_now, player) = tournament.first();
                seen.push((time_now, player));
                turns[player as usize] += 1;
                let next = time(player, turns[player as usize]).max(u64::from(seen.len() > 300) * (time_now + 1));
                tournament.replace_first(next);
            }
            assert!(seen.is_sorted(), "{players}");
            if players >= 7 {
                assert!((1..7).all(|player| seen.iter().any(|(_, of)| *of == player)), "{players}");
            }
        }
    }
}
