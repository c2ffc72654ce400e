//! `--verify`: the same shard natively, by the default simulator's model, while requests stream by; each answer must agree.

use std::collections::{HashMap, VecDeque};

use contract::{Capabilities, Completion, NONE, Request};
use failure::Failure;
use sim_wasm::Fifo;

/// What first in, first out gives beside what the simulator gives.
pub(crate) struct Verifier {
    /// None once its simulation has ended.
    fifo: Option<Fifo>,
    /// Answers that the simulator owes, in the model's order…
    expected: VecDeque<Completion>,
    /// …and those of them that it did not give in that order.
    overtaken: HashMap<u64, Completion>,
    /// Answers that the simulator gave before the model did.
    early: HashMap<u64, Completion>,
}

/// Whether the answers of a simulator with these capabilities, under `discipline`, can be verified.
///
/// # Errors
/// [`Failure::Usage`] where they are not to be first in, first out, or its order of service or its demands are its own.
pub fn check(capabilities: Capabilities, discipline: &str) -> Result<(), Failure> {
    let own = [
        (!capabilities.has(Capabilities::DISCIPLINE), "has an order of service of its own (bit 2 is not set)"),
        (capabilities.has(Capabilities::OWN_DEMANDS), "decides itself what service a request needs (bit 16)"),
        (capabilities.has(Capabilities::SHARED), "shares or interrupts service (bit 32)"),
    ];
    if discipline != "fifo" {
        let text = format!(
            "--verify: DISCIPLINE={discipline}: only fifo is known natively, so there is nothing to hold it against"
        );
        return Err(Failure::usage(text));
    }
    match own.into_iter().find(|(own, _)| *own) {
        Some((_, why)) => {
            Err(Failure::usage(format!("--verify: the module {why}, so there is nothing to hold it against")))
        }
        None => Ok(()),
    }
}

impl Verifier {
    pub(crate) fn new(fifo: Fifo) -> Self {
        Self { fifo: Some(fifo), expected: VecDeque::new(), overtaken: HashMap::new(), early: HashMap::new() }
    }

    /// The model takes in a request.
    pub(crate) fn arrive(&mut self, request: &Request) -> Result<(), Failure> {
        let Some(mut fifo) = self.fifo.take() else { return Ok(()) };
        let from = self.expected.len();
        if fifo.arrive(request, &mut |answer| self.expected.push_back(answer)) {
            self.fifo = Some(fifo);
        }
        self.settle(from)
    }

    /// The simulator answers a request.
    pub(crate) fn answer(&mut self, given: &Completion) -> Result<(), Failure> {
        if self.expected.front().is_some_and(|expected| expected.id == given.id) {
            return self.expected.pop_front().map_or(Ok(()), |expected| agree(&expected, given));
        }
        self.overtaken.extend(self.expected.drain(..).map(|expected| (expected.id, expected)));
        match self.overtaken.remove(&given.id) {
            Some(expected) => agree(&expected, given),
            // Once the model has ended it gives no more.
            None if self.fifo.is_none() => {
                Err(differs("no answer", &format!("the simulator gives {}", show(given)), given.id))
            }
            None => {
                self.early.insert(given.id, *given);
                Ok(())
            }
        }
    }

    /// Both have ended.
    pub(crate) fn end(mut self) -> Result<(), Failure> {
        if let Some(fifo) = self.fifo.take() {
            let from = self.expected.len();
            fifo.end(&mut |answer| self.expected.push_back(answer));
            self.settle(from)?;
        }
        let owed = self.expected.iter().chain(self.overtaken.values()).min_by_key(|expected| expected.id);
        if let Some(expected) = owed {
            return Err(differs(&show(expected), "the simulator gave no answer", expected.id));
        }
        match self.early.values().min_by_key(|given| given.id) {
            Some(given) => Err(differs("no answer", &format!("the simulator gives {}", show(given)), given.id)),
            None => Ok(()),
        }
    }

