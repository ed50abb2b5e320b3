//! One argument parse, load the configuration, run, exit code: all of it in `cli`.

fn main() -> std::process::ExitCode {
    forebay::cli::main()
}
