//! Faults of containers, of the middleware and of the user: a run recovers with the same bytes, and leaves nothing
//! behind.

use std::time::{Duration, Instant};

use random::streams::Streams;
use rustix::process::Signal;

use crate::docker::large_module;
use crate::docker_support::{
    Engine, LOCAL, Workers, answers, docker_results, local_results, signal, tell, turn, wait, with_slow_module,
};
use crate::support::{Folder, Started};

/// Kills that must hit a running worker, and the number for one run: no worker has more attempts.
const KILLS: usize = 50;
const KILLS_OF_A_RUN: usize = 3;

fn ended(started: &mut Started) -> bool {
    started.child.try_wait().unwrap().is_some()
}

#[test]
fn workers_killed_at_random_times_are_tried_again() {
    let Some(workers) = Workers::up(3) else { return };
    let folder = with_slow_module();
    let arguments = "--module slow.wasm --samples 45000 --workers 3";
    let expected = local_results(&folder, arguments);
    let ids = workers.ids();
    let mut random = Streams::new(1, "kills").of(0);
    let (mut tried, mut hits, mut runs) = (0, 0, 0);
    while hits < KILLS {
        runs += 1;
        assert!(runs <= 2 * KILLS, "{hits} of {tried} kills hit a worker");
        let mut started = workers.run(&folder, arguments).start();
        let mut killed = 0;
        while killed < KILLS_OF_A_RUN && !ended(&mut started) {
            std::thread::sleep(Duration::from_millis(random.below(400)));
            tried += 1;
            let victim = &ids[random.below(3) as usize];
            killed += usize::from(workers.engine.try_docker(&format!("kill {victim}")).is_some());
        }
        let run = started.end();
        assert_eq!(run.code(), Some(0), "run {runs} after {killed} kills: {}", run.errors());
        docker_results(&folder).must_be(&expected, &format!("run {runs}: {}", run.errors()));
        // A kill may also hit a worker that has just ended.
        let again = run.errors().matches("tried again").count();
        assert!(again <= killed, "{killed} kills: {}", run.errors());
        hits += again;
    }
    workers.come_to_rest();
    tell(&format!("kills: {tried} tried, {hits} hit a running worker, all {runs} runs ended correctly"));
}

#[test]
fn a_paused_worker_is_tried_again_after_its_time_limit() {
    let Some(workers) = Workers::up(2) else { return };
    let folder = with_slow_module();
    let arguments = "--module slow.wasm --samples 10000 --workers 2 --limit-time 1";
    let expected = local_results(&folder, arguments);
    workers.without_preflight(&folder, arguments);
    let started = workers.run(&folder, arguments).start();
    // A running one may have ended before it is paused.
    let pause = |worker: &String| workers.engine.try_docker(&format!("pause {worker}")).is_some();
    wait("no worker could be paused", Duration::from_secs(30), || workers.running().iter().any(pause));
    let run = started.end();
    assert_eq!(run.code(), Some(0), "{}", run.errors());
    let run = run.says("did not end within");
    docker_results(&folder).must_be(&expected, &run.errors());
    workers.come_to_rest();
}

#[test]
fn a_worker_out_of_its_containers_memory_is_tried_elsewhere() {
    let Some(workers) = Workers::up(2) else { return };
    let folder = Folder::new().and_module("large", &large_module(200));
    let arguments = "--module large.wasm --samples 100 --workers 2";
    let expected = local_results(&folder, arguments);
    let [first, second] = &workers.ids()[..] else { panic!() };
    workers.engine.docker(&format!("update --memory 96m --memory-swap 96m {first}"));
    let errors = workers.run_gives(&folder, arguments, &expected);
    assert!(errors.contains("ran out of its 96 MiB of memory") && errors.contains("tried again"), "{errors}");
    workers.engine.docker(&format!("update --memory 96m --memory-swap 96m {second}"));
    let run = workers.run(&folder, arguments).exits(8);
    run.says("worker 1: 4 attempts failed").says("ran out of its 96 MiB of memory");
    workers.come_to_rest();
}

#[test]
fn a_run_ends_correctly_on_the_last_remaining_container() {
    let Some(workers) = Workers::up(3) else { return };
    let folder = with_slow_module();
    // Long enough for a removed container to fail as often as a worker is tried.
    let arguments = "--module slow.wasm --samples 360000 --workers 3";
    let expected = local_results(&folder, arguments);
    workers.without_preflight(&folder, arguments);
    let ids = workers.ids();
    let started = workers.run(&folder, arguments).start();
    workers.wait_until_one_runs();
    for gone in &ids[..2] {
        workers.engine.docker(&format!("rm -f -v {gone}"));
    }
    let run = started.end();
    assert_eq!(run.code(), Some(0), "{}", run.errors());
    docker_results(&folder).must_be(&expected, &run.errors());
    workers.come_to_rest();
}

