//! Tests of [`super`]: classes of clients.

use contract::Request;
use measure::provenance::{ClassUsed, TrafficUsed};

use crate::testing::{file, generation, refusal_in, trace, try_generation};

#[test]
fn a_wrong_file_is_refused_with_the_line() {
    let known = "known are name, clients, priority, size, inter_arrival, read_ratio, sas, distribution, mean, stdev, arrivals, \
                 popularity, sizes";
    for (text, error) in [
        ("", "FILE:1: there is no [[class]]".to_owned()),
        ("[[class]]\nname = \"a\"\nname = \"b\"\n", "FILE:3: is not TOML: duplicate key".to_owned()),
        ("\n[[class]\n", "FILE:2: is not TOML: unclosed array table, expected `]`".to_owned()),
        ("[[clas]]\n", "FILE:1: clas is not known here; did you mean class?".to_owned()),
        ("[class]\n", "FILE:1: class is not an array of tables: begin each class with [[class]]".to_owned()),
        ("class = [1]\n", "FILE:1: class is not an array of tables: begin each class with [[class]]".to_owned()),
        ("[[class]]\nname = \"a\"\n\n[[class]]\nclients = 1\n", "FILE:4: the class has no name: add name = \"…\"".to_owned()),
        ("[[class]]\nname = \"\"\n", "FILE:2: name= must not be empty".to_owned()),
        ("[[class]]\nname = \"a\"\n[[class]]\nname = \"a\"\n", "FILE:3: name=a is the name of two classes".to_owned()),
        ("[[class]]\nname = \"a\"\nsiez = 1\n", "FILE:3: siez is not known here; did you mean size?".to_owned()),
        ("[[class]]\nname = \"a\"\nworkers = 1\n", format!("FILE:3: workers is not known here; {known}")),
        ("[[class]]\nname = \"a\"\nsamples = 1\n", "FILE:3: samples is of the whole trace: set SAMPLES".to_owned()),
        ("[[class]]\nname = \"a\"\nconcurrency = 1\n", "FILE:3: concurrency is called clients here".to_owned()),
        ("[[class]]\nname = \"a\"\npriority = 65536\n", "FILE:3: priority=65536 must be an integer from 0 to 65535".to_owned()),
        ("[[class]]\nname = \"a\"\nsize = true\n", "FILE:3: size is neither a decimal number nor a text in quotes".to_owned()),
        ("[[class]]\nname = \"a\"\nsize = 0x10\n", "FILE:3: size is neither a decimal number nor a text in quotes".to_owned()),
        ("[[class]]\nname = \"a\"\n\nsize = 0\n", "FILE:4: SIZE=0 must be an integer from 1 to 4294967295".to_owned()),
        ("[[class]]\nname = \"a\"\nclients = 0\n", "FILE:3: CONCURRENCY=0 must be an integer from 1 to 1000000".to_owned()),
        (
            "[[class]]\nname = \"a\"\nsas = 10\n",
            "flag: SIZE=64 is above SAS=10: a request lies within the storage array (class a)".to_owned(),
        ),
        (
            "[[class]]\nname = \"a\"\nclients = 999999\n[[class]]\nname = \"b\"\nclients = 2\n",
            "flag: CLASSES=FILE has 1000001 clients, more than 1000000".to_owned(),
        ),
        (
            "[[class]]\nname = \"a\"\ninter_arrival = \"2500h\"\n",
            "flag: SAMPLES=200000 is too many: 200000 interarrival times of a mean of 9000000000000000 ns (INTER_ARRIVAL) make a client's \
             trace longer than 73 years (class a)"
                .to_owned(),
        ),
    ] {
        let (_file, path) = file(text);
        assert_eq!(refusal_in(&path, &[("CLASSES", &path)]), error, "{text}");
    }
}

/// The requests of these clients, without their ids.
fn of_clients(requests: &[Request], clients: std::ops::Range<u32>) -> Vec<Request> {
    let of = requests.iter().filter(|request| clients.contains(&request.client));
    of.map(|request| Request { id: 0, class: 0, ..*request }).collect()
}

/// Whether one is the start of the other.
fn assert_agree(one: &[Request], other: &[Request]) {
    let common = one.len().min(other.len());
    assert!(common > 1000);
    assert!(one[..common] == other[..common]);
}

#[test]
fn each_class_is_as_if_it_were_alone_and_clients_are_numbered_through() {
    let (_file, path) = file(
        "[[class]]\nname = \"web\"\nclients = 3\npriority = 7\n\n[[class]]\nname = \"batch\"\nclients = 2\n\
         inter_arrival = \"5ms\"\narrivals = \"onoff:1s,3s\"\nsizes = \"table:8=1,16=1\"\nread_ratio = 12.5\n\
         popularity = \"sequential:9\"\ndistribution = \"gamma\"\n",
    );
    let both = trace(&[("CLASSES", &path)]);
    assert!(both.len() == 200_000 && both.is_sorted_by_key(|request| (request.arrival_ns, request.client)));
    assert!(both.iter().all(|request| request.class == if request.client < 3 { 7 } else { 0 } && request.client < 5));
    assert_agree(&of_clients(&both, 0..3), &of_clients(&trace(&[("CONCURRENCY", "3")]), 0..3));
    let batch = trace(&[
        ("CONCURRENCY", "5"),
        ("INTER_ARRIVAL", "5ms"),
        ("ARRIVALS", "onoff:1s,3s"),
        ("SIZES", "table:8=1,16=1"),
        ("READ_RATIO", "12.5"),
        ("POPULARITY", "sequential:9"),
        ("DISTRIBUTION", "gamma"),
    ]);
    assert_agree(&of_clients(&both, 3..5), &of_clients(&batch, 3..5));
}

#[test]
fn one_class_without_settings_is_the_trace_without_classes() {
    let (_file, path) = file("[[class]]\nname = \"all\"\n");
    assert_eq!(trace(&[("CLASSES", &path), ("CONCURRENCY", "3")]), trace(&[("CONCURRENCY", "3")]));
}

#[test]
fn a_report_names_each_class_with_its_settings() {
    let (_file, path) =
        file("[[class]]\nname = \"a\"\nclients = 2\n[[class]]\nname = \"b\"\npriority = 3\nsizes = \"table:8\"\n");
    let TrafficUsed::Classes { classes } = generation(&[("CLASSES", &path), ("CONCURRENCY", "4")]).used().traffic
    else {
        panic!("no classes")
    };
    let shown = |class: &ClassUsed| (class.name.clone(), class.priority, class.clients.concurrency, class.clients.size);
    assert_eq!(
        classes.iter().map(shown).collect::<Vec<_>>(),
        [("a".to_owned(), 0, 2, Some(64)), ("b".to_owned(), 3, 4, None)]
    );
    assert_eq!(classes[1].clients.sizes.as_deref(), Some("table:8"));
}

#[test]
fn a_slow_class_does_not_make_a_trace_too_long() {
    let (fast, slow) = ("[[class]]\nname = \"fast\"\n", "[[class]]\nname = \"slow\"\ninter_arrival = \"2500h\"\n");
    for (text, client_of_fast) in [(format!("{fast}{slow}"), 0), (format!("{slow}{fast}"), 1)] {
        let (_file, path) = file(&text);
        assert!(trace(&[("CLASSES", &path)]).iter().all(|request| request.client == client_of_fast));
    }
    let (_file, path) = file(slow);
    assert!(try_generation(&[("CLASSES", &path)]).is_err());
}
