"""Which images a registry would not give: by default all names exist, but for those that are plainly mistakes.

People use images that no list could hold, so a name that cannot be known to be wrong can be pulled. Wrong are:

1. a registry whose host ends in `.invalid`, or is one letter off a well-known one (`docker.oi`, `ghrc.io`);
2. an image of Docker Hub's own that is one letter off a popular one (`ngnix`, `buysbox`);
3. a tag of such an image that it cannot have: one letter off a usual word (`latestt`, `alpin`), or a version that
   its numbering never reached (`nginx:1.161`);
4. a name or tag that says so (`does-not-exist`, `nonexistent`; as a tag of Docker Hub's own also `wrong`, `typo`, ...).

The annotation `behavior.playground.dev/image` decides otherwise: `missing`, or `present`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from clusters.machinery.images import full_name


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_HOSTS = words(
    "docker.io index.docker.io registry-1.docker.io quay.io ghcr.io gcr.io eu.gcr.io us.gcr.io asia.gcr.io k8s.gcr.io "
    "registry.k8s.io mcr.microsoft.com public.ecr.aws registry.gitlab.com nvcr.io docker.elastic.co lscr.io cgr.dev "
    "registry.access.redhat.com registry.redhat.io localhost"
)
_POPULAR = words(
    "nginx redis postgres mysql mariadb mongo busybox alpine ubuntu debian httpd memcached rabbitmq python golang "
    "haproxy traefik caddy wordpress tomcat elasticsearch kibana cassandra centos fedora consul registry hello-world "
    "openjdk eclipse-temurin maven ghost nextcloud influxdb couchdb neo4j zookeeper amazonlinux rockylinux valkey "
    "phpmyadmin adminer"
)
_OTHERS = words(
    "node ruby rust perl php bash gcc nats solr vault kong logstash telegraf gradle drupal joomla odoo unit docker "
    "photon swift dart julia elixir erlang groovy clojure jruby pypy percona storm flink spark jetty tomee crate "
    "almalinux archlinux oraclelinux opensuse sapmachine ibmjava matomo redmine mediawiki sonarqube varnish spiped "
    "couchbase rethinkdb arangodb aerospike composer chronograf kapacitor r-base buildpack-deps amazoncorretto "
    "mongo-express eclipse-mosquitto pause coredns etcd cirros mageia alt sl znc"
)
_NUMBERED = words(
    "nginx httpd redis valkey memcached mysql mariadb postgres mongo busybox alpine ubuntu debian python golang node "
    "ruby php rabbitmq haproxy traefik caddy wordpress"
)
"""Images whose version numbers never had three digits."""
_WORDS = words(
    "latest stable mainline alpine bookworm bullseye trixie buster noble jammy focal slim perl edge rolling musl "
    "glibc uclibc current apache management"
)
_SAYS_SO = re.compile(r"(?:does[-_.]?not|doesnt|doesn-t)[-_.]?exist|non[-_.]?exist|not[-_.]?exist|no[-_.]such|nosuch")
_TAG_SAYS_SO = re.compile(
    r"(?:^|[-_.])(?:wrong|invalid|broken|bad|badtag|typo|fake|missing|nope|notfound|not-found|wrongtag|badversion)(?:$|[-_.])"
)
_NUMBERS = re.compile(r"v?(\d+(?:\.\d+)*)(?=$|[-_a-z])")
_LIMITS = ((100, 1900), (2100, 10_000))
"""What lies between is no version; years and days are."""


@lru_cache(maxsize=4096)
def problem(image: str) -> str:
    """The runtime's error of a pull that fails; "" for an image that can be pulled."""
    full = full_name(image)
    name, at, _ = full.partition("@")
    host, _, path = name.partition("/")
    repository, _, tag = path.partition(":")
    if _no_such_host(host):
        bare = host.partition(":")[0]
        url = f"https://{host}/v2/{repository}/manifests/{tag or 'latest'}"
        return _error("Unknown", full, f'failed to do request: Head "{url}": dial tcp: lookup {bare}: no such host')
    own = repository.removeprefix("library/") if host == "docker.io" and repository.startswith("library/") else ""
    if _SAYS_SO.search(repository) or (own and one_letter_off(own, _POPULAR) and own not in _OTHERS):
        why = "pull access denied, repository does not exist or may require authorization: server message: "
        return _error("Unknown", full, f"{why}insufficient_scope: authorization failed")
    if not at and _no_such_tag(own, tag):
        return absent(image)
    return ""


def absent(image: str) -> str:
    """The error of a tag that the registry does not have."""
    full = full_name(image)
    return _error("NotFound", full, f"{full}: not found")


def unreachable(image: str) -> str:
    """The error of a node that cannot reach any registry."""
    full = full_name(image)
    name, at, digest = full.partition("@")
    host, _, path = name.partition("/")
    repository, _, tag = path.partition(":")
    asked = "registry-1.docker.io" if host == "docker.io" else host
    url = f"https://{asked}/v2/{repository}/manifests/{digest if at else tag or 'latest'}"
    return _error("Unknown", full, f'failed to do request: Head "{url}": dial tcp: i/o timeout')


def _error(code: str, full: str, why: str) -> str:
    return (
        f'rpc error: code = {code} desc = failed to pull and unpack image "{full}": '
        f'failed to resolve reference "{full}": {why}'
    )


def _no_such_host(host: str) -> bool:
    bare = host.partition(":")[0].lower()
    return bare.endswith(".invalid") or _SAYS_SO.search(bare) is not None or one_letter_off(bare, _HOSTS, shortest=7)


def _no_such_tag(own: str, tag: str) -> bool:
    if _SAYS_SO.search(tag):
        return True
    if own not in _POPULAR and own not in _OTHERS:
        return False
    if _TAG_SAYS_SO.search(tag):
        return True
    numbers = _NUMBERS.match(tag)
    if numbers is not None:
        listed = [int(part[:9]) for part in numbers.group(1).split(".")]
        return own in _NUMBERED and any(low <= n < high for n in listed for low, high in _LIMITS)
    return one_letter_off(tag, _WORDS)


def one_letter_off(word: str, known: frozenset[str], shortest: int = 5) -> bool:
    """One letter too many, too few, other, or two swapped; a number at the end is no mistake."""
    if word in known or len(word) < 4 or word[-1].isdigit():
        return False
    return any(abs(len(word) - len(right)) <= 1 and len(right) >= shortest and _one_off(word, right) for right in known)


def _one_off(word: str, right: str) -> bool:
    short, long = sorted((word, right), key=len)
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at + 1 : at + 2] + short[at : at + 1] == long[at : at + 2]
    return short[at + 1 :] == long[at + 1 :] or (swapped and short[at + 2 :] == long[at + 2 :])
