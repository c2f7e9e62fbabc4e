//! Stands in for the program `ollama`; see `sims::programs`.

fn main() -> std::process::ExitCode {
    sims::programs::ollama::main()
}
