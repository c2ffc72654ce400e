//! Settings of workers: one value for all of them, or a value for each.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// A setting of workers. In JSON it is a value, or a list of values in the order of the workers' numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum PerWorker<T> {
    /// All workers have this value.
    All(T),
    /// Each worker has its own value.
    Each(Vec<T>),
}

impl<T: Clone + PartialEq> PerWorker<T> {
    /// Of workers with these values, in the order of their numbers. A list of equal values is one value for all, so that
    /// the same workers give the same report however their settings are written.
    pub fn of_each(values: impl IntoIterator<Item = T>) -> Self {
        let values: Vec<T> = values.into_iter().collect();
        match &values[..] {
            [first, others @ ..] if others.iter().all(|value| value == first) => PerWorker::All(first.clone()),
            _ => PerWorker::Each(values),
        }
    }
}

impl<T> PerWorker<T> {
    /// The value of each worker, in the order of their numbers. One value for all is repeated without end.
    pub fn each(&self) -> impl Iterator<Item = &T> {
        (0..).map_while(move |place| match self {
            PerWorker::All(value) => Some(value),
            PerWorker::Each(values) => values.get(place),
        })
    }

    /// The values of a list; None if all workers have the same.
    pub fn list(&self) -> Option<&[T]> {
        match self {
            PerWorker::All(_) => None,
            PerWorker::Each(values) => Some(values),
        }
    }

    /// The value of `worker`, counted from 1; None if the list is shorter.
    pub fn of(&self, worker: u32) -> Option<&T> {
        match self {
            PerWorker::All(value) => Some(value),
            PerWorker::Each(values) => values.get((worker as usize).checked_sub(1)?),
        }
    }
}

impl<T: Display> Display for PerWorker<T> {
    /// As in settings: with commas between the values of a list.
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            PerWorker::All(value) => value.fmt(formatter),
            PerWorker::Each(values) => {
                let texts: Vec<String> = values.iter().map(T::to_string).collect();
                formatter.write_str(&texts.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_are_one_value() {
        assert_eq!(PerWorker::of_each([2, 2]), PerWorker::All(2));
        assert_eq!(PerWorker::of_each([2]), PerWorker::All(2));
        assert_eq!(PerWorker::of_each([2, 1, 2]), PerWorker::Each(vec![2, 1, 2]));
    }

    #[test]
    fn each_worker_has_its_value() {
        let (all, each) = (PerWorker::All(7), PerWorker::of_each([4, 2]));
        assert_eq!(all.each().take(3).collect::<Vec<_>>(), [&7, &7, &7]);
        assert_eq!(each.each().collect::<Vec<_>>(), [&4, &2]);
        assert_eq!(
            [all.of(9), each.of(0), each.of(1), each.of(2), each.of(3)],
            [Some(&7), None, Some(&4), Some(&2), None]
        );
        assert_eq!((all.list(), each.list()), (None, Some(&[4, 2][..])));
        assert_eq!((all.to_string(), each.to_string()), ("7".to_owned(), "4,2".to_owned()));
    }

    #[test]
    fn json_has_a_value_or_a_list() {
        let read = |text| serde_json::from_str::<PerWorker<u64>>(text).unwrap();
        assert_eq!((read("4"), read("[4, 2]")), (PerWorker::All(4), PerWorker::Each(vec![4, 2])));
        assert_eq!(serde_json::to_string(&read("[4, 2]")).unwrap(), "[4,2]");
    }
}
