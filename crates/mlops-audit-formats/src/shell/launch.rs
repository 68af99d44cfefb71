//! Launchers in front of a command: `poetry run`, `docker run IMAGE`, `torchrun` …

use super::unwrap::base;

/// A launcher: its words, its options that take a value, and how many operands stand before the command.
struct Launcher {
    words: &'static [&'static str],
    valued: &'static [&'static str],
    operands: usize,
    gives: Gives,
}

/// What stands after a launcher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gives {
    /// A command.
    Command,
    /// A Python file, or a module behind `-m`.
    Python,
}

const fn command(
    words: &'static [&'static str],
    valued: &'static [&'static str],
    operands: usize,
) -> Launcher {
    Launcher {
        words,
        valued,
        operands,
        gives: Gives::Command,
    }
}

const fn python(words: &'static [&'static str], valued: &'static [&'static str]) -> Launcher {
    Launcher {
        words,
        valued,
        operands: 0,
        gives: Gives::Python,
    }
}

const UV: &[&str] = &[
    "--with",
    "--with-editable",
    "--with-requirements",
    "-p",
    "--python",
    "--extra",
    "--group",
    "--project",
    "--directory",
    "--env-file",
    "--package",
    "--index",
    "--index-url",
    "--only-group",
    "--no-group",
    "--from",
];
const CONDA: &[&str] = &["-n", "--name", "-p", "--prefix", "--cwd"];
const DOCKER: &[&str] = &[
    "-v",
    "--volume",
    "-e",
    "--env",
    "--env-file",
    "-p",
    "--publish",
    "--name",
    "-w",
    "--workdir",
    "-u",
    "--user",
    "--network",
    "--net",
    "--gpus",
    "--mount",
    "--shm-size",
    "--entrypoint",
    "--platform",
    "-m",
    "--memory",
    "--cpus",
    "-h",
    "--hostname",
    "--link",
    "--label",
    "-l",
    "--restart",
    "--runtime",
    "--ipc",
    "--add-host",
];
const COMPOSE: &[&str] = &["-f", "--file", "-p", "--project-name", "--profile", "--env-file"];
const MPI: &[&str] = &[
    "-n",
    "-np",
    "-N",
    "-H",
    "--host",
    "--hostfile",
    "-x",
    "--map-by",
    "--bind-to",
];
const TORCH: &[&str] = &[
    "--nproc_per_node",
    "--nproc-per-node",
    "--nnodes",
    "--node_rank",
    "--node-rank",
    "--master_addr",
    "--master-addr",
    "--master_port",
    "--master-port",
    "--rdzv_backend",
    "--rdzv-backend",
    "--rdzv_endpoint",
    "--rdzv-endpoint",
    "--rdzv_id",
    "--rdzv-id",
    "--max_restarts",
    "--max-restarts",
    "--log_dir",
    "--log-dir",
];
const ACCELERATE: &[&str] = &[
    "--config_file",
    "--config-file",
    "--num_processes",
    "--num-processes",
    "--num_machines",
    "--machine_rank",
    "--mixed_precision",
    "--mixed-precision",
    "--main_process_port",
    "--main_process_ip",
    "--gpu_ids",
    "--dynamo_backend",
    "--deepspeed_config_file",
    "--zero_stage",
    "--num_cpu_threads_per_process",
    "--use_deepspeed_config",
];
const DEEPSPEED: &[&str] = &[
    "--hostfile",
    "-H",
    "-i",
    "--include",
    "-e",
    "--exclude",
    "--num_nodes",
    "--num_gpus",
    "--master_port",
    "--master_addr",
    "--launcher",
];
const COVERAGE: &[&str] = &[
    "--source",
    "--omit",
    "--include",
    "--rcfile",
    "--data-file",
    "--context",
];
const SPARK: &[&str] = &[
    "--master",
    "--deploy-mode",
    "--class",
    "--name",
    "--jars",
    "--packages",
    "--py-files",
    "--files",
    "--conf",
    "-c",
    "--driver-memory",
    "--executor-memory",
    "--executor-cores",
    "--num-executors",
    "--properties-file",
    "--archives",
];
const SLURM: &[&str] = &[
    "-n", "-N", "-c", "-p", "-t", "-J", "-o", "-e", "-A", "-G", "-w", "--ntasks", "--nodes",
];

