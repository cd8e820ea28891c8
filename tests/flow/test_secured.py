"""Workers over TLS and SCRAM on an Apache Kafka that allows what docs/security.md says, and no more."""

from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from streams.warehouse.embedded.store import StoreAddress, open_store
from tests.fenced import blocks
from tests.flow.live import SECRET, Installation, leave
from tests.flow.live_witness import read_all
from tests.kafka.apache import ApacheKafka, Secured, libs
from tests.kafka.waiting import wait_until
from tests.warehouse.debian import free_port

pytestmark = [pytest.mark.kafka, pytest.mark.slow]
PAGE = Path(__file__).parents[2] / "docs" / "security.md"
PASSWORDS = {
    "thalweg-enrich": "planted-secret-of-enrich",
    "thalweg-sessions": "planted-secret-of-sessions",
    "thalweg-load": "planted-secret-of-load",
}
LINES = 40


class Authority:
    """Who signs the broker's certificate, as files."""

    def __init__(self, folder: Path) -> None:
        ca = trustme.CA()
        self.cafile = folder / "ca.pem"
        ca.cert_pem.write_to_path(str(self.cafile))
        issued = ca.issue_cert("127.0.0.1")
        key = serialization.load_pem_private_key(issued.private_key_pem.bytes(), None)
        pkcs8 = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.certificate = folder / "broker.pem"
        self.certificate.write_bytes(pkcs8 + b"".join(blob.bytes() for blob in issued.cert_chain_pems))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One for this file."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[ApacheKafka]:
    """Its users have the rights of the page."""
    if libs() is None:
        pytest.skip("needs Java 17 and Maven")
    secured = Secured(authority.certificate, PASSWORDS)
    broker = ApacheKafka(tmp_path_factory.mktemp("secured") / "kafka", secured).start()
    for words in rights_of_the_page():
        place = words.index("--bootstrap-server") + 1
        broker.command("org.apache.kafka.tools.AclCommand", *words[:place], broker.bootstrap, *words[place + 1 :])
    yield broker
    broker.stop()


def rights_of_the_page() -> Iterator[list[str]]:
    """The words of each command of the page, without its program."""
    for block in blocks(PAGE):
        for line in block.script.splitlines():
            program, *words = line.split()
            assert program == "kafka-acls.sh"
            yield words


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """One for this file."""
    with open_store(tmp_path_factory.mktemp("store") / "store") as address:
        yield address


@pytest.fixture
def installation(broker: ApacheKafka, store: StoreAddress, tmp_path: Path) -> Iterator[Installation]:
    """With topics and tables, and no worker yet. The operator is on the plain listener."""
    made = Installation(tmp_path, broker.bootstrap, store)
    made.make_topics()
    assert made.command("migrate").returncode == 0
    yield made
    made.close()


def doctor(installation: Installation) -> tuple[str, str]:
    """What it finds, and what it says beside."""
    done = installation.command("doctor", "--ledger", "--json", THALWEG_KAFKA_PASSWORD=PASSWORDS["thalweg-load"])
    assert '"check":"ledger"' in done.stdout, done.stderr
    return done.stdout, done.stderr


def link(broker: ApacheKafka, authority: Authority, user: str, **changed: str) -> dict[str, str]:
    """The variables by which a role reaches the broker."""
    return {
        "THALWEG_KAFKA__BROKERS": broker.secure_bootstrap,
        "THALWEG_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
        "THALWEG_KAFKA__SASL_USERNAME": user,
        "THALWEG_KAFKA_PASSWORD": PASSWORDS[user],
        "THALWEG_KAFKA__SSL_CAFILE": str(authority.cafile),
        **changed,
    }


def test_workers_do_their_work_over_tls_and_scram_with_the_rights_of_the_page(
    installation: Installation, broker: ApacheKafka, authority: Authority, tmp_path: Path
) -> None:
    """From `thalweg load` to the ledger; no log, metric, finding or dead letter has a secret; no right too many."""
    ports = {role: str(free_port()) for role in ("enrich", "sessions")}
    for role, port in ports.items():
        secured = link(broker, authority, f"thalweg-{role}", THALWEG_METRICS_PORT=port)
        installation.start(role, THALWEG_FORMAT="combined", **secured)
        installation.await_ready(role)
    file = tmp_path / "access.log"
    line = '192.0.2.{} - - [21/May/2026:10:00:00 +0000] "GET /{} HTTP/1.1" 200 5 "-" "Mozilla/5.0 Firefox/140.0"\n'
    file.write_text("".join(line.format(number, number) for number in range(LINES - 1)) + "no line\n")
    loaded = installation.command("load", str(file), "--format", "combined", **link(broker, authority, "thalweg-load"))
    assert loaded.returncode == 0, loaded.stderr
    client = installation.client()
    counted = f"SELECT sum(n) FROM {installation.database}.ledger"
    wait_until(lambda: client.execute(counted) == [(LINES,)], 60, "every line in the ledger")
    client.disconnect()
    told = [urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20).read() for port in ports.values()]
    told += [word.encode() for word in (*doctor(installation), loaded.stderr, loaded.stdout)]
    (letter,) = read_all(broker.bootstrap, {installation.dead: 1})
    told += [letter.value or b"", *(value for _, value in letter.headers)]
    codes = [leave(process) for process in installation.running]

    assert codes == [0, 0]
    written = b"\n".join([installation.log_texts(), *told])
    assert b"thalweg_dead_letters_total" in written
    for secret in (SECRET, installation.store.password, *PASSWORDS.values()):
        assert secret.encode() not in written
    ended = installation.command("worker", "enrich", **link(broker, authority, "thalweg-sessions"))
    assert ended.returncode == 4, ended.stderr
    assert "there is no topic raw" in ended.stderr


@pytest.mark.parametrize(
    ("role", "changed"),
    [("enrich", "THALWEG_KAFKA_PASSWORD"), ("sessions", "THALWEG_KAFKA__SSL_CAFILE")],
)
def test_a_link_that_is_not_right_stops_the_start_in_words(
    installation: Installation, broker: ApacheKafka, authority: Authority, tmp_path: Path, role: str, changed: str
) -> None:
    """A wrong password, a broker whose authority is not trusted: exit 4, and no secret is told."""
    stranger = tmp_path / "planted-stranger.pem"
    trustme.CA().cert_pem.write_to_path(str(stranger))
    wrong = {changed: str(stranger)}
    ended = installation.command("worker", role, **{**link(broker, authority, f"thalweg-{role}"), **wrong})

    assert ended.returncode == 4, ended.stderr
    assert "no answer from Kafka" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "planted" not in ended.stderr + ended.stdout
