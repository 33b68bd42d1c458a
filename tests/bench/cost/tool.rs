//! A program that is measured from outside: how long it took, and the most memory it had.

use std::io::Read;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The tool as it was built beside this benchmark.
pub const SCHEMA: &str = env!("CARGO_BIN_EXE_schema");

/// What a program did.
#[derive(Clone, Debug)]
pub struct Ran {
    pub code: i32,
    pub wall: Duration,
    /// The most resident memory, in MB, as far as it was seen in time: it is looked for every millisecond.
    pub peak_mb: f64,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program to its end.
pub fn run(command: &mut Command) -> Ran {
    let began = Instant::now();
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let status = format!("/proc/{}/status", child.id());
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let all = |from: &mut dyn Read| {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (stdout, stderr, peak, code, wall) = std::thread::scope(|scope| {
        let stdout = scope.spawn(move || all(&mut out));
        let stderr = scope.spawn(move || all(&mut err));
        let mut peak = 0;
        let code = loop {
            peak = peak.max(high_water(&status));
            if let Some(status) = child.try_wait().unwrap() {
                break status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let wall = began.elapsed();
        (stdout.join().unwrap(), stderr.join().unwrap(), peak, code, wall)
    });
    Ran { code, wall, peak_mb: peak as f64 / 1000.0, stdout, stderr }
}

/// In kB; 0 when it is not to be seen.
fn high_water(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or(0)
}
