//! `--verify`: simulates the same shard natively with the default simulator's model, while requests are read, and
//! compares each completion.

use std::collections::{HashMap, VecDeque};

use contract::{Capabilities, Completion, NONE, Request};
use failure::Failure;
use sim_wasm::{Discipline, Model, Queue};

/// Compares the completions of the default simulator's model with those of the simulator.
pub(crate) struct Verifier {
    /// DISCIPLINE, for errors.
    discipline: &'static str,
    /// None after the end of its simulation.
    queue: Option<Queue>,
    /// Completions of the model that the simulator has not given yet, in the model's order…
    expected: VecDeque<Completion>,
    /// …and those that it did not give in that order.
    overtaken: HashMap<u64, Completion>,
    /// Completions that the simulator gave before the model did.
    early: HashMap<u64, Completion>,
}

/// Checks whether the completions of a simulator with these capabilities, under `discipline`, can be verified.
///
/// # Errors
/// [`Failure::Usage`] if the discipline is not one of the default simulator's, or the simulator decides the order of service
/// or the demands itself.
pub fn check(capabilities: Capabilities, discipline: &str) -> Result<(), Failure> {
    let known = Discipline::named(discipline).ok_or_else(|| {
        let all = Discipline::ALL.map(Discipline::name).join(", ");
        Failure::usage(format!("--verify: DISCIPLINE={discipline} has no native model to compare with; {all} have"))
    })?;
    let own = [
        (
            !capabilities.has(Capabilities::DISCIPLINE),
            "decides the order of service itself (capability bit 2 is not set)",
        ),
        (capabilities.has(Capabilities::OWN_DEMANDS), "decides demands itself (capability bit 16)"),
        (
            capabilities.has(Capabilities::SHARED) && !known.interrupts(),
            "shares or interrupts service (capability bit 32)",
        ),
    ];
    match own.into_iter().find(|(own, _)| *own) {
        Some((_, why)) => {
            Err(Failure::usage(format!("--verify: the module {why}, so there is no native model to compare it with")))
        }
        None => Ok(()),
    }
}

impl Verifier {
    pub(crate) fn new(model: Model) -> Self {
        let (discipline, queue) = (model.discipline.name(), Some(Queue::new(model)));
        Self { discipline, queue, expected: VecDeque::new(), overtaken: HashMap::new(), early: HashMap::new() }
    }

    /// A request was read.
    pub(crate) fn arrive(&mut self, request: &Request) -> Result<(), Failure> {
        let Some(mut queue) = self.queue.take() else { return Ok(()) };
        let from = self.expected.len();
        if queue.arrive(request, &mut |completion| self.expected.push_back(completion)) {
            self.queue = Some(queue);
        }
        self.compare_early(from)
    }

    /// The simulator completed a request.
    pub(crate) fn complete(&mut self, given: &Completion) -> Result<(), Failure> {
        if self.expected.front().is_some_and(|expected| expected.id == given.id) {
            return self.expected.pop_front().map_or(Ok(()), |expected| self.agree(&expected, given));
        }
        self.overtaken.extend(self.expected.drain(..).map(|expected| (expected.id, expected)));
        match self.overtaken.remove(&given.id) {
            Some(expected) => self.agree(&expected, given),
            // After its end, the model gives no more completions.
            None if self.queue.is_none() => {
                Err(self.differs("no completion", &format!("the simulator gives {}", show(given)), given.id))
            }
            None => {
                self.early.insert(given.id, *given);
                Ok(())
            }
        }
    }

