"""Apache Kafka 4 as a child process, data on disk: it can be killed and started again."""

import shutil
import socket
import subprocess
import uuid
from dataclasses import dataclass
from pathlib import Path

from tests.alone import BUILD, alone
from tests.kafka.waiting import wait_until

LIBS = BUILD / "kafka" / "libs"
POM = Path(__file__).with_name("pom.xml")

PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
"""

LOG4J = """<Configuration><Appenders><Console name="out"><PatternLayout pattern="%d %p %c %m%n"/></Console></Appenders>
<Loggers><Root level="WARN"><AppenderRef ref="out"/></Root></Loggers></Configuration>"""


def libs() -> Path | None:
    """The folder of jars, fetched with Maven when it is not there; None where that is impossible."""
    maven = shutil.which("mvn")
    with alone("kafka"):
        if not any(LIBS.glob("kafka-tools-*.jar")) and maven is not None:
            goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={LIBS}"]
            subprocess.run([maven, "-B", "-q", "-f", str(POM), *goal], check=True, timeout=600)
    return LIBS if LIBS.exists() and shutil.which("java") else None


@dataclass(frozen=True)
class Secured:
    """A second listener, TLS and SCRAM, where only what is allowed is allowed; the plain one is the operator's."""

    certificate: Path
    """PEM: PKCS #8 key and certificate."""
    passwords: dict[str, str]

    def onto(self, properties: str, port: int) -> str:
        """The broker's properties with the listener."""
        changed = properties.replace("listeners=PLAINTEXT:", f"listeners=SASL_SSL://127.0.0.1:{port},PLAINTEXT:")
        return changed.replace("protocol.map=", "protocol.map=SASL_SSL:SASL_SSL,") + (
            f"ssl.keystore.type=PEM\nssl.keystore.location={self.certificate}\n"
            "sasl.enabled.mechanisms=SCRAM-SHA-512\n"
            "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config="
            "org.apache.kafka.common.security.scram.ScramLoginModule required;\n"
            "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer\n"
            "super.users=User:ANONYMOUS\nallow.everyone.if.no.acl.found=false\n"
        )

    def scram(self) -> list[str]:
        """The users, as the storage tool takes them."""
        return [f"SCRAM-SHA-512=[name={name},password={word}]" for name, word in self.passwords.items()]


class ApacheKafka:
    """One broker that is its own controller. ``bootstrap`` stays the same over restarts."""

    def __init__(self, folder: Path, secured: Secured | None = None) -> None:
        self._folder = folder
        self._secured = secured
        self._ports = _free_ports(3)
        self.secure_bootstrap = f"127.0.0.1:{self._ports[2]}"
        self._process: subprocess.Popen[bytes] | None = None
        self.bootstrap = f"127.0.0.1:{self._ports[0]}"

    def start(self) -> "ApacheKafka":
        """Format the folder the first time, start, wait until it accepts connections."""
        properties = self._folder / "server.properties"
        if not properties.exists():
            self._folder.mkdir(parents=True, exist_ok=True)
            port, controller, secure = self._ports
            text = PROPERTIES.format(port=port, controller=controller, data=self._folder / "data")
            users: list[str] = []
            if self._secured is not None:
                text = self._secured.onto(text, secure)
                users = [word for each in self._secured.scram() for word in ("--add-scram", each)]
            properties.write_text(text)
            (self._folder / "log4j2.xml").write_text(LOG4J)
            formatted = ("format", "-t", str(uuid.uuid4()), "-c", str(properties), *users)
            self._java("kafka.tools.StorageTool", *formatted).wait(60)
        self._process = self._java("kafka.Kafka", str(properties))
        wait_until(self._accepts, 60, "Apache Kafka accepts connections")
        return self

    def kill(self) -> None:
        """As a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def restart(self) -> None:
        """Start again on the same data and port."""
        self.start()

    def command(self, main: str, *args: str) -> None:
        """Run one of Kafka's own tools to its end."""
        assert self._java(main, *args).wait(60) == 0, (self._folder / "broker.log").read_text()[-2000:]

    def stop(self) -> None:
        """End it; a test's data need no clean shutdown."""
        if self._process is not None:
            self.kill()

    def _java(self, main: str, *args: str) -> subprocess.Popen[bytes]:
        command = ["java", "-Xms256m", "-Xmx512m", f"-Dlog4j2.configurationFile={self._folder / 'log4j2.xml'}"]
        with (self._folder / "broker.log").open("ab") as log:
            return subprocess.Popen([*command, "-cp", f"{LIBS}/*", main, *args], stdout=log, stderr=log)

    def _accepts(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self._ports[0])) == 0


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [int(probe.getsockname()[1]) for probe in probes]
    for probe in probes:
        probe.close()
    return ports