    /// Holds what the model gave since `from` against what the simulator gave before.
    fn settle(&mut self, from: usize) -> Result<(), Failure> {
        if self.early.is_empty() {
            return Ok(());
        }
        for expected in self.expected.split_off(from) {
            match self.early.remove(&expected.id) {
                Some(given) => agree(&expected, &given)?,
                None => self.expected.push_back(expected),
            }
        }
        Ok(())
    }
}

fn agree(expected: &Completion, given: &Completion) -> Result<(), Failure> {
    if expected == given {
        return Ok(());
    }
    Err(differs(&show(expected), &format!("the simulator gives {}", show(given)), given.id))
}

fn differs(expected: &str, given: &str, id: u64) -> Failure {
    let rule = format!("--verify: request {id}: first in, first out gives {expected}; {given}");
    Failure::Contract { request: Some(id), rule }
}

fn show(answer: &Completion) -> String {
    let time = |ns: u64| if ns == NONE { "none".to_owned() } else { ns.to_string() };
    format!("start {}, finish {}, service {}", time(answer.start_ns), time(answer.finish_ns), answer.service_ns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sim_wasm::Model;

    const MODEL: Model = Model { servers: 2, capacity: 0, delay: 0 };

    fn requests() -> Vec<Request> {
        (0..4).map(|id| Request { id, arrival_ns: id, service_ns: 10, ..Request::default() }).collect()
    }

    fn answers(model: Model) -> Vec<Completion> {
        let (mut fifo, mut answers) = (Fifo::new(model), Vec::new());
        if requests().iter().all(|request| fifo.arrive(request, &mut |answer| answers.push(answer))) {
            fifo.end(&mut |answer| answers.push(answer));
        }
        answers
    }

    fn verdict(model: Model, answers: &[Completion], early: bool) -> String {
        let mut verifier = Verifier::new(Fifo::new(model));
        let requests = requests();
        let arrive = |verifier: &mut Verifier| requests.iter().try_for_each(|request| verifier.arrive(request));
        let answer = |verifier: &mut Verifier| answers.iter().try_for_each(|given| verifier.answer(given));
        let both = if early {
            answer(&mut verifier).and_then(|()| arrive(&mut verifier))
        } else {
            arrive(&mut verifier).and_then(|()| answer(&mut verifier))
        };
        both.and_then(|()| verifier.end()).map_or_else(|failure| failure.to_string(), |()| "agrees".to_owned())
    }

    #[test]
    fn true_answers_agree_in_any_order() {
        for model in [MODEL, Model { delay: 3, ..MODEL }, Model { capacity: 2, ..MODEL }] {
            for early in [false, true] {
                let mut right = answers(model);
                assert_eq!(verdict(model, &right, early), "agrees");
                right.reverse();
                assert_eq!(verdict(model, &right, early), "agrees");
            }
        }
    }

    #[test]
    fn the_first_that_differs_is_named() {
        let single = answers(Model { servers: 1, ..MODEL });
        assert_eq!(
            verdict(MODEL, &single, false),
            "--verify: request 1: first in, first out gives start 1, finish 11, service 10; the simulator gives start 10, \
             finish 20, service 10"
        );
        let right = answers(MODEL);
        assert!(verdict(MODEL, &right[..3], false).ends_with("finish 21, service 10; the simulator gave no answer"));
        let full = answers(Model { capacity: 2, ..MODEL });
        assert!(verdict(MODEL, &full, false).contains("request 2: first in, first out gives start 10"));
        let mut more = answers(Model { delay: 2, ..MODEL });
        more.push(Completion { id: 3, start_ns: NONE, finish_ns: 3, service_ns: 0 });
        assert!(
            verdict(Model { delay: 2, ..MODEL }, &more, false)
                .contains("request 3: first in, first out gives no answer")
        );
    }

    #[test]
    fn what_is_the_simulators_own_can_not_be_verified() {
        assert!(check(Capabilities(15), "fifo").is_ok());
        assert!(check(Capabilities(15), "lifo").is_err());
        for capabilities in [Capabilities(13), Capabilities(15 + 16), Capabilities(15 + 32)] {
            assert!(matches!(check(capabilities, "fifo"), Err(Failure::Usage { .. })), "{capabilities:?}");
        }
    }
}
