//! A NATS of a test's own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tokio::net::TcpStream;
use tokio::sync::OnceCell;

use crate::at;
use crate::cluster::{folder, ready};

/// How long it may take to start, or its program to be fetched, before the test fails.
const PATIENCE: Duration = Duration::from_mins(3);
const PAUSE: Duration = Duration::from_millis(20);

/// Who connects.
const USER: &str = "enlace";
const PASSWORD: &str = "p@ss";

static PROGRAM: OnceCell<PathBuf> = OnceCell::const_new();
static NEXT: AtomicU32 = AtomicU32::new(0);

/// A NATS server with JetStream, on the loopback address, of a test's own. Dropped, it is killed and what it kept is removed.
pub struct Nats {
    folder: PathBuf,
    port: u16,
    child: Option<Child>,
}

impl Nats {
    /// Starts one, on a port that it finds.
    pub async fn start() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let folder = folder().join(format!("nats-{}-{number}", std::process::id()));
        let mut nats = Self { folder, port: 0, child: None };
        nats.start_again().await;
        nats
    }

    /// Where it is, and how to connect.
    pub fn url(&self) -> String {
        self.url_by(self.port)
    }

    /// How to connect where it is reached by another port.
    pub fn url_by(&self, port: u16) -> String {
        format!("nats://{USER}:{}@127.0.0.1:{port}", PASSWORD.replace('@', "%40"))
    }

    /// A client that may do anything.
    pub async fn connect(&self) -> async_nats::Client {
        let options =
            async_nats::ConnectOptions::with_user_and_password(USER.to_owned(), PASSWORD.to_owned());
        options.connect(format!("127.0.0.1:{}", self.port)).await.expect("a connection")
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ended_already = child.kill();
            child.wait().unwrap();
        }
    }

    /// Starts it once more where it was, and empty.
    pub async fn start_again(&mut self) {
        self.kill();
        let _nothing = fs::remove_dir_all(&self.folder);
        fs::create_dir_all(&self.folder).unwrap();
        let program = PROGRAM.get_or_init(find_or_fetch).await;
        let port = if self.port == 0 { "-1".to_owned() } else { self.port.to_string() };
        // It does not outlive who started it.
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "--"]).arg(program);
        command.args(["--user", USER, "--pass", PASSWORD]);
        command.args(["-a", "127.0.0.1", "-p", &port, "-js", "-sd"]).arg(self.folder.join("store"));
        command.arg("--ports_file_dir").arg(&self.folder).arg("-l").arg(self.folder.join("log"));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.child = Some(child.expect("the NATS server runs"));
        let deadline = Instant::now() + PATIENCE;
        while !self.answers().await {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            let log = || fs::read_to_string(self.folder.join("log")).unwrap_or_default();
            assert!(ended.is_none() && Instant::now() < deadline, "NATS does not start: {}", log());
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Whether it takes connections; it writes down where, and that is told here.
    async fn answers(&mut self) -> bool {
        let written = fs::read_dir(&self.folder).unwrap().flatten().map(|entry| entry.path());
        let Some(ports) = written.into_iter().find(|path| path.extension() == Some(OsStr::new("ports")))
        else {
            return false;
        };
        let Ok(ports) = serde_json::from_slice::<Json>(&fs::read(ports).unwrap()) else { return false };
        let Some((_, port)) = at(&ports, "nats.0").as_str().and_then(|url| url.rsplit_once(':')) else {
            return false;
        };
        self.port = port.parse().unwrap();
        TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
        let _gone = fs::remove_dir_all(&self.folder);
    }
}

/// The server's program: the system's, or else the one of Debian's package, which is unpacked beside the tests' data and not installed,
/// since an installed one would serve on its own.
async fn find_or_fetch() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let fetched = folder().join("nats-server");
    let places = std::env::split_paths(&path).map(|place| place.join("nats-server"));
    let places = places.chain([PathBuf::from("/usr/sbin/nats-server"), fetched.join("usr/sbin/nats-server")]);
    if let Some(found) = places.into_iter().find(|place| place.is_file()) {
        return found;
    }
    // PostgreSQL may be being installed: apt-get does one thing at a time.
    ready().await;
    let unfinished = fetched.with_extension(std::process::id().to_string());
    fs::create_dir_all(&unfinished).unwrap();
    eprintln!("The tests need a NATS server: fetching the system's package `nats-server` with apt-get.");
    let download = || run(Command::new("apt-get").args(["download", "nats-server"]), &unfinished);
    let complete = download() || (run(Command::new("apt-get").arg("update"), &unfinished) && download());
    assert!(
        complete,
        "no NATS server is found or fetched: install one (Debian: apt-get install nats-server)"
    );
    let mut packages = fs::read_dir(&unfinished).unwrap().flatten().map(|entry| entry.path());
    let package = packages.find(|path| path.extension() == Some(OsStr::new("deb"))).expect("the package");
    assert!(run(Command::new("dpkg-deb").arg("-x").arg(package).arg("."), &unfinished), "it is unpacked");
    // Another run may have been faster.
    let _renamed = fs::rename(&unfinished, &fetched);
    fetched.join("usr/sbin/nats-server")
}

fn run(command: &mut Command, folder: &Path) -> bool {
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
