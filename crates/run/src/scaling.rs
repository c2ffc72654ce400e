//! SPEEDS: demands become the time that a server of the worker needs.

use contract::Request;
use sim_wasm::Speed;

use crate::scenario::Worker;

/// Divides the demand of each request by the speed of its worker, and rounds up.
pub(crate) struct Scaling {
    /// The speed of each worker; empty if all are 1.
    speeds: Vec<Speed>,
    scaled: Vec<Request>,
}

impl Scaling {
    /// To the speeds of `workers`.
    pub(crate) fn new(workers: &[Worker]) -> Self {
        let speeds: Vec<Speed> = workers.iter().map(|worker| worker.speed).collect();
        let any = speeds.iter().any(|&speed| speed != Speed::ONE);
        Self { speeds: if any { speeds } else { Vec::new() }, scaled: Vec::new() }
    }

    /// `requests` as their workers get them; `assigned` has the worker, from 0, of each. If all speeds are 1, nothing is
    /// copied.
    pub(crate) fn of_workers<'a>(&'a mut self, requests: &'a [Request], assigned: &[u32]) -> &'a [Request] {
        let Self { speeds, scaled } = self;
        if speeds.is_empty() {
            return requests;
        }
        let at_worker = |(request, &worker): (&Request, &u32)| Request {
            service_ns: speeds[worker as usize].scale(request.service_ns),
            ..*request
        };
        scaled.clear();
        scaled.extend(requests.iter().zip(assigned).map(at_worker));
        scaled
    }
}

#[cfg(test)]
mod tests {
    use sandbox::limits::Limits;
    use sandbox::{Job, Model};

    use super::*;

    fn scaling(speeds: &[&str]) -> Scaling {
        let job = Job::alone(Model::of_defaults(1), Limits::default());
        let worker = |text: &&str| Worker { speed: Speed::parse(text).unwrap(), ..Worker::new(job.clone()) };
        Scaling::new(&speeds.iter().map(worker).collect::<Vec<_>>())
    }

    #[test]
    fn a_demand_is_divided_by_the_speed_of_its_worker() {
        let requests =
            [7, 7, 7, 0].map(|service_ns| Request { id: 5, arrival_ns: 3, service_ns, ..Request::default() });
        let mut scaling = scaling(&["1", "1/2", "3"]);
        let scaled = scaling.of_workers(&requests, &[2, 0, 1, 1]);
        assert_eq!(scaled.iter().map(|request| request.service_ns).collect::<Vec<_>>(), [3, 7, 14, 0]);
        assert!(scaled.iter().all(|request| (request.id, request.arrival_ns) == (5, 3)));
        assert_eq!(scaling.of_workers(&requests[..1], &[1])[0].service_ns, 14);
    }

    #[test]
    fn nothing_is_copied_if_all_speeds_are_1() {
        let requests = [Request::default()];
        assert!(std::ptr::eq(scaling(&["1", "1.0"]).of_workers(&requests, &[0]), &requests[..]));
    }
}
