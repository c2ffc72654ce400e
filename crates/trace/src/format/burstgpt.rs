//! BurstGPT, requests to ChatGPT and GPT-4 (<https://github.com/HPMLL/BurstGPT#schema>): times in seconds from midnight of
//! the first day. Files 1 and 2 have six columns, file 3 also the session and the elapsed time.

use super::{Divider, Format, Header, S, Shape};
use crate::clock::Clock;
use crate::field::{Field, Identity};

pub(super) const FORMAT: Format = Format {
    name: "burstgpt",
    shape: Shape::Lines {
        divider: Divider::Delimited(b','),
        header: Header::Required(&["Timestamp", "Model", "Request tokens", "Response tokens", "Log Type"]),
        comment: None,
        sign: None,
    },
    fields: &[
        ("Timestamp", Field::Arrival(Clock::Unit(S))),
        ("Session ID", Field::Client(Identity::Name)),
        ("Request tokens", Field::Size),
        ("Response tokens", Field::ReplySize),
    ],
    several_units: false,
    // Requests by the API have no session.
    unknown: &[""],
    notes: &["a request with 0 response tokens failed; it arrived all the same, and is used"],
};

#[cfg(test)]
mod tests {
    use super::super::samples::{arrivals, sample};
    use super::*;
    use crate::reader::tests::{demands, read, refused};
    use contract::Request;
    use random::streams::fnv1a;

    #[test]
    fn failed_requests_are_kept() {
        let read = read(sample("burstgpt"));
        assert_eq!(arrivals(&read), (vec![0, 0, 41_500_000_000], 7_000_000_000));
        let failed = Request { id: 1, size: 612, reply_size: 0, service_ns: demands().sample(1), ..Request::default() };
        assert_eq!(read.requests[1], failed);
        assert!(read.remarks.contains(&FORMAT.notes[0].to_owned()), "{:?}", read.remarks);
    }

    #[test]
    fn sessions_are_clients() {
        let header = "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type\n";
        let read = read(format!("{header}5.0,ab-1,3,GPT-4,10,20,30,Conversation log\n6.0,,2,ChatGPT,1,2,3,API log\n"));
        assert_eq!(
            (read.summary.files[0].format, arrivals(&read)),
            ("burstgpt", (vec![0, 1_000_000_000], 5_000_000_000))
        );
        let hash = fnv1a(b"ab-1");
        assert_eq!((read.requests[0].client, read.requests[1].client), ((hash ^ (hash >> 32)) as u32, 0));
        // The elapsed time includes waiting: it becomes the demand only if --columns names it.
        assert_eq!(read.summary.sampled, 2);
        assert!(read.remarks.iter().any(|remark| remark.contains("'service=Elapsed time:UNIT'")), "{:?}", read.remarks);
        assert_eq!(
            refused(format!("{header}5.0,a,3,GPT-4,10,20,30,API log\n6.0,a,2,GPT-4,x,2,3,API log\n")),
            "t.csv:3: Request tokens \"x\" is not an integer below 2^32 (read as burstgpt)"
        );
    }
}
