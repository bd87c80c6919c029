//! The benchmarks. Each is a contest between Enlace and a floor: a server that does the same work by hand.

#[path = "../bench/mod.rs"]
mod bench;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    bench::run()
}
