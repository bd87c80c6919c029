//! The program itself, as a person or a service manager runs it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::cluster::folder;

/// How long the program may take to start or to end before the test fails: a slow machine makes a cluster in a while.
const PATIENCE: Duration = Duration::from_mins(3);

static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Where the program lies, built as these tests are, of the sources as they are now.
fn program() -> &'static Path {
    PROGRAM.get_or_init(|| {
        let test = std::env::current_exe().expect("the test's own path");
        // target/PROFILE/deps/TEST
        let folder = test.ancestors().nth(2).expect("the profile's folder");
        let target = folder.parent().expect("the target folder");
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // Both packages, so that what the two depend on has the features with which it is built already.
        build.args([
            "build",
            "--quiet",
            "--package",
            "enlace",
            "--package",
            "enlace-tests",
            "--bin",
            "enlace",
        ]);
        build.arg("--target-dir").arg(target);
        match folder.file_name().and_then(OsStr::to_str) {
            Some("debug") | None => {}
            Some(profile) => {
                build.args(["--profile", profile]);
            }
        }
        // What cargo said of the tests' own package to them would make it build others anew.
        for (name, _) in std::env::vars() {
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                build.env_remove(name);
            }
        }
        build.current_dir(env!("CARGO_MANIFEST_DIR"));
        assert!(build.status().expect("cargo").success(), "the program is built");
        folder.join("enlace")
    })
}

/// A data directory of a test's own. Dropped, it is removed.
pub struct DataFolder(PathBuf);

impl DataFolder {
    /// One that does not exist yet.
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self(folder().join(format!("data-{}-{number}", std::process::id())))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The process of its PostgreSQL, as PostgreSQL itself wrote it down, if it is running.
    pub fn postmaster(&self) -> Option<i32> {
        let text = std::fs::read_to_string(self.0.join("postgres/postmaster.pid")).ok()?;
        let pid = text.lines().next()?.trim().parse().ok()?;
        Path::new(&format!("/proc/{pid}")).exists().then_some(pid)
    }

    /// Waits until no process of its PostgreSQL is left: the one that writes the log ends a moment after the server.
    pub fn wait_deserted(&self) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = self.postgres_processes();
            if left.is_empty() {
                return;
            }
            assert!(Instant::now() < deadline, "PostgreSQL is still there: {left:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn postgres_processes(&self) -> Vec<i32> {
        let Ok(cluster) = std::fs::canonicalize(self.0.join("postgres")) else { return Vec::new() };
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        processes
            .filter(|entry| std::fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd == cluster))
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect()
    }
}

impl Default for DataFolder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        // Where a test failed, its PostgreSQL may still be there.
        for pid in self.postgres_processes() {
            let _ended = signal(pid, Signal::KILL);
        }
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// Sends a signal to a process.
pub fn signal(pid: i32, signal: Signal) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| kill_process(pid, signal).is_ok())
}

/// A command line with the environment that it is to have: none of the tests' own that Enlace reads.
#[derive(Clone)]
pub struct Run {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none where a signal ended it.
    pub code: Option<i32>,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

/// `enlace` with these arguments, divided by spaces.
pub fn enlace(arguments: &str) -> Run {
    let arguments = arguments.split_whitespace().map(str::to_owned).collect();
    // What it logs is not what it says.
    Run { arguments, environment: vec![("ENLACE_LOG".to_owned(), "off".to_owned())] }
}

impl Run {
    /// Adds an argument as it is.
    #[must_use]
    pub fn with(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_str().expect("a text").to_owned());
        self
    }

    /// Adds `--data`.
    #[must_use]
    pub fn data(self, data: &DataFolder) -> Self {
        self.with("--data").with(data.path())
    }

    /// Sets a variable.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(program());
        for (name, _) in std::env::vars() {
            if name.starts_with("ENLACE_") || name == "DATABASE_URL" || name.starts_with("RUST_") {
                command.env_remove(name);
            }
        }
        command.args(&self.arguments).envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    pub fn end(&self) -> Ended {
        let output = self.command().output().expect("the program runs");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Ended { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Starts it, and goes on beside it.
    pub fn start(&self) -> Running {
        let mut child = self.command().spawn().expect("the program runs");
        let said = Said::by(child.stdout.take().expect("its standard output"));
        let logged = Said::by(child.stderr.take().expect("its standard error"));
        Running { child, said, logged }
    }
}

/// What a program has written so far on one of its outputs.
struct Said {
    text: Arc<(Mutex<String>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Said {
    /// Reads on until the output ends.
    fn by(output: impl Read + Send + 'static) -> Self {
        let text: Arc<(Mutex<String>, Condvar)> = Arc::default();
        let written = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                written.0.lock().unwrap().push_str(&(line + "\n"));
                written.1.notify_all();
            }
        });
        Self { text, reader: Some(reader) }
    }

    /// Waits a while for it to hold a text so many times; what it holds where it does.
    fn holds(&self, wanted: &str, times: usize) -> Option<String> {
        let (text, more) = &*self.text;
        let text = text.lock().unwrap();
        if text.matches(wanted).count() >= times {
            return Some(text.clone());
        }
        drop(more.wait_timeout(text, Duration::from_millis(100)).unwrap());
        None
    }

    /// All of it, once the program has ended.
    fn whole(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.text.0.lock().unwrap().clone()
    }
}

/// The program, running. Dropped, it is killed.
pub struct Running {
    child: Child,
    said: Said,
    logged: Said,
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> i32 {
        self.child.id().try_into().expect("a process id")
    }

    /// Waits until it has said a text, and gives all that it has said.
    pub fn says(&mut self, wanted: &str) -> String {
        self.await_text(wanted, |running| running.said.holds(wanted, 1))
    }

    /// Waits until its log holds a text so many times.
    pub fn logs(&mut self, wanted: &str, times: usize) {
        self.await_text(wanted, |running| running.logged.holds(wanted, times));
    }

    fn await_text(&mut self, wanted: &str, holds: impl Fn(&Self) -> Option<String>) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(text) = holds(self) {
                return text;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                let log = self.logged.whole();
                panic!("it ended with {status} before it said {wanted:?}: {log:?}");
            }
            assert!(Instant::now() < deadline, "it never said {wanted:?}");
        }
    }

    /// Sends a signal.
    pub fn signal(&self, wanted: Signal) {
        assert!(signal(self.pid(), wanted));
    }

    /// Waits for its end; what it said on standard error.
    pub fn ended(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "it never ended");
            std::thread::sleep(Duration::from_millis(20));
        };
        (status, self.logged.whole())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.child.kill();
        let _ended_already = self.child.wait();
    }
}
