//! Replaces the host in a compromised worker container: it reads its job, as the host does, and leaves the outcome that
//! the job's argument (SIM_ARGS) names.

use std::fs::{self, File};
use std::io::Write;

const FOLDER: &str = "/job/";
/// The numbers of a window after that of its arrivals.
const ZEROS: &str = r#","0","0","0","0","0","0","0","0","0","0","0","0""#;
const EMPTY: &str = r#"{"max_ns":0,"buckets":[]}"#;

fn main() {
    match std::env::args().nth(1).as_deref() {
        // The lock of a run.
        Some("hold") => drop(std::io::copy(&mut std::io::stdin(), &mut std::io::sink())),
        _ => work(),
    }
}

fn work() {
    // As the host does: remove the files of an earlier attempt.
    let _ = fs::remove_file(format!("{FOLDER}outcome.json"));
    let job = fs::read_to_string(format!("{FOLDER}job.json")).unwrap();
    let after = |key: &str| job.split_once(&format!("\"{key}\":")).unwrap().1.trim_start_matches(['[', '"']);
    let text = |key: &str| after(key).split(['"', ']', ',']).next().unwrap().to_owned();
    let shard = fs::read(format!("{FOLDER}shard.req")).unwrap_or_default();
    let is_preflight = after("shard").starts_with("null");
    let requests = if is_preflight { 0 } else { shard.len() / 48 - 1 };
    let kind = match &*text("arguments") {
        "another" => {
            fs::write(format!("{FOLDER}outcome.json"), r#"{"version":"0.0.1 (job format 0)"}"#).unwrap();
            std::process::exit(8);
        }
        // A host can't read the job of a later version.
        "older" => {
            eprintln!("error: {FOLDER}job.json: missing field `kind`");
            std::process::exit(1);
        }
        "dies" => {
            eprintln!("{}\n\x1b[2Jthe last words of worker {}", "many ".repeat(5000), text("worker"));
            std::process::exit(101);
        }
        _ if is_preflight => "honest".to_owned(),
        kind => kind.to_owned(),
    };

    let mut nonce = text("nonce");
    let mut sum = "0".to_owned();
    match &*kind {
        "stale" => nonce = "0".repeat(nonce.len()),
        "wraps" => sum = u128::MAX.to_string(),
        "sparse" => {
            File::create(format!("{FOLDER}outcome.json")).unwrap().set_len(4 << 30).unwrap();
            return;
        }
        // Another worker's request, and far more bytes than completions can have.
        "foreign" => {
            let mut completion = [0; 48];
            completion[..8].copy_from_slice(&(1u64 << 40).to_le_bytes());
            fs::write(format!("{FOLDER}completions"), completion).unwrap();
        }
        "flood" => File::create(format!("{FOLDER}completions")).unwrap().set_len(4 << 30).unwrap(),
        _ => {}
    }
    let shard = if is_preflight { "null".to_owned() } else { format!("\"{}\"", text("shard")) };
    let outcome = format!(
        r#"{{"version":"{}","nonce":"{nonce}","module":"{}","shard":{shard},"outcome":{{"offered":{requests},"result":{{"Ok":{{"tally":{{
        "counts":{{"offered":{requests},"completed":0,"in_service":0,"rejected":0,"abandoned":0,"waiting":{requests},
        "not_yet_arrived":0}},"started":0,"end_ns":1,"demand_sum_ns":"0","delay_sum_ns":"{sum}","response_sum_ns":"0",
        "waiting_area_ns":"0","system_area_ns":"0","service_sum_ns":"0","delay_in_queue":{EMPTY},"response_time":{EMPTY}}},
        "windows":{{"shift":0,"limit":1024,"windows":[["{requests}"{ZEROS}]],"cells":[]}},"classes":{{}},"delay_reached":false,
        "capabilities":15}}}}}}}}"#,
        text("version"),
        text("module")
    );
    File::create(format!("{FOLDER}outcome.json")).unwrap().write_all(outcome.as_bytes()).unwrap();
}