/// Longer ones first, where one starts with another.
const LAUNCHERS: &[Launcher] = &[
    command(&["poetry", "run"], &["-C", "--directory"], 0),
    command(&["uv", "run"], UV, 0),
    command(&["uvx"], UV, 0),
    command(&["pipx", "run"], &["--spec", "--python"], 0),
    command(&["pipenv", "run"], &[], 0),
    command(&["pdm", "run"], &["-p", "--project"], 0),
    command(&["rye", "run"], &[], 0),
    command(&["hatch", "run"], &[], 0),
    command(&["hatch", "env", "run"], &["-e", "--env"], 0),
    command(&["conda", "run"], CONDA, 0),
    command(&["mamba", "run"], CONDA, 0),
    command(&["micromamba", "run"], CONDA, 0),
    command(&["pixi", "run"], &["-e", "--environment", "--manifest-path"], 0),
    command(&["mise", "exec"], &[], 0),
    command(&["doppler", "run"], &["-p", "-c"], 0),
    command(&["dotenv", "run"], &["-f"], 0),
    command(&["op", "run"], &[], 0),
    command(&["docker", "run"], DOCKER, 1),
    command(&["docker", "container", "run"], DOCKER, 1),
    command(&["docker", "exec"], DOCKER, 1),
    command(&["podman", "run"], DOCKER, 1),
    command(&["podman", "exec"], DOCKER, 1),
    command(&["docker-compose", "run"], DOCKER, 1),
    command(&["docker-compose", "exec"], DOCKER, 1),
    command(&["docker", "compose", "run"], DOCKER, 1),
    command(&["docker", "compose", "exec"], DOCKER, 1),
    command(
        &["kubectl", "exec"],
        &["-n", "--namespace", "-c", "--container"],
        1,
    ),
    command(&["srun"], SLURM, 0),
    command(&["mpirun"], MPI, 0),
    command(&["mpiexec"], MPI, 0),
    command(&["horovodrun"], MPI, 0),
    command(
        &["ray", "job", "submit"],
        &[
            "--address",
            "--working-dir",
            "--runtime-env",
            "--runtime-env-json",
        ],
        0,
    ),
    command(&["wandb", "launch"], &["-u", "-p", "-e"], 0),
    command(
        &["opentelemetry-instrument"],
        &["--service_name", "--traces_exporter"],
        0,
    ),
    command(&["ddtrace-run"], &[], 0),
    python(&["coverage", "run"], COVERAGE),
    python(&["accelerate", "launch"], ACCELERATE),
    python(&["torchrun"], TORCH),
    python(&["deepspeed"], DEEPSPEED),
    python(&["spark-submit"], SPARK),
    python(&["kernprof"], &["-o"]),
    python(&["mprof", "run"], &[]),
    python(&["viztracer"], &["-o"]),
];

/// Modules that launch a Python file: `python -m torch.distributed.launch train.py`.
const MODULES: [(&str, &[&str]); 6] = [
    ("torch.distributed.launch", TORCH),
    ("torch.distributed.run", TORCH),
    ("accelerate.commands.launch", ACCELERATE),
    ("deepspeed.launcher.runner", DEEPSPEED),
    ("cProfile", &["-o", "-s"]),
    ("pdb", &["-c"]),
];

/// The words behind the launcher in front of `words`, and what they are.
pub(super) fn behind(words: &[String]) -> Option<(&[String], Gives)> {
    let program = base(words.first()?);
    LAUNCHERS
        .iter()
        .filter(|launcher| launcher.words.first() == Some(&program))
        .find_map(|launcher| Some((launcher.behind(words)?, launcher.gives)))
}

/// The words behind a module that launches a file.
pub(super) fn behind_module<'words>(module: &str, arguments: &'words [String]) -> Option<&'words [String]> {
    let valued = MODULES.iter().find(|(name, _)| *name == module)?.1;
    options(arguments, 0, valued).and_then(|at| arguments.get(at..))
}

impl Launcher {
    fn behind<'words>(&self, words: &'words [String]) -> Option<&'words [String]> {
        let mut at = 0;
        for (position, expected) in self.words.iter().enumerate() {
            // `docker compose -f x.yml run`.
            while position > 0 && words.get(at)?.starts_with('-') {
                at += 1 + usize::from(COMPOSE.contains(&words.get(at)?.as_str()));
            }
            let word = words.get(at)?;
            let word = if position == 0 { base(word) } else { word };
            if word != *expected {
                return None;
            }
            at += 1;
        }
        at = options(words, at, self.valued)?;
        for _ in 0..self.operands {
            at += 1;
            // `docker compose exec svc -- cmd`.
            at += usize::from(words.get(at).is_some_and(|word| word == "--"));
        }
        words.get(at..).filter(|rest| !rest.is_empty())
    }
}

/// The position after the options at `from`; an `-m` that takes no value ends them.
fn options(words: &[String], mut at: usize, valued: &[&str]) -> Option<usize> {
    while let Some(word) = words.get(at) {
        if word == "--" {
            return Some(at + 1);
        }
        let is_module = matches!(word.as_str(), "-m" | "--module") && !valued.contains(&"-m");
        if is_module || !word.starts_with('-') {
            break;
        }
        at += 1 + usize::from(valued.contains(&word.as_str()));
    }
    (at <= words.len()).then_some(at)
}
