//! Parse arguments, run, exit code.

fn main() -> std::process::ExitCode {
    postern::cli::main()
}
