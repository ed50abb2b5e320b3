"""How each migration tool names its files, is called and keeps count of what it has applied."""

import os
import pathlib
import shutil
import subprocess
from dataclasses import dataclass

PROJECTS = pathlib.Path(__file__).with_name("projects")

# A tool that waits for another one's lock longer than this hangs.
RUN_SECONDS = 60

JAVA = ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")


@dataclass(frozen=True)
class Tool:
    name: str
    # The call that applies what is pending. `{url}` is also in DATABASE_URL.
    call: tuple
    # What the tool names a step, and the file that holds it.
    version: str
    file: str
    # Steps as the tool has them applied, in their order.
    history: str
    # The folder of `projects` with its steps and its configuration.
    project: str = "sql"
    # The file around the step's own text.
    frame: str = "{text}"
    # The second of two runs at once waits for the first, and then has nothing to do.
    waits: bool = False
    # What its users call after a failed step, before they go on.
    mend: tuple = ()
    # Only the last step is kept.
    keeps_last: bool = False

    def installed(self):
        return shutil.which(self.call[0]) is not None and (self.call[0] != "java" or "CLASSPATH" in os.environ)

    def set_up(self, home):
        """A project of the tool that has no migrations yet."""
        (home / "migrations").mkdir()
        if (modules := pathlib.Path(shutil.which(self.call[0])).parents[1]).name == "node_modules":
            (home / "node_modules").symlink_to(modules)
        for file in (PROJECTS / self.project).iterdir():
            if not file.name[0].isdigit():
                shutil.copy(file, home)

    def place(self, home, step, replaced=("", "")):
        """Adds a migration to the project, or puts it in the place of its former text."""
        (source,) = (PROJECTS / self.project).glob(f"{step}_*")
        text = source.read_text()
        assert replaced[0] in text
        name = self.file.format(version=self.version_of(step), name=source.stem.split("_")[1])
        (home / "migrations" / name).write_text(self.frame.replace("{text}", text.replace(*replaced)))

    def version_of(self, step):
        return self.version.format(step=step)

    def recorded(self, steps):
        """What the tool's history tells once `steps` are applied."""
        return [self.version_of(step) for step in steps][-1 if self.keeps_last else 0 :]

    def start(self, home, url, call=None):
        user, _, place = url.removeprefix("postgresql://").partition("@")
        jdbc = f"jdbc:postgresql://{place}?user={user}"
        command = [part.format(url=url, jdbc=jdbc) for part in call or self.call]
        return subprocess.Popen(
            command, cwd=home, env=os.environ | {"DATABASE_URL": url, "RUST_BACKTRACE": "0", "NODE_NO_WARNINGS": "1"},
            text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip


def finish(process):
    """The exit code and what the tool said."""
    try:
        said, _ = process.communicate(timeout=RUN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        said, _ = process.communicate()
        raise AssertionError(f"still running: {said}") from None
    return process.returncode, said


STAMP = "2026010{step}000000"
MIGRATE = ("migrate", "-path", "migrations", "-database", "{url}?sslmode=disable")

TOOLS = [
    Tool(
        name="flyway",
        call=(*JAVA, "Migrate", "{jdbc}", "migrations"),
        version="{step}",
        file="V{version}__{name}.sql",
        history="SELECT version FROM flyway_schema_history WHERE success AND version IS NOT NULL ORDER BY installed_rank",
        waits=True,
    ),
    Tool(
        name="liquibase",
        call=(
            *JAVA, "liquibase.integration.commandline.LiquibaseCommandLine", "--show-banner=false",
            "--analytics-enabled=false", "--changelog-lock-poll-rate=1", "--changelog-file=changelog.xml",
            "--url={jdbc}", "update",
        ),
        version="{step}",
        file="{version}_{name}.xml",
        history="SELECT id FROM databasechangelog WHERE exectype = 'EXECUTED' ORDER BY orderexecuted",
        project="liquibase",
    ),
    Tool(
        name="alembic",
        call=("alembic", "upgrade", "head"),
        version="{step}",
        file="{version}_{name}.py",
        history="SELECT version_num FROM alembic_version",
        project="alembic",
        keeps_last=True,
    ),
    Tool(
        name="sqlx",
        call=("sqlx", "migrate", "run", "--no-dotenv", "--source", "migrations"),
        version=STAMP,
        file="{version}_{name}.sql",
        history="SELECT version FROM _sqlx_migrations WHERE success ORDER BY version",
    ),
    Tool(
        name="refinery",
        call=("refinery", "migrate", "-e", "DATABASE_URL", "-p", "migrations"),
        version="{step}",
        file="V{version}__{name}.sql",
        history="SELECT version FROM refinery_schema_history ORDER BY version",
    ),
    Tool(
        name="dbmate",
        call=("dbmate", "--url", "{url}?sslmode=disable", "--migrations-dir", "migrations", "--no-dump-schema", "migrate"),
        version=STAMP,
        file="{version}_{name}.sql",
        frame="-- migrate:up\n{text}\n-- migrate:down\n",
        history="SELECT version FROM schema_migrations ORDER BY version",
    ),
    Tool(
        name="golang-migrate",
        call=(*MIGRATE, "up"),
        version="{step}",
        file="00000{version}_{name}.up.sql",
        history="SELECT version FROM schema_migrations WHERE NOT dirty",
        keeps_last=True,
        waits=True,
        mend=(*MIGRATE, "force", "3"),
    ),
    Tool(
        name="node-pg-migrate",
        call=("node-pg-migrate", "up"),
        version="2026010{step}000000000",
        file="{version}_{name}.cjs",
        history="SELECT split_part(name, '_', 1) FROM pgmigrations ORDER BY id",
        project="node-pg-migrate",
    ),
    Tool(
        name="knex",
        call=("knex", "migrate:latest"),
        version=STAMP,
        file="{version}_{name}.js",
        history="SELECT split_part(name, '_', 1) FROM knex_migrations ORDER BY id",
        project="knex",
    ),
]
