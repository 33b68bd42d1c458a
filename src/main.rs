//! The `schema` program: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    galera_schema::cli::main()
}