#[test]
fn ctrl_c_at_any_time_leaves_no_container_running() {
    let Some(workers) = Workers::up(3) else { return };
    let folder = with_slow_module();
    let mut random = Streams::new(1, "interrupts").of(0);
    let mut longest = Duration::ZERO;
    for round in 0..12 {
        // Longer than any of the times. From the middle on there is no preflight.
        let arguments = "--module slow.wasm --samples 360000 --workers 7";
        if round == 6 {
            workers.without_preflight(&folder, arguments);
        }
        let started = workers.run(&folder, arguments).start();
        if round > 0 {
            workers.wait_until_one_runs();
            std::thread::sleep(Duration::from_millis(random.below(1500)));
        } else {
            std::thread::sleep(Duration::from_millis(400));
        }
        signal(&started, Signal::INT);
        let signalled = Instant::now();
        let run = started.end();
        assert_eq!(run.code(), Some(130), "{}", run.errors());
        workers.come_to_rest();
        longest = longest.max(signalled.elapsed());
        assert!(longest < Duration::from_secs(10), "{longest:?}: {}", run.errors());
        // A start that was under way must not succeed later.
        std::thread::sleep(Duration::from_millis(300));
        workers.come_to_rest();
        let runs = if folder.path("runs").is_dir() { folder.names_in("runs") } else { Vec::new() };
        for run in runs.iter().map(|run| format!("runs/{run}")) {
            let names = folder.names_in(&run);
            let unfinished = names.iter().any(|name| name.starts_with('.'));
            assert!(!unfinished && names.contains(&"run.json".to_owned()), "{run}: {names:?}");
        }
    }
    tell(&format!("Ctrl-C: no container was running after {:.1} s at most", longest.as_secs_f64()));
}

#[test]
fn the_run_after_a_killed_one_ends_correctly_and_leaves_nothing() {
    if !answers() {
        return;
    }
    let turn = turn();
    let before = Engine::new(LOCAL).orphans();
    let workers = Workers::up_at(Engine::new(LOCAL), 2);
    let folder = with_slow_module();
    let arguments = "--module slow.wasm --samples 6000 --workers 3";
    let expected = local_results(&folder, arguments);
    let mut random = Streams::new(1, "middleware killed").of(0);
    for round in 0..8 {
        // Longer than any of the times.
        let mut started = workers.run(&folder, "--module slow.wasm --samples 360000 --workers 2").start();
        let moment = random.below(1600);
        std::thread::sleep(Duration::from_millis(moment));
        assert!(!ended(&mut started));
        signal(&started, Signal::KILL);
        started.end();
        let what = format!("round {round}, killed after {moment} ms");
        assert_eq!(workers.run(&folder, arguments).start().end().code(), Some(0), "{what}");
        docker_results(&folder).must_be(&expected, &what);
        workers.come_to_rest();
    }
    drop(workers);
    let mut left = Engine::new(LOCAL).orphans();
    left.retain(|volume| !before.contains(volume));
    assert!(left.is_empty(), "volumes without a container: {left:?}");
    drop(turn);
}

#[test]
fn a_lock_whose_owner_was_killed_before_its_start_is_removed() {
    let Some(workers) = Workers::up(1) else { return };
    let folder = Folder::new();
    let arguments = "--samples 100 --workers 1";
    let expected = local_results(&folder, arguments);
    workers.engine.docker(&format!("create --rm -i --name {} queuebox-worker hold", workers.lock()));
    workers.run_gives(&folder, arguments, &expected);
    workers.come_to_rest();
}

#[test]
fn a_worker_left_running_is_killed_first() {
    let Some(workers) = Workers::up(1) else { return };
    let folder = with_slow_module();
    let long = "--module slow.wasm --samples 200000 --workers 1";
    workers.without_preflight(&folder, long);
    let started = workers.run(&folder, long).start();
    workers.wait_until_one_runs();
    signal(&started, Signal::KILL);
    started.end();
    // The worker of the killed run still computes.
    wait("the killed run's lock is still held", Duration::from_secs(10), || workers.running().len() == 1);
    let arguments = "--samples 100 --workers 1";
    let errors = workers.run_gives(&folder, arguments, &local_results(&folder, arguments));
    assert!(errors.contains("left over from an aborted run"), "{errors}");
    workers.come_to_rest();
}
