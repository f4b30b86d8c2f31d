"""Destinations of policy egress, and where each address among them lies: the database and the proxy read them alike."""

from __future__ import annotations

# What no address is: a name, and all names below one.
NAMES = (
    *("api.example.com", "*.example.com", "api.example.com:8443", "localhost", "xn--bcher-kva.example", "_a.b"),
    *("a.example:1", "a.example:65535", f"{'a' * 63}.example", "1.example", "0x7f.example"),
)
# Two programs might read it in two ways, or it is no destination at all.
NO_DESTINATIONS = (
    *("", "*", "a.*.example", "https://a.example", "a.example/x", "a.example:0", "a.example:65536", "a.example:x"),
    *("A.example", "a..example", "-a.example", "a.example.", "a b", "user@a.example", "a" * 64, "[::1", "::1"),
    *("2130706433", "0x7f.1", "127.1", "0177.0.0.1", "10.0.0.0/8", "[fe80::1%eth0]", "1.2.3.4.5", "a.example\n"),
    *("a.example:080", "*.1.1.1.1", "*.[::1]", "1.1.1.1.", "256.1.1.1", "01.1.1.1", "[1.1.1.1]", "a-.example"),
    # IPv6 has one way to be written here.
    *("[2606:4700:0::1111]", "[2606:4700::1111]:", "[2606:4700::ABCD]", "[0:0:0:0:0:0:0:1]", "[64:ff9b::1.1.1.1]"),
    *("[::ffff:7f00:1]", "[::ffff:1.1.1.1]", "[::ffff:a00:1]", "[::1.2.3.4]", "[::102:304]"),
)
# Where each lies, as far as it says so by itself: first and last of each range, and what is beside it.
PLACES = {
    "internet": (
        *("1.0.0.0", "1.1.1.1", "1.1.1.1:53", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0"),
        *("126.255.255.255", "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0"),
        *("172.15.255.255", "172.32.0.0", "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0"),
        *("192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0"),
        *("203.0.112.255", "203.0.114.0", "223.255.255.255"),
        *("[2000::]", "[2001:200::]", "[2001:db7:ffff:ffff:ffff:ffff:ffff:ffff]", "[2001:db9::]", "[2003::]"),
        *("[2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff]", "[2606:4700::1111]", "[2606:4700::1111]:853", "[3fff:1000::]"),
        *("[3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff]", "[64:ff9b::101:101]", "[64:ff9b::643f:ffff]:443"),
    ),
    "inner": (
        *("10.0.0.0", "10.1.2.3", "10.255.255.255", "100.64.0.0", "100.100.100.199", "100.127.255.255", "172.16.0.0"),
        *("172.31.255.255", "192.0.2.0", "192.0.2.255", "192.168.0.1:8069", "192.168.255.255", "198.18.0.0"),
        *("198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0", "203.0.113.255"),
        *(
            "[2001:db8::]",
            "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]",
            "[3fff::]",
            "[3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff]",
        ),
        *("[fc00::]", "[fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff]", "[fd00:ec3::]", "[fd20:cd::1]", "[fd20:cf::1]"),
        "[fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]",
    ),
    "own": ("127.0.0.0", "127.0.0.1", "127.0.0.1:5432", "127.255.255.255", "[::1]", "[::1]:8069"),
    "nowhere": (
        *("0.0.0.1", "0.255.255.255", "100.100.100.200", "168.63.129.16", "169.254.0.0", "169.254.169.254"),
        *("169.254.255.255", "192.0.0.0", "192.0.0.192", "192.0.0.255", "192.88.99.0", "192.88.99.255", "224.0.0.1"),
        *("239.255.255.255", "240.0.0.0", "255.255.255.255"),
        # Forms that stand for another address, which a translator or a tunnel leads to.
        *("[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b::a00:5]", "[64:ff9b::]", "[64:ff9b::cb00:7101]"),
        *("[64:ff9b::6464:64c8]", "[64:ff9b:1::101:101]", "[64:ff9b:0:1::]", "[64:ff9a:ffff:ffff:ffff:ffff:101:101]"),
        *("[2002::]", "[2002:7f00:1::]", "[2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff]", "[2001::]", "[2001:0:1::]"),
        *("[2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff]", "[::ffff:0:101:101]"),
        *("[fd00:ec2::]", "[fd00:ec2::254]", "[fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff]", "[fd20:ce::254]"),
        *("[::]", "[::2]", "[1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]", "[4000::]", "[5f00::1]", "[fe80::1]"),
        *("[fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]", "[fe00::]", "[fec0::1]", "[ff02::1]"),
    ),
}
ADDRESSES = {address: place for place, addresses in PLACES.items() for address in addresses}
DESTINATIONS = (*NAMES, *ADDRESSES)
