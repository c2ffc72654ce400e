//! Whose turn is next: a tournament tree (Knuth: "The art of computer programming", 5.4.1).
//!
//! Against a heap, the nodes on the way up are known beforehand, and no branch hangs on a time. That of the policies, whose groups
//! are of four and any of whose players may change, makes generating take 20 % longer with 100 clients and more.

use std::hint::select_unpredictable;

/// The times of some players, of which the first is known: the earliest, of equal ones the lowest player's.
#[derive(Debug)]
pub(crate) struct Tournament {
    /// Node 1 is the root, node n has the children 2n and 2n + 1, the players are the leaves. Each node holds the first of
    /// those below.
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

    /// The first time, and whose it is.
    #[inline]
    pub(crate) fn first(&self) -> (u64, u32) {
        (self.nodes[1].time, self.nodes[1].player as u32)
    }

    /// Gives the player whose time is the first another one.
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

/// The first of two, of equal ones `other` if it stands `before`.
#[inline]
fn first_of(one: Turn, other: Turn, before: bool) -> Turn {
    let take = other.time < one.time + u64::from(before);
    // Each on its own: of a pair the compiler makes a branch, and it is taken by chance.
    Turn {
        time: select_unpredictable(take, other.time, one.time),
        player: select_unpredictable(take, other.player, one.player),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_sort() {
        for players in [1, 2, 3, 4, 5, 100] {
            // Every player's times are those of an own sequence with many equal ones among them.
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
