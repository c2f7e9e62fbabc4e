//! Stands in for the program `cloudflared`; see `sims::programs`.

fn main() -> std::process::ExitCode {
    sims::programs::cloudflared::main()
}
