"""What the libraries of Kubernetes say of texts that are no addresses, URLs, versions or quantities."""

from __future__ import annotations

import pytest

from clusters.machinery.cel import CelError, Env

_CONVERSION = "network address parse error during conversion from string: "


def value(source: str) -> object:
    return Env({}).compile(source).evaluate({})[0]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("'tacocat'.lastIndexOf('a', 30)", "index out of range: 30"),
        ("'tacocat'.indexOf('a', -1)", "index out of range: -1"),
        ("'tacocat'.charAt(30)", "index out of range: 30"),
        ("'tacocat'.substring(40)", "index out of range: 40"),
        ("'tacocat'.substring(3, 1)", "invalid substring range. start: 3, end: 1"),
        (
            "ip('1.2.3')",
            'IP Address "1.2.3" parse error during conversion from string: ParseAddr("1.2.3"): IPv4 address too short',
        ),
        (
            "ip('1.2.3.4.5')",
            'IP Address "1.2.3.4.5" parse error during conversion from string: ParseAddr("1.2.3.4.5"): IPv4 address too long',
        ),
        (
            "ip('1.2.3.256')",
            'IP Address "1.2.3.256" parse error during conversion from string: ParseAddr("1.2.3.256"): IPv4 field has value >255',
        ),
        (
            "ip('01.2.3.4')",
            'IP Address "01.2.3.4" parse error during conversion from string: ParseAddr("01.2.3.4"): IPv4 field has octet with leading zero',
        ),
        (
            "ip('1.2.3.a')",
            'IP Address "1.2.3.a" parse error during conversion from string: ParseAddr("1.2.3.a"): unexpected character (at "a")',
        ),
        (
            "ip('1..2.3')",
            'IP Address "1..2.3" parse error during conversion from string: ParseAddr("1..2.3"): IPv4 field must have at least one digit (at ".2.3")',
        ),
        ("ip('fe80::1%eth0')", 'IP address "fe80::1%eth0" with zone value is not allowed'),
        ("ip('::ffff:1.2.3.4')", 'IPv4-mapped IPv6 address "::ffff:1.2.3.4" is not allowed'),
        (
            "ip('12345::')",
            'IP Address "12345::" parse error during conversion from string: ParseAddr("12345::"): each group must have 4 or less digits (at "12345::")',
        ),
        (
            "ip('1::2::3')",
            'IP Address "1::2::3" parse error during conversion from string: ParseAddr("1::2::3"): multiple :: in address (at ":3")',
        ),
        (
            "ip('1:2:3:4:5:6:7')",
            'IP Address "1:2:3:4:5:6:7" parse error during conversion from string: ParseAddr("1:2:3:4:5:6:7"): address string too short',
        ),
        (
            "ip('1:2:3:4:5:6:7:8:9')",
            'IP Address "1:2:3:4:5:6:7:8:9" parse error during conversion from string: ParseAddr("1:2:3:4:5:6:7:8:9"): trailing garbage after address (at "9")',
        ),
        (
            "ip('abc')",
            'IP Address "abc" parse error during conversion from string: ParseAddr("abc"): unable to parse IP',
        ),
        (
            "ip('::g')",
            'IP Address "::g" parse error during conversion from string: ParseAddr("::g"): each colon-separated field must have at least one digit (at "g")',
        ),
        (
            "ip('1:2:3:4:5:6:7::8')",
            'IP Address "1:2:3:4:5:6:7::8" parse error during conversion from string: ParseAddr("1:2:3:4:5:6:7::8"): the :: must expand to at least one field of zeros',
        ),
        ("cidr('1.2.3.4')", _CONVERSION + _CONVERSION + "netip.ParsePrefix(\"1.2.3.4\"): no '/'"),
        (
            "cidr('1.2.3.4/33')",
            _CONVERSION + _CONVERSION + 'netip.ParsePrefix("1.2.3.4/33"): prefix length out of range',
        ),
        ("cidr('1.2.3.4/')", _CONVERSION + _CONVERSION + 'netip.ParsePrefix("1.2.3.4/"): bad bits after slash: ""'),
        (
            "cidr('1.2.3.4/08')",
            _CONVERSION + _CONVERSION + 'netip.ParsePrefix("1.2.3.4/08"): bad bits after slash: "08"',
        ),
        ("cidr('::ffff:1.2.3.4/96')", _CONVERSION + 'IPv4-mapped IPv6 address "::ffff:1.2.3.4/96" is not allowed'),
        ("url('../x')", 'URL parse error during conversion from string: parse "../x": invalid URI for request'),
        ("url('')", 'URL parse error during conversion from string: parse "": empty url'),
        (
            "url('http://a b/')",
            'URL parse error during conversion from string: parse "http://a b/": invalid character " " in host name',
        ),
        (
            "url('https:// example.com:8080/')",
            'URL parse error during conversion from string: parse "https:// example.com:8080/": invalid character " " in host name',
        ),
        (
            "url('http://a:b/')",
            'URL parse error during conversion from string: parse "http://a:b/": invalid port ":b" after host',
        ),
        ("url('/%zz')", 'URL parse error during conversion from string: parse "/%zz": invalid URL escape "%zz"'),
        ("semver('1.2')", "No Major.Minor.Patch elements found"),
        ("semver('v1.0.0')", 'Invalid character(s) found in major number "v1"'),
        ("semver('1.0.0-01')", 'Numeric PreRelease version must not contain leading zeroes "01"'),
        ("semver('1.0-alpha', true)", "short version cannot contain PreRelease/Build meta data"),
        ("semver('01.0.0')", 'Major number must not contain leading zeroes "01"'),
        ("semver('1.0.0+')", "Build meta data is empty"),
        (
            "quantity('abc')",
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        ("quantity('0.5').asInteger()", "cannot convert value to integer"),
    ],
)
def test_what_is_wrong_is_told_as_go_tells_it(source: str, text: str) -> None:
    with pytest.raises(CelError) as failure:
        value(source)
    assert str(failure.value) == text


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("'tacocat'.indexOf('', 3)", 3),
        ("'tacocat'.indexOf('a', 30)", -1),
        ("'ta©o©αT'.indexOf('©', 3)", 4),
        ("''.lastIndexOf('@@')", -1),
        ("'tacocat'.lastIndexOf('')", 7),
        ("'tacocat'.lastIndexOf('', 3)", 3),
        ("'bananananana'.lastIndexOf('nana', 7)", 6),
        ("' \\f\\n\\r\\t\\vtext  '.trim()", "text"),
        ("'\\u0085\\u00a0\\u1680text\\u2000\\u3000'.trim()", "text"),
        ("'\\u180etext\\u200b\\u001c'.trim()", "\u180etext\u200b\x1c"),
        ("'o©o©o©o'.split('©', -1)", ["o", "o", "o", "o"]),
        ("'hello world events!'.split(' ', 0)", []),
        ("'{0} days {0} hours'.replace('{0}', '2', 1).replace('{0}', '23')", "2 days 23 hours"),
        ("'TacoCÆt Xii'.upperAscii()", "TACOCÆT XII"),
        ("'ta©o©αT'.substring(2, 6)", "©o©α"),
        ("[].join('-')", ""),
        ("'%.3f'.format([1.2345])", "1.234"),
        ("'%X'.format([b'byte string'])", "6279746520737472696E67"),
        ("'%%%s%%'.format(['text'])", "%text%"),
        ("'%s'.format([type('a')])", "string"),
        ("string(ip('2001:DB8::0:1'))", "2001:db8::1"),
        ("string(ip('1:2:3:4:5:6:1.2.3.4'))", "1:2:3:4:5:6:102:304"),
        ("string(cidr('10.1.2.3/8').masked())", "10.0.0.0/8"),
        ("url('http://a/b c?x=1&y=a%20b&x=2').getEscapedPath()", "/b%20c"),
        ("url('http://a/b c?x=1&y=a%20b&x=2').getQuery()", {"x": ["1", "2"], "y": ["a b"]}),
        ("url('https://example.com:80/').getHost()", "example.com:80"),
        ("url('https://[::1]:80/').getHostname()", "::1"),
        ("url('https://example.com').getEscapedPath()", ""),
        ("url('https://example.com/a#frag').getEscapedPath()", "/a"),
        ("url('https://example.com/path?').getQuery()", {}),
        ("isURL('/absolute') && !isURL('relative') && isURL('https://user:pass@x')", True),
        ("format.uri().validate('x').value()", ['parse "x": invalid URI for request']),
        ("isSemver('1.2.3-rc.1+b') && !isSemver('1.2.3-') && isSemver('v1', true)", True),
    ],
)
def test_value(source: str, expected: object) -> None:
    assert value(source) == expected