    /// Both have ended.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        if let Some(queue) = self.queue.take() {
            let from = self.expected.len();
            queue.end(&mut |completion| self.expected.push_back(completion));
            self.compare_early(from)?;
        }
        let owed = self.expected.iter().chain(self.overtaken.values()).min_by_key(|expected| expected.id);
        if let Some(expected) = owed {
            return Err(self.differs(&show(expected), "the simulator gives no completion", expected.id));
        }
        match self.early.values().min_by_key(|given| given.id) {
            Some(given) => {
                Err(self.differs("no completion", &format!("the simulator gives {}", show(given)), given.id))
            }
            None => Ok(()),
        }
    }

    /// Compares the completions of the model since `from` with those that the simulator gave before.
    fn compare_early(&mut self, from: usize) -> Result<(), Failure> {
        if self.early.is_empty() {
            return Ok(());
        }
        for expected in self.expected.split_off(from) {
            match self.early.remove(&expected.id) {
                Some(given) => self.agree(&expected, &given)?,
                None => self.expected.push_back(expected),
            }
        }
        Ok(())
    }

    fn agree(&self, expected: &Completion, given: &Completion) -> Result<(), Failure> {
        if expected == given {
            return Ok(());
        }
        Err(self.differs(&show(expected), &format!("the simulator gives {}", show(given)), given.id))
    }

    fn differs(&self, expected: &str, given: &str, id: u64) -> Failure {
        let rule = format!("--verify: request {id}: {} gives {expected}; {given}", self.discipline);
        Failure::Contract { request: Some(id), rule }
    }
}

fn show(completion: &Completion) -> String {
    let time = |ns: u64| if ns == NONE { "none".to_owned() } else { ns.to_string() };
    format!(
        "start {}, finish {}, service {}",
        time(completion.start_ns),
        time(completion.finish_ns),
        completion.service_ns
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_servers() -> Model {
        Model { servers: 2, ..Model::default() }
    }

    fn requests() -> Vec<Request> {
        (0..4).map(|id| Request { id, arrival_ns: id, service_ns: 10, ..Request::default() }).collect()
    }

    fn completions(model: Model) -> Vec<Completion> {
        let (mut queue, mut completions) = (Queue::new(model), Vec::new());
        if requests().iter().all(|request| queue.arrive(request, &mut |completion| completions.push(completion))) {
            queue.end(&mut |completion| completions.push(completion));
        }
        completions
    }

    fn comparison(model: Model, completions: &[Completion], early: bool) -> String {
        let mut verifier = Verifier::new(model);
        let requests = requests();
        let arrive = |verifier: &mut Verifier| requests.iter().try_for_each(|request| verifier.arrive(request));
        let completion = |verifier: &mut Verifier| completions.iter().try_for_each(|given| verifier.complete(given));
        let both = if early {
            completion(&mut verifier).and_then(|()| arrive(&mut verifier))
        } else {
            arrive(&mut verifier).and_then(|()| completion(&mut verifier))
        };
        both.and_then(|()| verifier.end()).map_or_else(|failure| failure.to_string(), |()| "agrees".to_owned())
    }

    #[test]
    fn true_completions_agree_in_any_order() {
        for model in [two_servers(), Model { delay: 3, ..two_servers() }, Model { capacity: 2, ..two_servers() }] {
            for early in [false, true] {
                let mut right = completions(model);
                assert_eq!(comparison(model, &right, early), "agrees");
                right.reverse();
                assert_eq!(comparison(model, &right, early), "agrees");
            }
        }
    }

    #[test]
    fn the_first_difference_is_reported() {
        let single = completions(Model { servers: 1, ..two_servers() });
        assert_eq!(
            comparison(two_servers(), &single, false),
            "--verify: request 1: fifo gives start 1, finish 11, service 10; the simulator gives start 10, \
             finish 20, service 10"
        );
        let right = completions(two_servers());
        assert!(
            comparison(two_servers(), &right[..3], false)
                .ends_with("finish 21, service 10; the simulator gives no completion")
        );
        let full = completions(Model { capacity: 2, ..two_servers() });
        assert!(comparison(two_servers(), &full, false).contains("request 2: fifo gives start 10"));
        let mut more = completions(Model { delay: 2, ..two_servers() });
        more.push(Completion { id: 3, start_ns: Completion::NOT_SERVED, finish_ns: 3, service_ns: 0 });
        assert!(
            comparison(Model { delay: 2, ..two_servers() }, &more, false)
                .contains("request 3: fifo gives no completion")
        );
    }

    #[test]
    fn own_order_and_own_demands_can_not_be_verified() {
        for discipline in Discipline::ALL {
            assert!(check(Model { discipline, ..Model::default() }.capabilities(), discipline.name()).is_ok());
        }
        assert!(check(Capabilities(15), "elevator").is_err());
        for capabilities in [Capabilities(13), Capabilities(15 + 16), Capabilities(15 + 32)] {
            assert!(matches!(check(capabilities, "fifo"), Err(Failure::Usage { .. })), "{capabilities:?}");
        }
    }
}
